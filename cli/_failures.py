"""Errors as one sentence and an exit code; docs/exit-codes.md has the table."""

from __future__ import annotations

import errno
from typing import NamedTuple

from ancestry_ddvi.errors import DDVIError, InputUnreadable, OutOfResources, OutputUnwritable

from ._signals import INTERRUPTED, Terminated

UNWRITABLE = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}


class Failure(NamedTuple):
    """A message for stderr, and the exit code."""

    sentence: str
    exit_code: int


def as_failure(error: BaseException) -> Failure | None:
    """The message and exit code of an error; None for a bug, and for what click reports itself."""
    if isinstance(error, KeyboardInterrupt):
        return Failure(INTERRUPTED.format("Ctrl-C"), 130)
    if isinstance(error, Terminated):
        return Failure(INTERRUPTED.format("SIGTERM"), 143)
    known = error if isinstance(error, DDVIError) else _of_the_machine(error)
    return Failure(str(known), known.exit_code) if known else None


def _of_the_machine(error: BaseException) -> DDVIError | None:
    """Errors of memory, disk and truncated files that libraries raise."""
    if _on_the_gpu(error):
        remedy = "Use --device cpu, or a GPU with more memory."
        return OutOfResources("The GPU ran out of memory", remedy)
    if isinstance(error, MemoryError) or "DefaultCPUAllocator" in str(error):
        remedy = "Allocate more memory, or use fewer samples or variants."
        return OutOfResources("Out of memory", remedy)
    if isinstance(error, OSError) and error.errno in UNWRITABLE:
        problem = f"{error.filename or 'The output'} cannot be written: {error.strerror}"
        return OutputUnwritable(problem, "Free disk space, or choose another --out.")
    if isinstance(error, EOFError):
        return InputUnreadable("An input file is truncated", "Check that it was copied completely.")
    return None


def _on_the_gpu(error: BaseException) -> bool:
    """Whether the GPU is out of memory; by name, because importing the class would load torch."""
    return type(error).__name__ == "OutOfMemoryError" or (
        isinstance(error, RuntimeError) and "CUDA error: out of memory" in str(error)
    )
