"""The style of every value that samples can be coloured by: those of the model's figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..artefacts.assignments import UNASSIGNED
from ..plots.groups import label_styles
from ..plots.palette import UNNAMED, Style, nested_styles
from .samples import Field

MOST = 56
"""Columns with more different values are no colours."""


def styles_of(fields: Sequence[Field], parents: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """For each column of text with a few different values the style of each, for the page."""
    found = {}
    for field in fields:
        values = field.different if field.is_text else []
        enough = len(values) > (field.name != "group")  # one group tells something, one run not
        if enough and len(values) <= MOST and field.name not in ("sample_id", "flag"):
            found[field.name] = value_styles(values, parents)
    return found


def value_styles(values: Sequence[str], parents: Mapping[str, str]) -> dict[str, Any]:
    """Style and parent of each value."""
    above = sorted({*parents.values()} - {""})
    hues = nested_styles({name: name for name in above})
    no_group = {"": UNNAMED, UNASSIGNED: UNNAMED}
    others = [v for v in values if v not in parents and v not in hues and v not in no_group]
    known = no_group | hues | label_styles(parents, others)
    chosen = {value: known[value] for value in values}
    return {value: _plain(style, _above(value, parents)) for value, style in chosen.items()}


def _above(value: str, parents: Mapping[str, str]) -> str:
    """The group that a value is listed under: its parent, or itself where it is a parent."""
    return parents.get(value, value if value in parents.values() else "")


def _plain(style: Style, parent: str) -> dict[str, str]:
    return {"colour": style.colour, "marker": style.marker, "parent": parent}
