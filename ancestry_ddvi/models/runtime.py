"""The only touch on torch's global state: devices, threads and the seed of a command."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from ..errors import OutOfResources, UsageProblem
from ..parallel import on_threads
from ..resources import usable_threads


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


@contextmanager
def computing(seed: int, threads: int | None) -> Iterator[None]:
    """Run a block with torch seeded and threads limited; settings are put back afterwards.

    ``threads`` are for pieces of work (``parallel``). Networks run on one: they are so small
    that more threads wait for each other most of the time, and a second one would change the
    last digits. Products are float32 throughout: rounded to the 10 bits that GPUs offer for speed,
    they would move coordinates by a hundredth of their spread.
    """
    before = torch.get_num_threads(), torch.get_float32_matmul_precision()
    with torch.random.fork_rng(), on_threads(threads or usable_threads()):
        torch.manual_seed(seed)
        torch.set_num_threads(1)
        torch.set_float32_matmul_precision("highest")
        try:
            yield
        finally:
            torch.set_num_threads(before[0])
            torch.set_float32_matmul_precision(before[1])
