"""The model that runs were made with."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from ..artefacts.model import Model
from ..errors import InputsDisagree, InputUnreadable
from ..outputs import output
from ..reference_models import find
from .runs import Run


def model_of(runs: Sequence[Run], given: str | None) -> tuple[Model, str]:
    """The model of all runs, and its name.

    Parameters
    ----------
    runs : sequence of Run
    given : str, optional
        Its name or path, where it is not where the summaries say.

    Raises
    ------
    InputUnreadable
        If it cannot be found or read.
    InputsDisagree
        If it is not the model of every run.
    """
    path = find(given) if given else _path(runs[0])
    if not path.is_file():
        raise InputUnreadable(f"{path}, the model, is no file", "Check --model.")
    digest = _digest(path)
    for run in runs:
        if _digest_of(run, digest) != digest:
            problem = f"{run.prefix} is of another model than {path}"
            raise InputsDisagree(problem, "Give runs of one model, and its file as it was.")
    model = Model.read(path)
    for run in runs:
        if len(run.coordinates.axes) != model.record.options.dims:
            problem = f"{run.prefix}.coords.tsv has other axes than {path}"
            raise InputsDisagree(problem, "Give a prefix whose files are of one run.")
    return model, path.name.removesuffix(".ddvi")


def _path(run: Run) -> Path:
    """Where the model of a run is: its reference model, its path of then, or beside the run.

    Raises
    ------
    InputUnreadable
    """
    if run.command == "fit":
        named = output("model").path(run.prefix)
    else:
        named = _found(str(run.summary.get("model", "")))
    beside = Path(run.prefix).parent / named.name
    for path in (named, beside):
        if path.is_file():
            return path
    problem = f"{named}, the model of {run.prefix}, is not there"
    raise InputUnreadable(problem, "Give it by --model.")


def _found(name: str) -> Path:
    """The file of a model by its name or path; the name itself where it is not known."""
    try:
        return find(name)
    except InputUnreadable:
        return Path(name)


def _digest_of(run: Run, model: str) -> str:
    """The checksum of the model of a run; a fit has it beside its tables.

    ``model`` stands for a run that read its model from a pipe, and for a fit without its model.
    """
    if run.command != "fit":
        return str(run.summary.get("model_sha256") or model)
    path = output("model").path(run.prefix)
    return _digest(path) if path.is_file() else model


def _digest(path: Path) -> str:
    """SHA-256 of a file, as sha256sum prints it."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
