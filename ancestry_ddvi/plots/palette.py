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

DARKEST, LIGHTEST = 30.0, 72.0
"""Lightness (CIE L*) of the first and the last shade of a hue."""

MARKERS = {
    "o": 1.0, "^": 1.05, "s": 0.8, "D": 0.65, "v": 1.05, "P": 1.05, "X": 1.05, "*": 1.5,
}  # fmt: skip
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
    markers = tuple(MARKERS)[:7]
    return {
        name: Style(COLOURS[i % len(COLOURS)], markers[i % len(markers)])
        for i, name in enumerate(dict.fromkeys(names))
    }


def nested_styles(parents: Mapping[str, str]) -> dict[str, Style]:
    """A style for each name, with one hue for all names of the same parent.

    The shades of a parent go from dark to light in the order given, and its names differ in
    marker too. Names of different parents with the same marker are as far apart in lightness as
    can be, so that all can be told apart in print without colours.

    Parameters
    ----------
    parents : mapping of name to the name of its parent
    """
    families: dict[str, list[str]] = {}
    for name, parent in parents.items():
        families.setdefault(parent, []).append(name)
    found: dict[str, Style] = {}
    taken: dict[str, list[float]] = {marker: [] for marker in MARKERS}
    for number, members in enumerate(families.values()):
        free: list[str] = []
        for name, shade in zip(
            members, _shades(HUES[number % len(HUES)], len(members)), strict=True
        ):
            free = free or list(MARKERS)
            marker = max(free, key=lambda each: _apart(taken[each], lightness(shade)))
            free.remove(marker)
            found[name] = Style(shade, marker)
        for name in members:
            taken[found[name].marker].append(lightness(found[name].colour))
    return {name: found[name] for name in parents}


def parent_styles(parents: Iterable[str]) -> dict[str, Style]:
    """The hue of each parent, as the names in ``nested_styles`` have it."""
    names = dict.fromkeys(parents)
    return {name: Style(HUES[i % len(HUES)], "o") for i, name in enumerate(names)}


def lightness(colour: str) -> float:
    """Lightness of a colour, CIE L* under D65: 0 is black, 100 white."""
    return 116 * float(np.cbrt(max(_luminance(_linear(colour)), 1e-9))) - 16


def _apart(taken: list[float], light: float) -> float:
    """Smallest difference from lightnesses that are taken, 100 if there are none."""
    return min((abs(light - other) for other in taken), default=100.0)


def _shades(hue: str, count: int) -> list[str]:
    """Shades of a hue, from dark to light in equal steps; the hue itself where there is one."""
    if count == 1:
        return [hue]
    return [_shade(_linear(hue), light) for light in np.linspace(DARKEST, LIGHTEST, count)]


def _shade(rgb: np.ndarray, light: float) -> str:
    """A colour, in linear RGB, with black or white added until it has a lightness."""
    due, now = ((light + 16) / 116) ** 3, _luminance(rgb)
    mixed = rgb * due / now if due < now else rgb + (1 - rgb) * (due - now) / (1 - now)
    red, green, blue = np.where(mixed <= 0.0031308, 12.92 * mixed, _gamma(mixed)).clip(0, 1)
    return to_hex((red, green, blue))


def _gamma(linear: np.ndarray) -> np.ndarray:
    return np.asarray(1.055 * np.maximum(linear, 0) ** (1 / 2.4) - 0.055)


def _linear(colour: str) -> np.ndarray:
    """Linear RGB; (3,)."""
    c = np.array(to_rgb(colour))
    return np.asarray(np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4))


def _luminance(rgb: np.ndarray) -> float:
    return float(rgb @ [0.2126729, 0.7151522, 0.0721750])
