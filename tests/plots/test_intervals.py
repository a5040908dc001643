"""Intervals have the size and the shape of the posteriors, and none is cut."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.collections import EllipseCollection

from ancestry_ddvi.plots.panels import ELLIPSE_SD
from ancestry_ddvi.plots.scatter import coordinates_figure

from .conftest import by_position, cohort, drawn


def shapes_of(figure):
    """The covariances that the ellipses of the left panel stand for."""
    (ellipses,) = [c for c in figure.axes[0].collections if isinstance(c, EllipseCollection)]
    turn = np.radians(ellipses.get_angles())
    axes = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    sizes = np.array([ellipses.get_widths(), ellipses.get_heights()]) / 2 / ELLIPSE_SD
    return np.einsum("ijn,jn,kjn->nik", axes, sizes**2, axes)


def test_an_ellipse_has_the_shape_and_tilt_of_the_covariance():
    covariance = np.array([[[0.09, 0.024], [0.024, 0.01]], [[0.04, -0.04], [-0.04, 0.16]]])
    sd = np.sqrt(np.diagonal(covariance, axis1=1, axis2=2))
    figure = coordinates_figure(np.zeros((2, 2)), sd, covariance=covariance)
    np.testing.assert_allclose(shapes_of(figure), covariance)


def test_without_covariances_ellipses_stand_upright():
    figure = coordinates_figure(np.zeros((1, 3)), np.array([[0.3, 0.1, 9.0]]))
    np.testing.assert_allclose(shapes_of(figure), [[[0.09, 0], [0, 0.01]]], atol=1e-12)


def test_a_sample_without_spread_is_no_error():
    figure = coordinates_figure(np.zeros((1, 2)), np.zeros((1, 2)), covariance=np.zeros((1, 2, 2)))
    np.testing.assert_array_equal(shapes_of(figure), 0)


def test_one_coordinate_is_a_strip_with_intervals():
    coordinates, sd, labels, pcs = cohort(samples=50, dims=1)
    figure = coordinates_figure(coordinates, sd, labels=labels, pcs=pcs)
    assert figure.texts[-1].get_text() == "Lines reach one posterior standard deviation."
    left = figure.axes[0]
    points = drawn(left)
    np.testing.assert_allclose(np.sort(points[:, 0]), np.sort(coordinates[:, 0]))
    np.testing.assert_array_equal(np.sort(points[:, 1]), np.arange(50))
    lines = np.array(left.collections[0].get_segments())
    width = np.sort(lines[:, 1, 0] - lines[:, 0, 0])
    np.testing.assert_allclose(width, np.sort(2 * ELLIPSE_SD * sd[:, 0]))


def test_of_many_samples_the_median_interval_and_the_widest_are_drawn():
    coordinates, sd, _, _ = cohort(samples=1000)
    sd[:] = 0.05
    sd[[3, 70]] = 0.5
    figure = coordinates_figure(coordinates, sd)
    wide, median = (c for c in figure.axes[0].collections if isinstance(c, EllipseCollection))
    np.testing.assert_allclose(by_position(wide.get_offsets()), by_position(coordinates[[3, 70]]))
    np.testing.assert_allclose(wide.get_widths(), 2 * ELLIPSE_SD * 0.5)
    np.testing.assert_allclose(median.get_widths(), 2 * ELLIPSE_SD * 0.05)
    assert "the median of all samples" in figure.texts[-1].get_text().replace("\n", " ")


@pytest.mark.parametrize("samples", [1, 20, 1000])
def test_no_interval_and_no_mark_is_cut_at_the_border(samples):
    coordinates, sd, _, pcs = cohort(samples)
    far = int(np.argmax(coordinates[:, 0]))
    sd[far] = 3
    axes = coordinates_figure(coordinates, sd, pcs=pcs).axes[0]
    assert axes.get_xlim()[1] > coordinates[far, 0] + 3
    assert axes.get_ylim()[0] < coordinates[far, 1] - 3
    assert axes.get_xlim()[0] < coordinates[:, 0].min()
