"""What stops a run, as one sentence and an exit code; the table is in docs/exit-codes.md."""

from __future__ import annotations

import errno
from typing import NamedTuple

from ancestry_ddvi.errors import DDVIError, InputUnreadable, OutOfResources, OutputUnwritable

from ._signals import Terminated

NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}
INTERRUPTED = "Interrupted by {}; nothing half-written is left."


class Failure(NamedTuple):
    """What to say on stderr, and the exit code."""

    sentence: str
    exit_code: int


def as_failure(error: BaseException) -> Failure | None:
    """What to tell the user; None for a bug, and for what click reports itself."""
    if isinstance(error, KeyboardInterrupt):
        return Failure(INTERRUPTED.format("Ctrl-C"), 130)
    if isinstance(error, Terminated):
        return Failure(INTERRUPTED.format("SIGTERM"), 143)
    known = error if isinstance(error, DDVIError) else _of_the_machine(error)
    return Failure(str(known), known.exit_code) if known else None


def _of_the_machine(error: BaseException) -> DDVIError | None:
    """Memory, disk and files cut short, where they surface below the package."""
    if _on_the_gpu(error):
        remedy = "Give --device cpu, or a GPU with more memory."
        return OutOfResources("The GPU ran out of memory", remedy)
    if isinstance(error, MemoryError) or "DefaultCPUAllocator" in str(error):
        remedy = "Give the job more memory, or fewer samples or variants."
        return OutOfResources("The run needs more memory than there is", remedy)
    if isinstance(error, OSError) and error.errno in NO_ROOM:
        problem = f"{error.filename or 'The output'} cannot be written: {error.strerror}"
        return OutputUnwritable(problem, "Make room, or choose another --out.")
    if isinstance(error, EOFError):
        return InputUnreadable("An input file ends too early", "Check that it was copied whole.")
    return None


def _on_the_gpu(error: BaseException) -> bool:
    """By name, because naming the class would load torch."""
    return type(error).__name__ == "OutOfMemoryError" or (
        isinstance(error, RuntimeError) and "CUDA error: out of memory" in str(error)
    )
