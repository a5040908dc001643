"""Threads and memory available to this process."""

from __future__ import annotations

import atexit
import gc
import os
import resource
from pathlib import Path

from .errors import OutOfResources

MIN_ADDRESS_SPACE_MIB = 1000

CGROUP = Path("/sys/fs/cgroup")


def collect_rarely() -> None:
    """Look for cycles of unused objects after 100,000 new ones, and not at the end.

    Loading modules and training make many objects and few cycles: a fit takes 6 % less time than
    with a few hundred, and no more memory. At the end the system takes all memory back, and to
    look through the modules takes half a second. For processes of the command line; the Python API
    leaves this to its user.
    """
    gc.set_threshold(100_000, 50, 100)
    atexit.register(gc.freeze)


def usable_threads() -> int:
    """Default number of threads.

    The first that is set of ``SLURM_CPUS_PER_TASK`` and ``OMP_NUM_THREADS``; else the cores
    available to this process, limited by the quota of its container.
    """
    for name in ("SLURM_CPUS_PER_TASK", "OMP_NUM_THREADS"):
        first = os.environ.get(name, "").split(",")[0].strip()
        if first.isdecimal() and int(first) > 0:
            return int(first)
    return max(1, int(min(_cores(), _quota())))


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _quota() -> float:
    """CPU quota of the control group, in cores; infinite if there is no limit."""
    numbers = _numbers("cpu.max") or [
        *_numbers("cpu/cpu.cfs_quota_us"),
        *_numbers("cpu/cpu.cfs_period_us"),
    ]
    if len(numbers) < 2 or numbers[0] <= 0:
        return float("inf")
    return numbers[0] / numbers[1]


def memory_bytes() -> int:
    """Memory of the machine or of the container, whichever is smaller."""
    limits = [*_numbers("memory.max"), *_numbers("memory/memory.limit_in_bytes")]
    return min(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"), *limits[:1] or [2**63])


def check_address_space() -> None:
    """Check that the libraries can be loaded; where they cannot, some end the process themselves.

    Raises
    ------
    OutOfResources
        If the limit of ``ulimit -v`` is too small.
    """
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    if limit != resource.RLIM_INFINITY and limit < MIN_ADDRESS_SPACE_MIB * 2**20:
        raise OutOfResources(
            f"The address space is limited to {limit / 2**20:,.0f} MiB (ulimit -v), and the "
            f"libraries alone take {MIN_ADDRESS_SPACE_MIB:,}",
            "Allocate more memory.",
        )


def _numbers(name: str) -> list[int]:
    """The numbers in a file of the control group; none if it is absent or contains "max"."""
    try:
        return [int(word) for word in (CGROUP / name).read_text().split()]
    except (OSError, ValueError):
        return []
