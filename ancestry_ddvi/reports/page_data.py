"""What the script of the page reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ..artefacts.flags import Flag
from ..plots.reference import GroupShapes, Reference
from .attention import as_sentence, flag_meaning, flags_of
from .colours import styles_of, value_styles
from .markup import Markup, data_script
from .packing import packed
from .runs import Run
from .samples import LABEL, Field, Samples, numbers


class Known:
    """The groups that the model knows, and where they lie; nothing of a model without labels."""

    def __init__(self, reference: Reference | None, parents: Mapping[str, str]) -> None:
        self.parents = parents
        self.shapes: dict[str, GroupShapes] = {}
        if reference:
            self.shapes["Z"] = reference.coordinates
            if reference.scores:
                self.shapes["PC"] = reference.scores


def data_scripts(samples: Samples, fields: Sequence[Field], known: Known) -> Iterator[Markup]:
    """The data of the page, a column in each element: browsers read a long text more slowly."""
    yield data_script("data", _data(samples, fields, known))
    for field in fields:
        yield data_script(None, field.as_json(), "field")
    for level in samples.similar():
        yield data_script(None, level, "similar")
    for first, draws in samples.draws():
        size = {"first": first, "samples": draws.shape[0], "draws": draws.shape[1]}
        yield data_script(None, size | packed(draws), "draws")


def _data(samples: Samples, fields: Sequence[Field], known: Known) -> dict[str, Any]:
    """What the script of the page reads."""
    styles = styles_of(fields, known.parents)
    raised = {flag for run in samples.runs for flag in flags_of(run)}
    return {
        "count": len(samples),
        "axes": axes_of(fields),
        "dims": len(samples.runs[0].coordinates.axes),
        "unlike": np.flatnonzero(samples.unlike).tolist(),
        "styles": styles,
        "colour": first_colour(fields, styles),
        "groups": _groups(known),
        "flags": {flag.name: _words(flag) for flag in map(flag_meaning, sorted(raised))},
        "relatives": _relatives(samples.runs),
        "title": "-".join(run.name for run in samples.runs),
    }


def _words(flag: Flag) -> list[str]:
    """What a flag means, and what to do."""
    return [flag.meaning, as_sentence(flag.advice)]


def _groups(known: Known) -> dict[str, Any]:
    """Names, styles and normals of the groups of the model."""
    names = list(known.parents)
    styles = value_styles(names, known.parents)
    return {
        "names": names,
        "styles": [styles[name] for name in names],
        "shapes": {
            space: {
                "mean": [numbers(row) for row in shapes.mean],
                "covariance": [[numbers(row) for row in each] for each in shapes.covariance],
            }
            for space, shapes in known.shapes.items()
        },
    }


def _relatives(runs: Sequence[Run]) -> list[list[Any]]:
    """Rows of two samples and their relation, for the sample that is looked at."""
    found, before = [], 0
    for run in runs:
        rows = {sample: before + row for row, sample in enumerate(run.samples)}
        for one, other, kinship, _, relation in run.relatives:
            if one in rows and other in rows:
                found.append([rows[one], rows[other], relation, kinship])
        before += len(rows)
    return found


def first_colour(fields: Sequence[Field], styles: Mapping[str, Any]) -> str:
    """The column that samples are coloured by at first: their group, else their label."""
    names = [field.name for field in fields if field.name in styles]
    labels = (field.name for field in fields if field.meaning == LABEL and field.is_text)
    best = ("group", *labels, "run")
    return next((name for name in best if name in names), "")


def axes_of(fields: Sequence[Field]) -> list[str]:
    """Coordinates and principal components, in order."""
    return [
        field.name
        for field in fields
        if field.name[:1] in "ZP" and field.name.removeprefix("Z").removeprefix("PC").isdigit()
    ]
