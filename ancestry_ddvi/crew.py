"""Work shared by several processes: one process unless told otherwise."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol

import numpy as np

Arrays = tuple[np.ndarray, ...]

Task = Callable[[int, int], Arrays]
"""From the number of a share and how many shares there are to arrays. Sent to other processes, so
it has to be picklable: a function of a module, or a partial of one."""


class Crew(Protocol):
    """Processes that do one share of a task each."""

    def each(self, task: Task) -> list[Arrays]:
        """The arrays of every share, in order."""

    def sums(self, task: Task) -> Arrays:
        """The sums of the arrays over shares, which have to be of equal shapes and types."""


class Alone:
    """One process, which does everything."""

    def each(self, task: Task) -> list[Arrays]:
        """The arrays of the only share."""
        return [task(0, 1)]

    def sums(self, task: Task) -> Arrays:
        """The arrays of the only share."""
        return task(0, 1)


_present: ContextVar[Crew] = ContextVar("crew", default=Alone())  # noqa: B039 (no state)


def crew() -> Crew:
    """The processes that work on this run."""
    return _present.get()


@contextmanager
def manned_by(processes: Crew) -> Iterator[None]:
    """Share the tasks of a block among these processes."""
    token = _present.set(processes)
    try:
        yield
    finally:
        _present.reset(token)
