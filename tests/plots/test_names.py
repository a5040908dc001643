"""Names are written where their groups are dense, apart from each other, and as they are."""

from __future__ import annotations

import warnings
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ancestry_ddvi.plots.canvas import Words
from ancestry_ddvi.plots.groups import grouped
from ancestry_ddvi.plots.names import heart, hearts, separate
from ancestry_ddvi.plots.scatter import composed, coordinate_view, coordinates_figure, save
from ancestry_ddvi.plots.sheet import SCREEN
from ancestry_ddvi.plots.views import Scene

from .conftest import POPULATIONS, cohort, reference


@pytest.mark.parametrize("pcs", [True, False])
def test_the_caption_is_whole_and_inside_the_figure(pcs):
    coordinates, sd, labels, components = cohort()
    caption = ("Distances are model-based. " * 12).strip()
    figure = coordinates_figure(
        coordinates,
        sd,
        labels=labels,
        pcs=components if pcs else None,
        caption=caption,
        title="A title",
    )
    title, below = figure.texts
    assert title.get_text() == "A title"
    whole = caption + " Ellipses reach one posterior standard deviation."
    assert " ".join(below.get_text().split("\n")) == whole
    renderer = figure.canvas.get_renderer()
    box = below.get_window_extent(renderer)
    assert box.x1 <= figure.bbox.x1
    assert box.y0 >= 0
    assert not box.overlaps(figure.axes[0].get_tightbbox(renderer))


def test_a_title_that_is_too_long_is_cut():
    coordinates, sd, _, _ = cohort()
    figure = coordinates_figure(coordinates, sd, title="cohort_of_many_words" * 20)
    title = figure.texts[0]
    assert title.get_text().endswith("…")
    assert title.get_window_extent().x1 <= figure.bbox.x1


def test_names_stand_at_the_median_where_there_is_room():
    coordinates = np.repeat([[0.0, 0.0], [5.0, 5.0]], 20, axis=0)
    figure = coordinates_figure(
        coordinates, 0.1 * np.ones_like(coordinates), labels=["A"] * 20 + ["B"] * 20
    )
    found = {text.get_text(): text.get_position() for text in figure.axes[0].texts}
    np.testing.assert_allclose(found["A"], (0, 0), atol=0.01)
    np.testing.assert_allclose(found["B"], (5, 5), atol=0.01)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), boxes=st.integers(1, 26), same=st.booleans())
def test_names_are_moved_apart_and_stay_in_the_frame(seed, boxes, same):
    rng = np.random.default_rng(seed)
    frame = np.array([[0.0, 0.0], [1000.0, 1000.0]])
    anchors = rng.uniform(0, 1000, size=(boxes, 2))
    if same:
        anchors[:] = anchors[0]
    sizes = np.column_stack([rng.uniform(40, 90, boxes), np.full(boxes, 22.0)])
    centres = separate(anchors, sizes, frame)
    assert (centres - sizes / 2 >= -1e-6).all()
    assert (centres + sizes / 2 <= 1000 + 1e-6).all()
    overlap = (sizes[:, None] + sizes[None]) / 2 - np.abs(centres[:, None] - centres[None])
    assert (np.minimum(overlap[..., 0], overlap[..., 1])[~np.eye(boxes, dtype=bool)] <= 1e-5).all()


@pytest.mark.parametrize("samples", [1, 12])
def test_names_do_not_cover_few_samples(samples):
    names = reference()
    points = names.coordinates.mean[:samples] + 1e-3
    figure = coordinates_figure(points, np.full((samples, 2), 0.05), reference=names)
    axes = figure.axes[0]
    places = axes.transData.transform(points)
    boxes = [t.get_window_extent() for t in axes.texts if t.get_text() in POPULATIONS]
    assert len(boxes) == 26
    assert not [1 for box in boxes for place in places if box.contains(*place)]


def test_a_name_stands_where_its_group_is_dense():
    turn = np.linspace(0, np.pi, 201)
    bow = np.column_stack([np.cos(turn), np.sin(turn)])
    assert np.hypot(*(bow - heart(bow)).T).min() < 0.05
    two = np.concatenate([np.zeros((60, 2)), np.full((40, 2), 9.0)])
    np.testing.assert_array_equal(heart(two), 0)


def test_groups_that_are_spread_over_each_other_have_no_names_on_the_map():
    points = np.random.default_rng(3).normal(size=(400, 2))
    batches = grouped(["first", "second"] * 200, 400)
    assert hearts(points, batches) == []
    points[::2] += 5
    assert [name for name, _ in hearts(points, batches)] == ["first", "second"]


def test_many_highlighted_samples_leave_the_names_of_groups():
    coordinates, sd, labels, _ = cohort()
    scene = Scene(grouped(labels, 300), highlighted={i: f"s{i}" for i in range(50)})
    view = coordinate_view(coordinates, sd[:, :, None] ** 2 * np.eye(2), (0, 1), "ddvi")
    figure = composed([view], scene, [], Words(), SCREEN)
    assert {text.get_text() for text in figure.axes[0].texts} == set(POPULATIONS)


@pytest.mark.parametrize("name", ["$x_2$", "_hidden", "<b>&", "漢民族", "a\\b", "%s", "long " * 20])
def test_a_label_is_shown_as_it_is_written(name, tmp_path):
    coordinates, sd, _, pcs = cohort(samples=20)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        files = save(
            coordinates_figure(coordinates, sd, labels=[name] * 20, pcs=pcs), tmp_path / "x"
        )
    shown = "".join(ET.parse(files["svg"]).getroot().itertext())
    assert (name if len(name) < 20 else name[:20].strip()) in shown
