"""The parts of the page that the script takes over, as they are without it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np

from .attention import Notice
from .colours import styles_of, value_styles
from .markup import Markup, joined, name_of, table, tag
from .page_data import Known, axes_of, first_colour
from .samples import Field, Samples, as_text
from .static_map import static_map

ROWS = 3000
"""So many samples are in the table without JavaScript."""


def attention(found: Sequence[Notice], several: bool) -> Markup:
    """What needs attention, of one run or several."""
    items = [
        tag(
            "li",
            joined([name_of(notice.run), ": "]) if several and notice.run else "",
            notice.what,
            " ",
            tag("em", notice.advice),
            tag("button", "Show them", type="button", data_flag=notice.flag) if notice.flag else "",
            class_="urgent" if notice.urgent else "note",
        )
        for notice in found
    ]
    said = tag("ul", *items) if items else tag("p", "Nothing.")
    return tag("section", tag("h2", "What needs attention"), said, id="attention")


def maps(samples: Samples, fields: Sequence[Field], known: Known) -> Markup:
    """The place of the maps, and the picture for readers without JavaScript."""
    chosen = first_colour(fields, styles_of(fields, known.parents))
    values = next((f.values for f in fields if f.name == chosen), None)
    by_name = {field.name: field.values for field in fields if not field.is_text}
    axes = axes_of(fields)[:2]
    points = np.stack([by_name[axis] for axis in axes], axis=1).astype(np.float64)
    values = np.full(len(points), "", dtype=object) if values is None else values
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
    counts = Counter(values.tolist())
    entries = sorted(counts.items(), key=lambda pair: (styles[pair[0]]["parent"], pair[0]))
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


def samples_table(fields: Sequence[Field], count: int) -> Markup:
    """The place of the table, and the table for readers without JavaScript."""
    shown = [field for field in fields if field.main]
    rows = zip(*(as_text(field) for field in shown), strict=True)
    some = [[name_of(cell) for cell in row] for row in islice(rows, ROWS)]
    more = f" The first {ROWS:,} are here; PREFIX.coords.tsv has all." if count > ROWS else ""
    said = tag("p", f"{count:,} samples.{more}")
    plain = tag("noscript", said, table([field.name for field in shown], some))
    return tag("section", tag("h2", "Samples"), tag("div", id="samples"), plain, id="table")
