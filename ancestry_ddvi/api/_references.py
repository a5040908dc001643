"""The command references: the models that have a name, and what they say of themselves."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..artefacts.model import Model
from ..errors import InputUnreadable
from ..reference_models import ReferenceModel, available, problems
from ._named import NamedModel

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger(__name__)

NONE = "NA"
"""Of a model that cannot be read."""


@dataclass(frozen=True)
class ReferenceTable:
    """Reference models, one row each.

    Attributes
    ----------
    columns : tuple of str
    rows : tuple of tuple of str
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def to_frame(self) -> pd.DataFrame:
        """The table."""
        import pandas as pd

        return pd.DataFrame(self.rows, columns=list(self.columns))


def references() -> ReferenceTable:
    """The reference models: those of the package and of DDVI_ANCESTRY_REFERENCES.

    Returns
    -------
    ReferenceTable
        With the columns of ``COLUMNS``. A model that cannot be read has NA in all but its name
        and its file, and the log says why.
    """
    for problem in problems():
        log.warning("%s.", problem)
    rows = []
    for reference in available():
        if reference.hides:
            log.info("%s comes before %s.", reference.path, reference.hides)
        model = read_or_warn(reference)
        cells = _cells(model) if model else dict.fromkeys(_DESCRIBED, NONE)
        rows.append((reference.name, *cells.values(), str(reference.path)))
    return ReferenceTable(COLUMNS, tuple(rows))


def model_card(name: str) -> Mapping[str, str]:
    """The model card of a reference model, or of a .ddvi file.

    Raises
    ------
    UsageProblem, InputUnreadable
    """
    return NamedModel.read(name).model.record.card


def read_or_warn(reference: ReferenceModel) -> Model | None:
    """The model; None if it cannot be read, and a warning says why."""
    try:
        return Model.read(Path(reference.path))
    except InputUnreadable as error:
        log.warning("%s", error)
        return None


def _cells(model: Model) -> dict[str, str]:
    """What the table says of a model, by column."""
    record, panel = model.record, model.panel
    groups = record.groups
    levels = groups.levels if groups else ()
    right = {row["level"]: row["accuracy"] for row in record.assignment if row["samples"]}
    return {
        "panel": record.card.get("panel", record.card.get("reference panel", NONE)),
        "samples": str(model.projection.samples),
        "variants": str(len(panel)),
        "builds": _listed(panel.known),
        "levels": _listed(levels),
        "groups": _listed(str(len(groups.names(n))) for n in range(len(levels)) if groups),
        "accuracy": _listed(f"{right[n]:.3f}" if n in right else NONE for n in levels),
    }


def _listed(words: Iterable[str]) -> str:
    """Words with commas between them; NA without any."""
    return ",".join(words) or NONE


_DESCRIBED = ("panel", "samples", "variants", "builds", "levels", "groups", "accuracy")
COLUMNS = ("name", *_DESCRIBED, "file")
