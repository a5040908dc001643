"""The command references: the models that have a name, and what they say of themselves."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..artefacts.model import Model
from ..genotypes.formats.reading import VAR_FILTER, ReadOptions
from ..progress import SILENT, Progress
from ._absent import Absent
from ._choice import Candidate, candidates, embeds
from ._common import Inputs, paths_of
from ._finding import Request, checked_build
from ._named import NamedModel, readable

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


def references(
    inputs: Inputs = (),
    *,
    min_variants: int = 100,
    build: str | None = None,
    field: str = "auto",
    var_filter: str = VAR_FILTER,
    absent: str = "missing",
    targets: str | None = None,
    progress: Progress = SILENT,
) -> ReferenceTable:
    """The reference models: those of the package and of DDVI_ANCESTRY_REFERENCES.

    Parameters
    ----------
    inputs : str, path-like, or sequence of them
        Genotype files. With them, the models are in the order of what the files tell of a
        sample's scores, and "auto" is the first that is not refused.
    min_variants, build, field, var_filter, absent, targets, progress
        As in ``embed``.

    Returns
    -------
    ReferenceTable
        Without inputs, a model that cannot be read has NA in all but its name and its file, and
        the log says why.

    Raises
    ------
    DDVIError
        If the inputs cannot be read, or there is no model for them.
    """
    if inputs:
        request = Request(
            paths_of(inputs), field, ReadOptions.of(var_filter), checked_build(build), min_variants,
            Absent.of(absent, targets), progress,
        )  # fmt: skip
        found = [_found(candidate) for candidate in candidates(request, embeds)]
        return ReferenceTable(FOUND, tuple(found))
    rows = []
    for reference, named in readable():
        if reference.hides:
            log.info("%s comes before %s.", reference.path, reference.hides)
        cells = _cells(named.model) if named else dict.fromkeys(_DESCRIBED, NONE)
        rows.append((reference.name, *cells.values(), str(reference.path)))
    return ReferenceTable(COLUMNS, tuple(rows))


def model_card(name: str) -> Mapping[str, str]:
    """The model card of a reference model, or of a .ddvi file.

    Raises
    ------
    UsageProblem, InputUnreadable
    """
    return NamedModel.read(name).model.record.card


def _found(candidate: Candidate) -> tuple[str, ...]:
    """What the table says of a model and genotypes."""
    report = candidate.alignment.report
    return (
        candidate.named.name,
        str(report.observed),
        str(report.model_variants),
        report.detected_build or NONE,
        f"{candidate.information:.2f}",
        candidate.refusal or "usable",
    )


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
FOUND = ("name", "matched", "variants", "build", "information", "note")
