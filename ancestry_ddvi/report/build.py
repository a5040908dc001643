"""The page: every part in order, its data, and the policy that lets nothing else in."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from itertools import islice
from typing import Any

import numpy as np

from ..artefacts.flags import Flag
from ..artefacts.model import Model
from ..plots.reference import GroupShapes, Reference, parents_of, reference_of
from . import sections
from .attention import Notice, as_sentence, flag_meaning, flags_of, head_line, notices
from .colours import styles_of, value_styles
from .markup import Markup, data_script, joined, name_of, prose, table, tag
from .runs import Run
from .samples import LABEL, Field, Samples, as_text, numbers
from .static_map import static_map

SCRIPTS = ("data", "colour", "sprites", "plot", "legend", "details", "samples", "start")
"""Parts of the script of the page, in order."""

ROWS = 3000
"""So many samples are in the table without JavaScript."""


def report_page(
    runs: Sequence[Run], metadata: Mapping[str, np.ndarray], model: Model, name: str, title: str
) -> str:
    """The whole report.

    Parameters
    ----------
    runs : sequence of Run
    metadata : mapping of str to ndarray, (samples,)
        Columns about the samples of all runs.
    model : Model
    name, title : str
        Of the model, and of the page.

    Returns
    -------
    str
        HTML; the same input gives the same text.
    """
    samples = Samples(runs, metadata)
    groups = model.record.groups
    behind = reference_of(groups, model.projection.noise) if groups else None
    known = _Known(behind, parents_of(groups) if groups else {})
    fields = samples.fields()
    body = joined(_body(samples, fields, known, model, name, title), "\n")
    style, script = _styles(), _script()
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="generator", content="ddvi-ancestry"),
        tag("meta", http_equiv="Content-Security-Policy", content=_policy(style, script)),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("title", title),
        Markup(f"<style>{style}</style>"),
    )
    data = joined(_data_scripts(samples, fields, known), "\n")
    run = Markup(f"<script>{script}</script>")
    return f"<!DOCTYPE html>\n{tag('html', head, tag('body', body, data, run), lang='en')}\n"


class _Known:
    """The groups that the model knows, and where they lie; nothing of a model without labels."""

    def __init__(self, reference: Reference | None, parents: Mapping[str, str]) -> None:
        self.parents = parents
        self.shapes: dict[str, GroupShapes] = {}
        if reference:
            self.shapes["Z"] = reference.coordinates
            if reference.scores:
                self.shapes["PC"] = reference.scores


def _body(
    samples: Samples, fields: Sequence[Field], known: _Known, model: Model, name: str, title: str
) -> Iterator[Markup]:
    runs = samples.runs
    yield tag(
        "header",
        tag("h1", name_of(title)),
        tag("p", prose(head_line(runs)), class_="lead"),
        _contents(),
    )
    yield tag("main", joined(_parts(samples, fields, known, model, name), "\n"))
    yield tag(
        "footer",
        "Made by ddvi-ancestry. Coordinates describe genetic similarity to the samples of the "
        "reference panel, not identity.",
    )


def _contents() -> Markup:
    """Links to the parts."""
    parts = {
        "attention": "What needs attention", "map": "Map", "table": "Samples",
        "trust": "Trust", "provenance": "Runs and model", "reading": "How to read",
    }  # fmt: skip
    return tag("nav", *(tag("a", words, href=f"#{anchor}") for anchor, words in parts.items()),
               aria_label="Contents")  # fmt: skip


def _parts(
    samples: Samples, fields: Sequence[Field], known: _Known, model: Model, name: str
) -> Iterator[Markup]:
    runs = samples.runs
    yield _attention(notices(runs), len(runs) > 1)
    yield _map(samples, fields, known)
    yield _samples(fields, len(samples))
    yield sections.quality_control(runs)
    yield sections.harmonisation(runs)
    yield sections.relatives(runs)
    yield sections.trust(model)
    yield sections.stability(runs)
    yield sections.provenance(runs, model, name)
    yield sections.reading()


def _attention(found: Sequence[Notice], several: bool) -> Markup:
    items = [
        tag(
            "li",
            joined([name_of(notice.run), ": "]) if several and notice.run else "",
            prose(notice.what),
            " ",
            tag("em", prose(notice.advice)),
            tag("button", "Show them", type="button", data_flag=notice.flag) if notice.flag else "",
            class_="urgent" if notice.urgent else "note",
        )
        for notice in found
    ]
    said = tag("ul", *items) if items else tag("p", "Nothing.")
    return tag("section", tag("h2", "What needs attention"), said, id="attention")


def _map(samples: Samples, fields: Sequence[Field], known: _Known) -> Markup:
    """The place of the maps, and the picture for readers without JavaScript."""
    chosen = _first_colour(fields, styles_of(fields, known.parents))
    values = next((f.values.astype(str) for f in fields if f.name == chosen), None)
    by_name = {field.name: field.values for field in fields if not field.is_text}
    axes = _axes(fields)[:2]
    points = np.stack([by_name[axis] for axis in axes], axis=1).astype(np.float64)
    values = np.full(len(points), "") if values is None else values
    styles = value_styles([*dict.fromkeys([*values.tolist(), *known.parents])], known.parents)
    shapes = known.shapes.get("Z") if axes[1] == "Z2" else None
    picture = static_map(points, values, samples.unlike, styles, known.parents, shapes, axes)
    caption = tag(
        "figcaption",
        "Dots are samples, hollow where they are unlike the reference panel. Named ellipses hold "
        "95 % of each group of the panel.",
    )
    legend = _static_legend(values[~samples.unlike], styles, int(samples.unlike.sum()))
    figure = tag("figure", picture, legend, caption, class_="static")
    return tag("section", tag("h2", "Map"), tag("div", id="maps"), figure, id="map")


def _static_legend(
    values: np.ndarray, styles: Mapping[str, Mapping[str, Any]], unlike: int
) -> Markup:
    """Values with their colours and counts, by parent."""
    names, counts = np.unique(values, return_counts=True)
    entries = sorted(
        zip(names.tolist(), counts.tolist(), strict=True),
        key=lambda pair: (styles[pair[0]]["parent"], pair[0]),
    )
    items = (
        tag(
            "li",
            tag("svg", tag("circle", cx=5, cy=5, r=4, fill=styles[value]["colour"]),
                viewBox="0 0 10 10", width=10, height=10, aria_hidden="true"),
            " ", name_of(value or "no label"), f" {count:,}",
        )
        for value, count in entries
    )  # fmt: skip
    last = [tag("li", f"hollow: unlike the panel {unlike:,}")] if unlike else []
    return tag("ul", *items, *last, class_="legend")


def _samples(fields: Sequence[Field], count: int) -> Markup:
    """The place of the table, and the table for readers without JavaScript."""
    shown = [field for field in fields if field.main]
    rows = zip(*(as_text(field) for field in shown), strict=True)
    some = [[name_of(cell) for cell in row] for row in islice(rows, ROWS)]
    more = f" The first {ROWS:,} are here; PREFIX.coords.tsv has all." if count > ROWS else ""
    said = tag("p", f"{count:,} samples.{more}")
    plain = tag("noscript", said, table([field.name for field in shown], some))
    return tag("section", tag("h2", "Samples"), tag("div", id="samples"), plain, id="table")


def _first_colour(fields: Sequence[Field], styles: Mapping[str, Any]) -> str:
    """The column that samples are coloured by at first: their group, else their label."""
    names = [field.name for field in fields if field.name in styles]
    labels = (field.name for field in fields if field.meaning == LABEL and field.is_text)
    best = ("group", *labels, "run")
    return next((name for name in best if name in names), "")


def _axes(fields: Sequence[Field]) -> list[str]:
    """Coordinates and principal components, in order."""
    return [
        field.name
        for field in fields
        if field.name[:1] in "ZP" and field.name.removeprefix("Z").removeprefix("PC").isdigit()
    ]


def _data_scripts(samples: Samples, fields: Sequence[Field], known: _Known) -> Iterator[Markup]:
    """The data of the page, a column in each element: browsers read a long text more slowly."""
    yield data_script("data", _data(samples, fields, known))
    for field in fields:
        yield data_script(None, field.as_json(), "field")
    for level in samples.similar():
        yield data_script(None, level, "similar")


def _data(samples: Samples, fields: Sequence[Field], known: _Known) -> dict[str, Any]:
    """What the script of the page reads."""
    styles = styles_of(fields, known.parents)
    raised = {flag for run in samples.runs for flag in flags_of(run)}
    return {
        "count": len(samples),
        "axes": _axes(fields),
        "dims": len(samples.runs[0].coordinates.axes),
        "unlike": np.flatnonzero(samples.unlike).tolist(),
        "styles": styles,
        "colour": _first_colour(fields, styles),
        "groups": _groups(known),
        "flags": {flag.name: _words(flag) for flag in map(flag_meaning, sorted(raised))},
        "relatives": _relatives(samples.runs),
        "title": "-".join(run.name for run in samples.runs),
    }


def _words(flag: Flag) -> list[str]:
    """What a flag means, and what to do."""
    return [flag.meaning, as_sentence(flag.advice)]


def _groups(known: _Known) -> dict[str, Any]:
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


def _part(name: str) -> str:
    return files(__package__).joinpath("page", name).read_text("utf-8")


def _styles() -> str:
    return _part("page.css")


def _script() -> str:
    """The script of the page, in one scope of its own."""
    parts = "\n".join(_part(f"{name}.js") for name in SCRIPTS)
    return f'"use strict";\n{{\n{parts}\n}}\n'


def _policy(style: str, script: str) -> str:
    """Nothing is loaded; of what stands in the page, this style and this script alone are used."""
    return (
        f"default-src 'none'; script-src {_digest(script)}; style-src {_digest(style)}; "
        "base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    found = base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode()
    return f"'sha256-{found}'"
