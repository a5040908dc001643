"""Pieces of work on several threads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Piece = TypeVar("Piece")
Result = TypeVar("Result")


def threads() -> int:
    """How many threads linear algebra may use at present."""
    from threadpoolctl import threadpool_info

    return max(
        (lib["num_threads"] for lib in threadpool_info() if lib["user_api"] == "blas"), default=1
    )


def each(work: Callable[[Piece], Result], pieces: Sequence[Piece]) -> Iterator[Result]:
    """Results of ``work`` on each piece, in order, on as many threads as linear algebra may use.

    Matrix products of a piece run on one thread meanwhile: threads that wait for each other at
    every small product cost more than they bring.
    """
    from threadpoolctl import threadpool_limits

    count = min(threads(), len(pieces))
    with threadpool_limits(1, "blas"):
        if count < 2:
            yield from map(work, pieces)
            return
        with ThreadPoolExecutor(count) as pool:
            yield from pool.map(work, pieces)
