"""What can go wrong, said in one sentence with a way out."""

from __future__ import annotations


class DDVIError(Exception):
    """A problem the user can mend: what is wrong, what to do about it, and the exit code.

    Parameters
    ----------
    problem : str
        One clause that names the file, the place in it and the number that is wrong.
    remedy : str
        What to do next, as an imperative sentence.
    """

    exit_code = 1

    def __init__(self, problem: str, remedy: str = "") -> None:
        super().__init__(f"{problem.rstrip('.')}. {remedy}".strip())
        self.problem = problem
        self.remedy = remedy


class UsageProblem(DDVIError):
    """An option or a setting that cannot be meant."""

    exit_code = 2


class InputUnreadable(DDVIError):
    """A file that is missing, truncated, malformed or of an unknown kind."""

    exit_code = 3


class InputsDisagree(DDVIError):
    """Files that are sound each but do not belong together: build, alleles, samples, overlap."""

    exit_code = 4


class NothingLeft(DDVIError):
    """Quality control left too few samples or variants to go on."""

    exit_code = 5


class TrainingDiverged(DDVIError):
    """The fit produced numbers that are not finite."""

    exit_code = 6


class OutOfResources(DDVIError):
    """Not enough memory, or the requested device is not there."""

    exit_code = 7


class OutputUnwritable(DDVIError):
    """The output folder or file cannot be written."""

    exit_code = 8
