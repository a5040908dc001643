"""What the machine can do: floating-point operations, bytes and inflated bytes a second."""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable

import numpy as np
from threadpoolctl import threadpool_limits

SIZE = 2048
COPIED = 1 << 27
REPEATS = 12


def shortest(work: Callable[[], object]) -> float:
    """Wall time of the fastest of several runs: what is left when nothing else runs."""
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def rates(threads: int) -> dict[str, float]:
    """Rates of this machine.

    Returns
    -------
    dict
        ``gflops`` and ``gflops_core``: of float32 matrix products on all threads and on one;
        ``gbytes``: read by one thread that copies; ``inflated``: gigabytes of text a second by
        zlib, on one core.
    """
    square = np.ones((SIZE, SIZE), np.float32)
    source = np.ones(COPIED, np.uint8)
    target = np.empty_like(source)
    rng = np.random.default_rng(1)
    calls = np.array([b"0/0\t", b"0/1\t", b"1/1\t"])[rng.choice(3, 1_000_000, p=[0.7, 0.2, 0.1])]
    text = b"".join(calls.tolist())
    packed = zlib.compress(text)
    work = 2.0 * SIZE**3 / 1e9
    found = {}
    for name, limit in (("gflops_core", 1), ("gflops", threads)):
        with threadpool_limits(limit):
            found[name] = work / shortest(lambda: square @ square)
    found["gbytes"] = COPIED / 1e9 / shortest(lambda: np.copyto(target, source))
    found["inflated"] = len(text) / 1e9 / shortest(lambda: zlib.decompress(packed))
    return {name: round(rate, 2) for name, rate in found.items()}
