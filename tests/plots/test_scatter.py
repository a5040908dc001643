"""Figures: every sample is drawn, ellipses have the size stated, nothing overlaps."""

from __future__ import annotations

import logging
import subprocess
import sys
import warnings
import xml.etree.ElementTree as ET
from itertools import combinations

import matplotlib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.collections import EllipseCollection, PathCollection

from ancestry_ddvi.errors import OutputUnwritable
from ancestry_ddvi.plots.canvas import Words
from ancestry_ddvi.plots.groups import Group, grouped
from ancestry_ddvi.plots.legend import legend_below, legend_beside
from ancestry_ddvi.plots.lettering import apart
from ancestry_ddvi.plots.names import heart, hearts, separate
from ancestry_ddvi.plots.palette import HUES, SINGLE_GROUP, UNNAMED
from ancestry_ddvi.plots.panels import ELLIPSE_SD
from ancestry_ddvi.plots.reference import GroupShapes, Reference
from ancestry_ddvi.plots.scatter import composed, coordinate_view, coordinates_figure, save
from ancestry_ddvi.plots.sheet import SCREEN
from ancestry_ddvi.plots.views import Scene

POPULATIONS = [f"P{i:02d}" for i in range(26)]


def cohort(samples=300, dims=2, names=tuple(POPULATIONS), seed=0):
    """Places, sd, labels and principal components of a simulated cohort."""
    rng = np.random.default_rng(seed)
    label = rng.integers(len(names), size=samples)
    coordinates = rng.normal(size=(len(names), dims))[label] + 0.1 * rng.normal(
        size=(samples, dims)
    )
    sd = rng.uniform(0.02, 0.1, size=(samples, dims))
    pcs = rng.normal(size=(samples, 3))
    return coordinates, sd, [names[i] for i in label], pcs


def drawn(axes):
    """Where all points of the axes are, as a sorted array."""
    points = [c.get_offsets() for c in axes.collections if isinstance(c, PathCollection)]
    points = np.concatenate(points)
    return points[np.lexsort(points.T)]


def by_position(points):
    return points[np.lexsort(points.T)]


def words(figure):
    return [text.get_text() for axes in figure.axes for text in axes.texts if text.get_text()]


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


def test_the_legend_has_every_label_with_its_count():
    coordinates, sd, labels, pcs = cohort()
    legend = coordinates_figure(coordinates, sd, labels=labels, pcs=pcs).axes[-1]
    texts = [text.get_text() for text in legend.texts]
    expected = [word for name in POPULATIONS for word in (name, str(labels.count(name)))]
    assert texts == expected


@pytest.mark.parametrize("labels", [26, 70, 100])
def test_no_two_words_of_the_legend_overlap_and_none_leaves_the_figure(labels):
    names = tuple(f"A longer name {i}" for i in range(labels))
    coordinates, sd, chosen, pcs = cohort(samples=2000, names=names)
    figure = coordinates_figure(coordinates, sd, labels=chosen, pcs=pcs, caption="c" * 300)
    renderer = figure.canvas.get_renderer()
    boxes = [text.get_window_extent(renderer) for text in figure.axes[-1].texts]
    whole = figure.bbox
    for box in boxes:
        assert box.x1 <= whole.x1
        assert box.y0 >= whole.y0
        assert not box.overlaps(figure.axes[1].bbox)
    assert not [1 for a, b in combinations(boxes, 2) if a.overlaps(b)]


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
    coordinates = np.repeat([[0.0, 0.0], [5.0, 5.0]], 10, axis=0)
    figure = coordinates_figure(
        coordinates, 0.1 * np.ones_like(coordinates), labels=["A"] * 10 + ["B"] * 10
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


def test_samples_without_a_label_are_grey_and_named_as_such():
    coordinates, sd, _, pcs = cohort(samples=4)
    figure = coordinates_figure(coordinates, sd, labels=["B", "NA", "A", "NA"], pcs=pcs)
    assert [text.get_text() for text in figure.axes[-1].texts] == [
        *("A", "1"),
        *("B", "1"),
        *("no label", "2"),
    ]
    assert "NA" not in words(figure)


def test_without_labels_there_is_one_colour_and_no_legend():
    coordinates, sd, _, pcs = cohort()
    figure = coordinates_figure(coordinates, sd, pcs=pcs)
    assert words(figure) == []
    colours = {
        tuple(c.get_facecolor()[0][:3])
        for axes in figure.axes
        for c in axes.collections
        if isinstance(c, PathCollection)
    }
    assert len(colours) == 1


def test_every_sample_is_in_one_group():
    groups = grouped(["b", "a", "NA", "b"], 4)
    assert [(group.name, group.rows.tolist()) for group in groups] == [
        ("a", [1]),
        ("b", [0, 3]),
        ("", [2]),
    ]


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


PARENTS = {name: f"S{i % 5}" for i, name in enumerate(POPULATIONS)}


def reference(scores=None):
    """Normals of 26 groups on a circle of radius 3, and perhaps of their scores."""
    turn = np.linspace(0, 2 * np.pi, len(PARENTS), endpoint=False)
    mean = 3 * np.column_stack([np.cos(turn), np.sin(turn)])
    shapes = GroupShapes(mean, np.tile(0.01 * np.eye(2), (len(PARENTS), 1, 1)))
    return Reference(PARENTS, shapes, scores)


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


def test_the_legend_of_a_query_counts_its_samples_and_lists_groups_by_parent():
    coordinates, sd, _, pcs = cohort(samples=7)
    figure = coordinates_figure(coordinates, sd, pcs=pcs, reference=reference())
    texts = [text.get_text() for text in figure.axes[-1].texts]
    first = [name for name, parent in PARENTS.items() if parent == "S0"]
    assert texts[: 3 + len(first)] == ["samples", "7", "S0", *first]
    headings = [text for text in texts if text.startswith("S")]
    assert [*dict.fromkeys(headings)] == ["S0", "S1", "S2", "S3", "S4"]
    assert len(texts) - len(headings) == 2 + 26


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


LONG = "Population of the valley of the upper river, village "


@pytest.mark.parametrize(
    "names",
    [
        [LONG + "one", LONG + "two", "short"],
        [f"{LONG}{i} and its surroundings" for i in range(12)],
        [LONG + "one", "Population of the valley …"],
    ],
)
def test_different_long_names_stay_different_when_they_are_cut(names):
    shown = apart(names, 26)
    assert len({*shown.values()}) == len(names)
    assert max(map(len, shown.values())) <= 26


def many(groups, parents):
    nobody = np.arange(3)
    return [Group(f"P{i:03d}", nobody, SINGLE_GROUP, f"S{i * parents // groups}")
            for i in range(groups)]  # fmt: skip


@pytest.mark.parametrize(("groups", "parents"), [(26, 5), (40, 3), (60, 2), (5, 5), (1, 1)])
@pytest.mark.parametrize("make", [legend_beside, lambda g, scale: legend_below(g, scale, 6.0)])
def test_the_name_of_a_parent_is_repeated_where_the_legend_breaks(make, groups, parents):
    legend = make(many(groups, parents), 1.0)
    assert legend.more == 0
    assert sum(entry.group is not None for column in legend.columns for entry in column) == groups
    for column in legend.columns:
        assert column[0].group is None
        assert column[-1].group is not None
        parent = ""
        for entry in column:
            parent = entry.text if entry.group is None else parent
            assert entry.group is None or entry.group.parent == parent


def test_a_legend_below_is_no_wider_than_asked_and_says_what_it_leaves_out():
    legend = legend_below(many(500, 1), 1.0, 3.0)
    assert legend.width <= 3
    shown = sum(entry.group is not None for column in legend.columns for entry in column)
    assert shown + legend.more == 500


def test_a_label_of_the_model_has_the_same_style_whichever_samples_are_there():
    alone = {g.name: g.style for g in grouped(["P07", "other"], 2, PARENTS)}
    together = {g.name: g.style for g in grouped(POPULATIONS, 26, PARENTS)}
    behind = {g.name: g.style for g in reference().groups}
    assert alone["P07"] == together["P07"] == behind["P07"]
    assert alone["other"] not in together.values()


def test_a_parent_has_the_hue_of_its_labels_and_what_has_no_group_is_grey():
    found = {g.name: g for g in grouped(["S1", "P01", "unassigned", "x"], 4, PARENTS)}
    assert found["S1"].style.colour == HUES[1]
    assert found["S1"].parent == found["P01"].parent == "S1"
    assert found["unassigned"].style == UNNAMED
    assert found["x"].style not in (UNNAMED, found["S1"].style)


def test_many_highlighted_samples_leave_the_names_of_groups():
    coordinates, sd, labels, _ = cohort()
    scene = Scene(grouped(labels, 300), highlighted={i: f"s{i}" for i in range(50)})
    view = coordinate_view(coordinates, sd[:, :, None] ** 2 * np.eye(2), (0, 1), "ddvi")
    figure = composed([view], scene, [], Words(), SCREEN)
    assert {text.get_text() for text in figure.axes[0].texts} == set(POPULATIONS)


def test_groups_are_sorted_by_parent():
    groups = grouped(POPULATIONS, 26, PARENTS)
    assert [group.parent for group in groups] == sorted(PARENTS.values())


@pytest.mark.parametrize("samples", [1, 2])
def test_one_sample_is_a_figure_too(samples, tmp_path):
    save(
        coordinates_figure(np.zeros((samples, 2)), np.ones((samples, 2)), labels=["A"] * samples),
        tmp_path / "x",
    )


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
