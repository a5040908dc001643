"""Samples unlike the reference panel look like it and are counted."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.collections import EllipseCollection, PathCollection

from ancestry_ddvi.plots.scatter import coordinates_figure, save

from .conftest import POPULATIONS, by_position, cohort


def strange_of(figure, hollow=True):
    """Where hollow marks, or the others, are in the first panel."""
    found = [
        c.get_offsets() for c in figure.axes[0].collections
        if isinstance(c, PathCollection) and (len(c.get_facecolors()) == 0) == hollow
    ]  # fmt: skip
    return by_position(np.concatenate(found)) if found else np.empty((0, 2))


@pytest.mark.parametrize("with_labels", [True, False])
def test_samples_unlike_the_panel_are_hollow_without_an_ellipse_and_counted(with_labels):
    coordinates, sd, labels, pcs = cohort()
    unlike = np.arange(300) % 10 == 3
    sd[unlike] = np.nan
    figure = coordinates_figure(
        coordinates, sd, labels=labels if with_labels else None, pcs=pcs, unlike=unlike
    )
    np.testing.assert_allclose(strange_of(figure), by_position(coordinates[unlike]))
    np.testing.assert_allclose(strange_of(figure, False), by_position(coordinates[~unlike]))
    (ellipses,) = (c for c in figure.axes[0].collections if isinstance(c, EllipseCollection))
    np.testing.assert_allclose(
        by_position(ellipses.get_offsets()), by_position(coordinates[~unlike])
    )
    texts = [text.get_text() for text in figure.axes[-1].texts]
    assert texts[-2:] == ["unlike panel", "30"]
    assert len(texts) == (2 * len(POPULATIONS) + 2 if with_labels else 2)


def test_where_all_are_like_the_panel_nothing_is_hollow():
    coordinates, sd, _, pcs = cohort()
    figure = coordinates_figure(coordinates, sd, pcs=pcs, unlike=np.zeros(300, dtype=bool))
    assert len(strange_of(figure)) == 0
    assert len(figure.axes[-1].texts) == 0


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_a_figure_of_strangers_alone_is_drawn(dims, tmp_path):
    coordinates, sd, labels, pcs = cohort(40, dims)
    nothing = np.full((40, dims, dims), np.nan)
    figure = coordinates_figure(
        coordinates, sd * np.nan, labels=labels, pcs=pcs, covariance=nothing,
        unlike=np.ones(40, dtype=bool),
    )  # fmt: skip
    assert len(strange_of(figure)) == 40
    save(figure, tmp_path / "x")
