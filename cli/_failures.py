"""Errors as one sentence and an exit code; docs/exit-codes.md has the table."""

from __future__ import annotations

import errno
from typing import NamedTuple

from ancestry_ddvi.errors import DDVIError, InputUnreadable, OutOfResources, OutputUnwritable

from ._signals import INTERRUPTED, interruption

UNWRITABLE = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG}

NO_MEMORY = (
    "DefaultCPUAllocator",
    "Cannot allocate memory",
    "failed to map segment",
    "can't start new thread",
    "std::bad_alloc",
)
"""What libraries say when memory runs out."""


class Failure(NamedTuple):
    """A message for stderr, and the exit code."""

    sentence: str
    exit_code: int


def as_failure(error: BaseException) -> Failure | None:
    """The message and exit code of an error; None for a bug, and for what click reports itself."""
    if signal := interruption(error):
        return Failure(INTERRUPTED.format(signal.name), signal.exit_code)
    known = error if isinstance(error, DDVIError) else _of_the_machine(error)
    return Failure(str(known), known.exit_code) if known else None


def _of_the_machine(error: BaseException) -> DDVIError | None:
    """Errors of memory, disk and truncated files that libraries raise."""
    if _on_the_gpu(error):
        remedy = "Use --device cpu, or a GPU with more memory."
        return OutOfResources("The GPU ran out of memory", remedy)
    if _out_of_memory(error):
        remedy = "Allocate more memory, or use fewer samples or variants."
        return OutOfResources("Out of memory", remedy)
    if isinstance(error, OSError) and error.errno in UNWRITABLE:
        problem = f"{error.filename or 'The output'} cannot be written: {error.strerror}"
        return OutputUnwritable(problem, "Free disk space, or choose another --out.")
    if isinstance(error, EOFError):
        return InputUnreadable("An input file is truncated", "Check that it was copied completely.")
    return None


def _out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out, of arrays, threads or of libraries that are loaded."""
    if isinstance(error, OSError) and error.errno == errno.ENOMEM:
        return True
    return isinstance(error, MemoryError) or any(words in str(error) for words in NO_MEMORY)


def _on_the_gpu(error: BaseException) -> bool:
    """Whether the GPU is out of memory; by name, because importing the class would load torch."""
    return type(error).__name__ == "OutOfMemoryError" or (
        isinstance(error, RuntimeError) and "CUDA error: out of memory" in str(error)
    )
