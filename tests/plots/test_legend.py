"""The legend counts every label, by parent, and no two of its words overlap or are the same."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from matplotlib.collections import PathCollection

from ancestry_ddvi.plots.groups import Group, grouped
from ancestry_ddvi.plots.legend import legend_below, legend_beside
from ancestry_ddvi.plots.lettering import apart
from ancestry_ddvi.plots.palette import HUES, SINGLE_GROUP, UNNAMED
from ancestry_ddvi.plots.scatter import coordinates_figure

from .conftest import PARENTS, POPULATIONS, cohort, reference, words


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


def test_the_legend_of_a_query_counts_its_samples_and_lists_groups_by_parent():
    coordinates, sd, _, pcs = cohort(samples=7)
    figure = coordinates_figure(coordinates, sd, pcs=pcs, reference=reference())
    texts = [text.get_text() for text in figure.axes[-1].texts]
    first = [name for name, parent in PARENTS.items() if parent == "S0"]
    assert texts[: 3 + len(first)] == ["samples", "7", "S0", *first]
    headings = [text for text in texts if text.startswith("S")]
    assert [*dict.fromkeys(headings)] == ["S0", "S1", "S2", "S3", "S4"]
    assert len(texts) - len(headings) == 2 + 26


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


def test_groups_are_sorted_by_parent():
    groups = grouped(POPULATIONS, 26, PARENTS)
    assert [group.parent for group in groups] == sorted(PARENTS.values())
