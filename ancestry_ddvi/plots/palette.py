"""Colours and markers that can be told apart with any colour vision."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np
from matplotlib.colors import to_hex, to_rgb

COLOURS = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#882255",
    "#56B4E9",
    "#D55E00",
    "#332288",
    "#CC79A7",
)
"""Six colours of Okabe and Ito (2008) and two of Tol (2021), dark enough for white paper."""

HUES = ("#BBA52E", "#EE6677", "#228833", "#4466BB", "#AA3377", "#66CCEE", "#8C6D46")
"""Of groups that divide into others, such as superpopulations; near those of Tol (2021)."""

DARKEST, LIGHTEST = 0.45, 0.4
"""Share of black and of white in the first and the last shade of a hue."""

MARKERS = {"o": 1.0, "^": 1.05, "s": 0.8, "D": 0.65, "v": 1.05, "P": 1.05, "X": 1.05}
"""Markers, with the factor of their area that makes them look as large as a disc."""

FAINT = 0.14
"""Opacity of the groups of a reference panel."""

NEUTRAL = "#767676"
"""For samples without a label."""


class Style(NamedTuple):
    """How the samples of one label are drawn; hollow marks have an edge and no ellipse."""

    colour: str
    marker: str
    hollow: bool = False


QUERY = Style("#1A1A1A", "o")
"""For samples without labels over the groups of a reference panel."""
UNNAMED = Style(NEUTRAL, "o")
SINGLE_GROUP = Style(COLOURS[0], "o")
"""For a cohort without labels."""
UNLIKE = Style(NEUTRAL, "o", hollow=True)
"""For samples unlike the reference panel."""


def styles(names: Iterable[str]) -> dict[str, Style]:
    """A style for each name, in the order given.

    Eight colours and seven markers advance together, so that neighbours in the list differ in
    both, and pairs repeat after 56 names.
    """
    markers = tuple(MARKERS)
    return {
        name: Style(COLOURS[i % len(COLOURS)], markers[i % len(markers)])
        for i, name in enumerate(dict.fromkeys(names))
    }


def nested_styles(parents: Mapping[str, str]) -> dict[str, Style]:
    """A style for each name, with one hue for all names of the same parent.

    Shades go from dark to light and markers advance in the order given, so that the names of a
    parent differ in both, in print without colours too.

    Parameters
    ----------
    parents : mapping of name to the name of its parent
    """
    families: dict[str, list[str]] = {}
    for name, parent in parents.items():
        families.setdefault(parent, []).append(name)
    found = {}
    for number, members in enumerate(families.values()):
        hue, markers = HUES[number % len(HUES)], tuple(MARKERS)
        for i, (name, shade) in enumerate(zip(members, _shades(hue, len(members)), strict=True)):
            found[name] = Style(shade, markers[i % len(markers)])
    return {name: found[name] for name in parents}


def _shades(hue: str, count: int) -> list[str]:
    """Shades of a hue, from dark to light; the hue itself where there is one."""
    mixed = np.linspace(-DARKEST, LIGHTEST, count) if count > 1 else np.zeros(1)
    towards = np.where(mixed[:, None] < 0, 0.0, 1.0)
    part = np.abs(mixed)[:, None]
    return [to_hex(rgb) for rgb in (1 - part) * np.array(to_rgb(hue)) + part * towards]
