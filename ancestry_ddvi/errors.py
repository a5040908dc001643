"""Errors that a user can resolve, one class for each exit code."""

from __future__ import annotations

from collections.abc import Sequence

_QUOTED = 80
"""Characters of the input in a message, at most."""


class DDVIError(Exception):
    """An error that a user can resolve: a problem, a remedy and an exit code.

    Parameters
    ----------
    problem : str
        What is wrong, with the file, the line or variant, and the value.
    remedy : str
        What to do, as an imperative sentence.
    """

    exit_code = 1

    def __init__(self, problem: str, remedy: str = "") -> None:
        super().__init__(f"{problem.rstrip('.')}. {remedy}".strip())
        self.problem = problem
        self.remedy = remedy


def quoted(text: str | bytes) -> str:
    """Part of an input as a message shows it: in quotes, at most 80 characters, on one line."""
    shown = text[:240].decode(errors="replace") if isinstance(text, bytes) else text[:240]
    whole = repr(shown)
    if len(whole) <= _QUOTED and len(text) <= _QUOTED:
        return whole
    return f"{whole[: _QUOTED - 4]}...{whole[0]}"


def several(names: Sequence[str], most: int = 24) -> str:
    """Names in a message: at most so many, cut to 40 characters."""
    shown = ", ".join(name[:40] for name in names[:most])
    return f"{shown} and {len(names) - most:,} more" if len(names) > most else shown


class UsageProblem(DDVIError):
    """An option or a setting is invalid."""

    exit_code = 2


class InputUnreadable(DDVIError):
    """A file is missing, truncated, malformed or of an unknown format."""

    exit_code = 3


class InputsDisagree(DDVIError):
    """Valid files do not match: genome build, alleles, samples or overlap."""

    exit_code = 4


class NothingLeft(DDVIError):
    """Quality control left too few samples or variants."""

    exit_code = 5


class TrainingDiverged(DDVIError):
    """Training produced values that are not finite."""

    exit_code = 6


class OutOfResources(DDVIError):
    """Not enough memory, or the requested device is not available."""

    exit_code = 7


class OutputUnwritable(DDVIError):
    """An output folder or file cannot be written."""

    exit_code = 8
