"""Several processes, started by torchrun, that work on one run.

The first process runs the command. The others wait for tasks, do their share of each, and end
with it. Only the first one decides, draws random numbers and writes.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, TypeVar

import numpy as np
import torch
from torch import distributed

from ..crew import SHARES, Arrays, Task, manned_by, shares_of, total
from ..errors import OutOfResources
from ..parallel import on_threads
from ..resources import usable_threads

log = logging.getLogger(__name__)

PATIENCE = timedelta(days=2)
"""How long a process waits for the others, of which one may be training."""

T = TypeVar("T")


class Processes:
    """The processes that torchrun started; see ``crew.Crew``."""

    def __init__(self) -> None:
        distributed.init_process_group("gloo", timeout=PATIENCE)
        self.rank, self.size = distributed.get_rank(), distributed.get_world_size()

    def each(self, task: Task, shares: int = SHARES) -> Iterator[Arrays]:
        """The arrays of every share, in order.

        Raises
        ------
        OutOfResources
            If a process has ended.
        """
        _together(lambda: distributed.broadcast_object_list([task, shares, "each"]))
        return iter(self._gathered(task, shares))

    def sums(self, task: Task, shares: int = SHARES) -> Arrays:
        """The sums of the arrays over shares.

        Raises
        ------
        OutOfResources
            If a process has ended.
        """
        _together(lambda: distributed.broadcast_object_list([task, shares, "sums"]))
        return self._summed(task, shares)

    def serve(self) -> None:
        """Do shares until the first process has ended."""
        given: list[Any] = [None, 0, ""]
        while True:
            _together(lambda: distributed.broadcast_object_list(given))
            task, shares, what = given
            if task is None:
                return
            _ = self._summed(task, shares) if what == "sums" else self._gathered(task, shares)

    def close(self) -> None:
        """Let the other processes end, if they can still be reached."""
        try:
            distributed.broadcast_object_list([None, 0, ""])
        except RuntimeError:
            log.debug("no process is waiting")
        distributed.destroy_process_group()

    def _gathered(self, task: Task, shares: int) -> list[Arrays]:
        found = list(shares_of(task, shares, self.rank, self.size))
        every: list[Any] | None = [None] * self.size if self.rank == 0 else None
        _together(lambda: distributed.gather_object(found, every))
        return [arrays for in_turn in zip(*every or (), strict=True) for arrays in in_turn]

    def _summed(self, task: Task, shares: int) -> Arrays:
        found = total(shares_of(task, shares, self.rank, self.size))
        totals = [torch.from_numpy(np.ascontiguousarray(array)) for array in found]
        for each in totals:
            _together(lambda each=each: distributed.reduce(each, 0))  # type: ignore[misc]
        return tuple(each.numpy() for each in totals)


def _together(exchange: Callable[[], T]) -> T:
    """Exchange data with the other processes.

    Raises
    ------
    OutOfResources
        If one of them has ended.
    """
    try:
        return exchange()
    except RuntimeError as error:
        log.debug("torch says: %s", error)
        raise OutOfResources(
            "A process of this run has ended before the others",
            "Look for its cause, such as too little memory, and start the same command again: "
            "it goes on from the last step that had ended.",
        ) from error


def started_together() -> bool:
    """Whether torchrun has started this process with others."""
    return "TORCHELASTIC_RUN_ID" in os.environ and int(os.environ.get("WORLD_SIZE", "1")) > 1


@contextmanager
def processes() -> Iterator[None]:
    """Share the tasks of a block among the processes that torchrun started, if it did."""
    if not started_together():
        yield
        return
    found = Processes()
    try:
        with manned_by(found):
            yield
    finally:
        found.close()


def assist() -> bool:
    """Do shares of the work of the first process until it has ended; false in that process.

    Raises
    ------
    OutOfResources
        If another process ends before.
    """
    if not started_together() or os.environ.get("RANK") == "0":
        return False
    others = Processes()
    with on_threads(usable_threads()):
        others.serve()
    distributed.destroy_process_group()
    return True
