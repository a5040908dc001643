"""Whether the outputs of a command can be written where they are to be."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ..errors import UsageProblem
from ..outputs import written_by
from ..storage import prepare_folder


def prepare_outputs(prefix: str, command: str, inputs: Iterable[str | None]) -> None:
    """Check that outputs can be written and that none of them is an input.

    Raises
    ------
    OutputUnwritable, UsageProblem
    """
    prepare_folder(Path(prefix))
    check_inputs(prefix, command, inputs)


def check_inputs(prefix: str, command: str, inputs: Iterable[str | None]) -> None:
    """Check that no output is an input.

    Raises
    ------
    UsageProblem
    """
    read = {_place(name) for name in inputs if name and name != "-"}
    for row in written_by(command):
        if _place(path := row.path(prefix, level="", step="")) in read:
            raise UsageProblem(f"The output {path} is one of the inputs", "Choose another --out.")


def check_file(path: str, inputs: Iterable[str]) -> None:
    """Check that a single file can be written and is not an input.

    Raises
    ------
    OutputUnwritable, UsageProblem
    """
    prepare_folder(Path(path))
    if _place(path) in map(_place, inputs):
        raise UsageProblem(f"The output {path} is one of the inputs", "Choose another --out.")


def _place(name: str | Path) -> Path:
    """The file itself behind links; the name where it cannot be resolved."""
    try:
        return Path(name).resolve()
    except (OSError, RuntimeError):
        return Path(name)
