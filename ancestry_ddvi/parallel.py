"""Pieces of work on several threads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

Piece = TypeVar("Piece")
Result = TypeVar("Result")

_threads: ContextVar[int] = ContextVar("threads", default=1)
"""One inside a piece."""


def threads() -> int:
    """How many threads pieces of work may use at present."""
    return _threads.get()


@contextmanager
def on_threads(count: int) -> Iterator[None]:
    """Let ``each`` use so many threads in a block, and matrix products one.

    Threads of a product that wait for each other at every small product cost more than they
    bring, and very much more where other programs run.
    """
    import scipy.linalg  # noqa: F401 (brings a BLAS of its own, which is to be limited too)
    from threadpoolctl import threadpool_limits

    token = _threads.set(count)
    try:
        with threadpool_limits(1):
            yield
    finally:
        _threads.reset(token)


def each(
    work: Callable[[Piece], Result], pieces: Sequence[Piece], most: int | None = None
) -> Iterator[Result]:
    """Results of ``work`` on each piece, in order, by at most so many threads."""
    count = min(threads(), len(pieces), most or len(pieces))
    if count < 2:
        yield from map(work, pieces)
        return
    with ThreadPoolExecutor(count) as pool:
        yield from pool.map(work, pieces)
