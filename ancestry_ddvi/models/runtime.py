"""The only touch on torch's global state: devices, threads and the seed of a command."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from ..errors import OutOfResources, UsageProblem


def pick(device: str) -> torch.device:
    """Turn ``auto``, ``cpu``, ``cuda``, ``cuda:1`` or ``mps`` into a device that is there.

    Raises
    ------
    UsageProblem
        If the name is not one of these.
    OutOfResources
        If the device is named but absent.
    """
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        chosen = torch.device(device)
    except RuntimeError as error:
        raise UsageProblem(
            f"--device {device} is not a device", "Use auto, cpu, cuda, cuda:N or mps."
        ) from error
    there = {
        "cpu": True,
        "cuda": torch.cuda.is_available() and (chosen.index or 0) < torch.cuda.device_count(),
        "mps": torch.backends.mps.is_available(),
    }
    if not there.get(chosen.type, False):
        raise OutOfResources(f"device {device} is not available here", "Use --device auto or cpu.")
    return chosen


def usable_threads() -> int:
    """Processors this process may use: SLURM's or OpenMP's word, else its affinity."""
    for name in ("SLURM_CPUS_PER_TASK", "OMP_NUM_THREADS"):
        if os.environ.get(name, "").isdigit() and int(os.environ[name]) > 0:
            return int(os.environ[name])
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1


@contextmanager
def seeded(seed: int, threads: int | None = None) -> Iterator[None]:
    """Run a block with torch's generators seeded and its settings put back afterwards."""
    before = torch.get_num_threads(), torch.get_float32_matmul_precision()
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        torch.set_num_threads(threads or usable_threads())
        torch.set_float32_matmul_precision("high")
        try:
            yield
        finally:
            torch.set_num_threads(before[0])
            torch.set_float32_matmul_precision(before[1])
