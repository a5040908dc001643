"""Palette: apart for every kind of colour vision, and for none."""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from ancestry_ddvi.plots.palette import COLOURS, HUES, nested_styles, styles

# Machado, Oliveira and Fernandes (2009), severity 1, on linear RGB.
VISION = {
    "all cones": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
TO_XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)


def linear(colour: str) -> np.ndarray:
    c = np.array(to_rgb(colour))
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def lab(rgb: np.ndarray) -> np.ndarray:
    """CIE L*a*b* under D65."""
    xyz = TO_XYZ @ np.clip(rgb, 0, 1) / [0.95047, 1.0, 1.08883]
    x, y, z = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("vision", VISION)
def test_any_two_colours_are_easily_told_apart(vision):
    seen = [lab(VISION[vision] @ linear(colour)) for colour in COLOURS]
    assert min(np.linalg.norm(a - b) for a, b in combinations(seen, 2)) > 15


@pytest.mark.parametrize("vision", VISION)
def test_any_two_of_the_first_five_hues_are_easily_told_apart(vision):
    seen = [lab(VISION[vision] @ linear(colour)) for colour in HUES[:5]]
    assert min(np.linalg.norm(a - b) for a, b in combinations(seen, 2)) > 15


def test_groups_of_one_parent_differ_in_lightness_and_marker():
    chosen = nested_styles({f"P{i}": "A" if i < 7 else "B" for i in range(12)})
    assert len({*chosen.values()}) == 12
    for family in (list(chosen.values())[:7], list(chosen.values())[7:]):
        lightness = [lab(linear(style.colour))[0] for style in family]
        assert (np.diff(lightness) > 4).all()
        assert len({style.marker for style in family}) == len(family)


KGP = {
    "AFR": "ACB ASW ESN GWD LWK MSL YRI", "AMR": "CLM MXL PEL PUR", "EAS": "CDX CHB CHS JPT KHV",
    "EUR": "CEU FIN GBR IBS TSI", "SAS": "BEB GIH ITU PJL STU",
}  # fmt: skip


def test_26_populations_can_be_told_apart_in_grey():
    chosen = nested_styles({name: parent for parent in KGP for name in KGP[parent].split()})
    for a, b in combinations(chosen.values(), 2):
        apart = abs(lab(linear(a.colour))[0] - lab(linear(b.colour))[0])
        assert a.marker != b.marker or apart > 10


@pytest.mark.parametrize("hue", HUES)
def test_every_shade_of_a_hue_stands_out_from_white_paper(hue):
    parents = {f"P{i}": f"S{HUES.index(hue)}" for i in range(7)}
    parents |= {f"Q{i}": f"S{i}" for i in range(len(HUES))}
    chosen = nested_styles(dict(sorted(parents.items(), key=lambda pair: pair[1])))
    for i in range(7):
        assert 1.05 / (TO_XYZ[1] @ linear(chosen[f"P{i}"].colour) + 0.05) > 2


@pytest.mark.parametrize("colour", [*COLOURS, *HUES[:5]])
def test_every_colour_stands_out_from_white_paper(colour):
    assert 1.05 / (TO_XYZ[1] @ linear(colour) + 0.05) > 2


def test_fifty_six_names_have_styles_of_their_own():
    chosen = styles(f"P{i}" for i in range(56))
    assert len(set(chosen.values())) == 56


def test_neighbours_differ_in_colour_and_in_marker():
    chosen = list(styles(f"P{i:02d}" for i in range(30)).values())
    for a, b in pairwise(chosen):
        assert a.colour != b.colour
        assert a.marker != b.marker


def test_a_style_belongs_to_a_name_and_its_position_in_the_list():
    assert styles(["A", "B", "A"]) == styles(["A", "B"])
