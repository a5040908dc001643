"""The model that runs were made with."""

from __future__ import annotations

from collections.abc import Sequence

from ..artefacts.model import Model
from ..errors import InputsDisagree, InputUnreadable
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
    path = find(given) if given else runs[0].model_file()
    if not path.is_file():
        raise InputUnreadable(f"{path}, the model, is no file", "Check --model.")
    for run in runs:
        if not run.is_of(path):
            problem = f"{run.given} is of another model than {path}"
            raise InputsDisagree(problem, "Give runs of one model, and its file as it was.")
    model = Model.read(path)
    for run in runs:
        if len(run.coordinates.axes) != model.record.options.dims:
            problem = f"{run.prefix}.coords.tsv has other axes than {path}"
            raise InputsDisagree(problem, "Give a prefix whose files are of one run.")
    return model, path.name.removesuffix(".ddvi")
