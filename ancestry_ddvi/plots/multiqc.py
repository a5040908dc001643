"""Custom content for MultiQC: general statistics of samples, and a map of their coordinates.

The files need no configuration: MultiQC finds them by their names, ``*_mqc.json``, and puts those
of several runs together.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..artefacts.ancestry import Ancestry
from ..artefacts.coordinates import Coordinates
from ..artefacts.flags import unlike_panel
from ..reference.groups import Groups
from ..storage import printable, whole
from .groups import label_styles
from .palette import QUERY, UNLIKE, Style
from .reference import parents_of

MAX_POINTS = 1_000
"""Samples in a map, each of which MultiQC draws as a series of its own."""

COLUMNS: dict[str, dict[str, Any]] = {
    "ancestry": {
        "title": "Most similar group",
        "description": "Genetically most similar reference group, at the finest level that is "
        "sure enough; unassigned where none is",
    },
    "probability": {
        "title": "P(group)",
        "description": "Probability of this group",
        "min": 0,
        "max": 1,
        "format": "{:,.2f}",
        "scale": "Blues",
    },
    "n_variants": {
        "title": "Variants",
        "description": "Variants of the model that are observed in the sample",
        "min": 0,
        "format": "{:,.0f}",
        "scale": "Greens",
    },
    "flag": {"title": "Flags", "description": "Flags of the sample; empty if there are none"},
}
"""General statistics: the settings of each column."""


@dataclass(frozen=True)
class QualityReport:
    """What MultiQC shows of a run.

    Attributes
    ----------
    model : str
        Name of the model.
    coordinates : Coordinates
    groups : Groups, optional
        Of the model.
    ancestry : Ancestry, optional
        Where samples were assigned.
    sha256 : str, optional
        Of the file of the model; it tells models of one name apart.
    """

    model: str
    coordinates: Coordinates
    groups: Groups | None = None
    ancestry: Ancestry | None = None
    sha256: str | None = None

    def statistics(self) -> dict[str, Any]:
        """The general statistics: columns of the model, so that two models do not share them."""
        values: dict[str, list[Any]] = {}
        if self.ancestry:
            values["ancestry"] = self.ancestry.group
            values["probability"] = self.ancestry.probability.round(4).tolist()
        values["n_variants"] = self.coordinates["n_variants"].tolist()
        values["flag"] = self.coordinates.flag
        rows = zip(*values.values(), strict=True)
        return {
            "id": f"ddvi_ancestry_in_{self._name}",
            "plot_type": "generalstats",
            "namespace": f"ddvi-ancestry: {printable(self.model)}",
            "headers": COLUMNS,
            "data": {
                sample: {
                    name: value for name, value in zip(values, row, strict=True) if value == value
                }
                for sample, row in zip(self.coordinates.samples, rows, strict=True)
            },
        }

    def map(self) -> dict[str, Any]:
        """The first two coordinates, over the means of the groups of the model.

        A single coordinate has the out-of-panel p-value beside it, which groups have not.
        """
        return {
            "id": f"ddvi_ancestry_map_{self._name}",
            "section_name": f"ddvi-ancestry: map of {printable(self.model)}",
            "description": self._said,
            "plot_type": "scatter",
            "pconfig": {
                "id": f"ddvi_ancestry_map_{self._name}_plot",
                "title": f"ddvi-ancestry: coordinates in {printable(self.model)}",
                "xlab": "Z1",
                "ylab": "p_panel" if self._is_line else "Z2",
                "extra_series": [] if self._is_line else [self._references()],
            },
            "data": self._points(),
        }

    @property
    def _name(self) -> str:
        """The model as a part of an id: content of the same id is put together."""
        name = "".join(c if c.isalnum() else "_" for c in printable(self.model))
        return f"{name}_{self.sha256[:8]}" if self.sha256 else name

    @property
    def _is_line(self) -> bool:
        """Whether there is a single coordinate."""
        return len(self.coordinates.axes) == 1

    @property
    def _places(self) -> np.ndarray:
        """Where samples are on the map; (samples, 2)."""
        if self._is_line:
            return np.column_stack([self.coordinates.mean, self.coordinates["p_panel"]])
        return self.coordinates.mean[:, :2]

    @property
    def _rows(self) -> np.ndarray:
        """The samples of the map."""
        count = len(self.coordinates)
        return np.unique(np.linspace(0, count - 1, min(count, MAX_POINTS)).round().astype(int))

    @property
    def _said(self) -> str:
        shown, count = len(self._rows), len(self.coordinates)
        squares = "" if self._is_line else "; squares are the means of its groups"
        some = "" if shown == count else f"{shown:,} of {count:,} samples, evenly spaced. "
        return (
            f"{some}Coordinates describe genetic similarity to the samples of the reference panel, "
            f"not identity. Grey rings are unlike the panel{squares}."
        )

    @property
    def _parents(self) -> Mapping[str, str]:
        return parents_of(self.groups) if self.groups else {}

    def _points(self) -> dict[str, Any]:
        names = list(self.ancestry.most_similar[0]) if self.ancestry else []
        chosen = label_styles(self._parents, sorted({*names}))
        unlike, places = unlike_panel(self.coordinates.flag), self._places
        samples = self.coordinates.samples
        found = {}
        for row in self._rows[np.isfinite(places[self._rows]).all(axis=1)].tolist():
            style = UNLIKE if unlike[row] else chosen[names[row]] if names else QUERY
            group = "unlike panel" if unlike[row] else names[row] if names else "samples"
            found[samples[row]] = _point(places[row], style) | {"group": group}
        return found

    def _references(self) -> list[dict[str, Any]]:
        """The means of the groups of the model."""
        if self.groups is None:
            return []
        chosen, means = label_styles(self._parents), self.groups.coordinates.mean
        return [
            _point(mean, chosen[name])
            | {"name": f"reference {name}", "annotation": name, "marker_symbol": "square",
               "marker_size": 7, "opacity": 0.5, "hide_in_legend": True}
            for name, mean in zip(self._parents, means, strict=True)
        ]  # fmt: skip


def _point(place: np.ndarray, style: Style) -> dict[str, Any]:
    x, y = (float(f"{value:.6g}") for value in place[:2])
    symbol = {"marker_symbol": "circle-open"} if style.hollow else {}
    return {"x": x, "y": y, "color": style.colour} | symbol


def write_content(path: Path, content: Mapping[str, Any]) -> None:
    """Write a file of custom content.

    Raises
    ------
    OutputUnwritable
    """
    with whole(path) as beside:
        text = json.dumps(content, ensure_ascii=False, allow_nan=False, indent=0) + "\n"
        beside.write_text(text, "utf-8", errors="backslashreplace")
