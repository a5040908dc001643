"""Work in shares, done by the threads of one process, or of several processes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol

import numpy as np

from .parallel import each

SHARES = 16
"""Shares of each process, whatever its number of threads: sums do not depend on that number."""

Arrays = tuple[np.ndarray, ...]

Task = Callable[[int, int], Arrays]
"""From the number of a share and how many shares there are to new arrays. Sent to other processes,
so it has to be picklable: a function of a module, or a partial of one."""


class Crew(Protocol):
    """Processes that do some shares of a task each."""

    def each(self, task: Task, shares: int = SHARES) -> Iterator[Arrays]:
        """The arrays of every share, in order, of so many shares of each process."""

    def sums(self, task: Task, shares: int = SHARES) -> Arrays:
        """The sums of the arrays over shares, which have to be of equal shapes and types."""


class Alone:
    """One process, which does everything."""

    def each(self, task: Task, shares: int = SHARES) -> Iterator[Arrays]:
        """The arrays of every share, in order."""
        return shares_of(task, shares, 0, 1)

    def sums(self, task: Task, shares: int = SHARES) -> Arrays:
        """The sums of the arrays over shares."""
        return total(shares_of(task, shares, 0, 1))


def shares_of(task: Task, shares: int, process: int, processes: int) -> Iterator[Arrays]:
    """The arrays of the shares of one process, in order: every so many of all shares."""
    every = shares * processes
    return each(lambda share: task(share, every), range(process, every, processes))


def total(found: Iterator[Arrays]) -> Arrays:
    """Sums of arrays, which are added to the first ones in place."""
    totals = next(found)
    for arrays in found:
        for whole, part in zip(totals, arrays, strict=True):
            whole += part
    return totals


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
