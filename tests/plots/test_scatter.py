"""Figures: every sample is drawn, over the groups of a model, and the same bytes each time."""

from __future__ import annotations

import logging
import subprocess
import sys

import matplotlib
import numpy as np
import pytest
from matplotlib.collections import EllipseCollection, PathCollection
from matplotlib.colors import to_hex

from ancestry_ddvi.errors import OutputUnwritable
from ancestry_ddvi.plots.reference import GroupShapes
from ancestry_ddvi.plots.scatter import coordinates_figure, save

from .conftest import PARENTS, POPULATIONS, by_position, cohort, drawn, reference


def test_every_sample_is_drawn_once_in_both_panels():
    coordinates, sd, labels, pcs = cohort()
    left, right, _ = coordinates_figure(coordinates, sd, labels=labels, pcs=pcs).axes
    np.testing.assert_allclose(drawn(left), by_position(coordinates))
    np.testing.assert_allclose(drawn(right), by_position(pcs[:, :2]))


def test_axes_say_what_they_are():
    coordinates, sd, labels, pcs = cohort(dims=5)
    left, right, _ = coordinates_figure(coordinates, sd, labels=labels, pcs=pcs).axes
    assert (left.get_xlabel(), left.get_ylabel()) == ("Z1", "Z2")
    assert (right.get_xlabel(), right.get_ylabel()) == ("PC1", "PC2")
    assert left.get_title(loc="left").endswith("first 2 of 5")


@pytest.mark.parametrize("samples", [1, 957])
def test_samples_of_a_query_lie_over_the_groups_of_the_model(samples, tmp_path):
    query = np.zeros((samples, 2)) + np.linspace(0, 0.01, samples)[:, None]
    figure = coordinates_figure(query, 0.1 + query * 0, reference=reference())
    axes = figure.axes[0]
    behind = next(
        c for c in axes.collections
        if isinstance(c, EllipseCollection) and len(c.get_offsets()) == len(PARENTS)
    )  # fmt: skip
    np.testing.assert_allclose(behind.get_offsets(), reference().coordinates.mean)
    np.testing.assert_allclose(behind.get_widths(), 2 * 2.4477 * 0.1)
    assert behind.get_zorder() < min(c.get_zorder() for c in axes.collections if c is not behind)
    (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
    assert max(left, low) < -3.2
    assert min(right, high) > 3.2
    written = {text.get_text() for text in axes.texts}
    assert written - {"median interval"} == set(POPULATIONS)
    save(figure, tmp_path / "x")


def test_axes_of_components_say_their_share_of_the_variance_if_it_is_known():
    coordinates, sd, _, pcs = cohort()
    known = coordinates_figure(coordinates, sd, pcs=pcs, variance=np.array([0.0712, 0.00318]))
    assert known.axes[1].get_xlabel() == "PC1 (7.1 %)"
    assert known.axes[1].get_ylabel() == "PC2 (0.32 %)"


def test_components_lie_over_the_groups_of_the_model_too():
    coordinates, sd, _, pcs = cohort(samples=7)
    mean = np.arange(78.0).reshape(26, 3)
    scores = GroupShapes(mean, np.tile(np.diag([4.0, 1.0, 9.0]), (26, 1, 1)))
    right = coordinates_figure(coordinates, sd, pcs=pcs, reference=reference(scores)).axes[1]
    (behind,) = (c for c in right.collections if isinstance(c, EllipseCollection))
    np.testing.assert_allclose(behind.get_offsets(), mean[:, :2])
    np.testing.assert_allclose(behind.get_widths(), 2 * 2.4477 * 2)
    np.testing.assert_allclose(behind.get_heights(), 2 * 2.4477)


@pytest.mark.parametrize(("samples", "colour"), [(12, "#1a1a1a"), (957, "white")])
def test_marks_of_few_samples_stand_out_from_their_ellipses(samples, colour):
    points = np.zeros((samples, 2))
    axes = coordinates_figure(points, points + 0.1, labels=["A"] * samples).axes[0]
    marks = [c for c in axes.collections if isinstance(c, PathCollection)]
    assert {to_hex(edge) for c in marks for edge in c.get_edgecolors()} == {to_hex(colour)}


@pytest.mark.parametrize("samples", [1, 2])
def test_one_sample_is_a_figure_too(samples, tmp_path):
    save(
        coordinates_figure(np.zeros((samples, 2)), np.ones((samples, 2)), labels=["A"] * samples),
        tmp_path / "x",
    )


def test_the_same_cohort_gives_the_same_bytes(tmp_path):
    coordinates, sd, labels, pcs = cohort()
    files = [
        save(coordinates_figure(coordinates, sd, labels=labels, pcs=pcs), tmp_path / name)
        for name in "ab"
    ]
    for kind in ("png", "svg"):
        assert files[0][kind].read_bytes() == files[1][kind].read_bytes()
    assert "<dc:date>" not in files[0]["svg"].read_text()


def test_drawing_leaves_the_settings_of_matplotlib_alone(tmp_path):
    before = dict(matplotlib.rcParams)
    save(coordinates_figure(*cohort()[:2]), tmp_path / "x")
    assert dict(matplotlib.rcParams) == before


def test_drawing_needs_no_pyplot():
    program = (
        "import sys, numpy as np\n"
        "from ancestry_ddvi.plots.scatter import coordinates_figure\n"
        "assert 'matplotlib' not in sys.modules\n"
        "coordinates_figure(np.zeros((3, 2)), np.ones((3, 2)))\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_folder_that_is_a_file_is_an_error(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OutputUnwritable):
        save(coordinates_figure(*cohort()[:2]), tmp_path / "file" / "x")


def test_more_samples_make_pixels_instead_of_a_large_svg(tmp_path):
    coordinates, sd, labels, pcs = cohort(samples=6_000)
    files = save(coordinates_figure(coordinates, sd, labels=labels, pcs=pcs), tmp_path / "x")
    assert files["svg"].stat().st_size < 4_000_000
    assert logging.getLogger("matplotlib").handlers == []
