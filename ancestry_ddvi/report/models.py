"""The model that runs were made with."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from ..artefacts.model import Model
from ..errors import InputsDisagree, InputUnreadable
from ..outputs import output
from .runs import Run


def model_of(runs: Sequence[Run], given: Path | None) -> tuple[Model, str]:
    """The model of all runs, and its name.

    Parameters
    ----------
    runs : sequence of Run
    given : Path, optional
        The file, where it is not where the summaries say.

    Raises
    ------
    InputUnreadable
        If it cannot be found or read.
    InputsDisagree
        If two runs are of different models, or a run has other axes than the model.
    """
    paths = [given] if given else [_path(run) for run in runs]
    first, *others = paths
    digest = _digest(first) if others else b""
    for run, path in zip(runs[1:], others, strict=False):
        if path != first and _digest(path) != digest:
            problem = f"{runs[0].prefix} and {run.prefix} are of different models"
            raise InputsDisagree(problem, "Make a report of each.")
    model = Model.read(first)
    for run in runs:
        if len(run.coordinates.axes) != model.record.options.dims:
            problem = f"{run.prefix}.coords.tsv has other axes than {first}"
            raise InputsDisagree(problem, "Give the model that it was made with.")
    return model, first.name.removesuffix(".ddvi")


def _path(run: Run) -> Path:
    """Where the model of a run is: at its path of then, or in the folder of the run.

    Raises
    ------
    InputUnreadable
    """
    if run.command == "fit":
        named = output("model").path(run.prefix)
    else:
        named = Path(str(run.summary.get("model", "")))
    beside = Path(run.prefix).parent / named.name
    for path in (named, beside):
        if path.is_file():
            return path
    problem = f"{named}, the model of {run.prefix}, is not there"
    raise InputUnreadable(problem, "Give its path by --model.")


def _digest(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()
