"""Colours and markers that can be told apart with any colour vision."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

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

MARKERS = {"o": 1.0, "^": 1.05, "s": 0.8, "D": 0.65, "v": 1.05, "P": 1.05, "X": 1.05}
"""Markers, with the factor of their area that makes them look as large as a disc."""

NEUTRAL = "#767676"
"""For samples without a label."""

BACKGROUND = "#C4C4C4"
"""For reference samples in the background."""


class Style(NamedTuple):
    """How the samples of one label are drawn; hollow marks have an edge and no ellipse."""

    colour: str
    marker: str
    hollow: bool = False


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
