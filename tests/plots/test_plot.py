"""``plot``: what other commands wrote, drawn again."""

from __future__ import annotations

import json
import logging
import shutil
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
from matplotlib.collections import EllipseCollection, PathCollection
from matplotlib.colors import to_rgb

from ancestry_ddvi import api
from ancestry_ddvi.errors import DDVIError, InputsDisagree, InputUnreadable, UsageProblem

POPULATIONS = {"North1", "North2", "South1", "East1"}


@pytest.fixture(scope="module")
def runs(fitted_model, cohort_files, tmp_path_factory) -> Path:
    """A folder with a fit, cohort, and samples embedded in it, query."""
    folder = tmp_path_factory.mktemp("runs")
    for path in {*fitted_model.files.values()}:
        shutil.copy(path, folder / path.name)
    model = str(folder / "cohort.ddvi")
    api.assign(model, [str(cohort_files.query)], str(folder / "query"), device="cpu")
    return folder


@pytest.fixture
def plot(runs, tmp_path):
    """Draws a run of the folder; the axes of its panels."""

    def draw(name: str, out: str = "x.png", **options):
        drawn = api.plot(str(runs / name), str(tmp_path / out), **options)
        return drawn.figure

    return draw


def marks(axes):
    points = [c.get_offsets() for c in axes.collections if isinstance(c, PathCollection)]
    points = np.concatenate(points)
    return points[np.lexsort(points.T)]


def column(path: Path, *names: str) -> np.ndarray:
    header, *rows = (line.split("\t") for line in path.read_text().splitlines())
    found = np.array([[float(row[header.index(name)]) for name in names] for row in rows])
    return found[np.lexsort(found.T)]


def legend(figure) -> list[str]:
    return [text.get_text() for text in figure.axes[-1].texts]


def test_the_figure_of_a_run_is_drawn_as_the_run_drew_it(plot, runs, tmp_path):
    figure = plot("cohort", title="cohort: 122 samples, 2,400 variants")
    left, right, _ = figure.axes
    np.testing.assert_allclose(marks(left), column(runs / "cohort.coords.tsv", "Z1", "Z2"))
    np.testing.assert_allclose(marks(right), column(runs / "cohort.pcs.tsv", "PC1", "PC2"))
    assert {*legend(figure)} > POPULATIONS
    assert right.get_xlabel().startswith("PC1 (")
    of_run = ET.parse(runs / "cohort.svg").getroot()
    plot("cohort", "again.svg", title=of_run_title(of_run))
    again = ET.parse(tmp_path / "again.svg").getroot()
    assert texts(again) == texts(of_run)


def texts(root) -> list[str]:
    return sorted(filter(None, (text.strip() for text in root.itertext())))


def of_run_title(root) -> str:
    return next(text for text in texts(root) if text.startswith("cohort: "))


def test_a_query_lies_over_the_groups_of_its_model(plot, runs):
    figure = plot("query")
    for axes in figure.axes[:2]:
        sizes = [len(c.get_offsets()) for c in axes.collections if isinstance(c, EllipseCollection)]
        assert len(POPULATIONS) in sizes
    assert {*legend(figure)} > POPULATIONS
    np.testing.assert_allclose(marks(figure.axes[0]), column(runs / "query.coords.tsv", "Z1", "Z2"))


def test_a_model_alone_shows_its_groups_and_no_sample(plot):
    figure = plot("cohort.ddvi")
    left, right, _ = figure.axes
    assert not [c for axes in (left, right) for c in axes.collections
                if isinstance(c, PathCollection)]  # fmt: skip
    assert {text.get_text() for text in left.texts} == POPULATIONS
    assert (left.get_xlabel(), right.get_xlabel().split()[0]) == ("Z1", "PC1")


def test_a_name_of_a_reference_model_comes_before_a_prefix(runs, tmp_path, monkeypatch):
    monkeypatch.setenv("DDVI_ANCESTRY_REFERENCES", str(runs))
    monkeypatch.chdir(runs)
    out = str(tmp_path / "x.png")
    by_name, by_prefix = (api.plot(name, out).figure for name in ("cohort", "./cohort"))
    assert by_name.texts[0].get_text() == "cohort: reference groups"
    assert by_prefix.texts[0].get_text().startswith("cohort: 1")


def test_the_model_of_a_run_is_found_by_its_name(runs, tmp_path, monkeypatch):
    summary = json.loads((runs / "query.summary.json").read_text())
    for name in ("coords.tsv", "pcs.tsv"):
        shutil.copy(runs / f"query.{name}", tmp_path / f"q.{name}")
    (tmp_path / "q.summary.json").write_text(json.dumps(summary | {"model": "cohort"}))
    monkeypatch.setenv("DDVI_ANCESTRY_REFERENCES", str(runs))
    figure = api.plot(str(tmp_path / "q"), str(tmp_path / "x.png")).figure
    assert {*legend(figure)} > POPULATIONS


def test_any_pair_of_axes_is_a_panel(plot, runs):
    figure = plot("cohort", axes=["2,1", "PC1,PC3", "pc2,pc1"])
    first, second, third, _ = figure.axes
    np.testing.assert_allclose(marks(first), column(runs / "cohort.coords.tsv", "Z2", "Z1"))
    np.testing.assert_allclose(marks(second), column(runs / "cohort.pcs.tsv", "PC1", "PC3"))
    np.testing.assert_allclose(marks(third), column(runs / "cohort.pcs.tsv", "PC2", "PC1"))
    assert (first.get_xlabel(), first.get_ylabel()) == ("Z2", "Z1")


def test_all_pairs_of_more_than_two_coordinates(runs, tmp_path):
    header, *lines = (runs / "query.coords.tsv").read_text().splitlines()
    names, rows = header.split("\t"), [line.split("\t") for line in lines]
    for k in ("3", "4"):
        for name, value in ((f"Z{k}", k), (f"Z{k}_sd", "0.1")):
            names.append(name)
            for row in rows:
                row.append(value)
    for a, b in ("13", "14", "23", "24", "34"):
        names.append(f"Z{a}_Z{b}_corr")
        for row in rows:
            row.append("0")
    wide = tmp_path / "wide.coords.tsv"
    wide.write_text("\n".join("\t".join(row) for row in [names, *rows]) + "\n")
    figure = api.plot(str(tmp_path / "wide"), str(tmp_path / "x.pdf"), axes=["all"]).figure
    assert [(a.get_xlabel(), a.get_ylabel()) for a in figure.axes[:-1]] == [
        ("Z1", "Z2"), ("Z1", "Z3"), ("Z1", "Z4"), ("Z2", "Z3"), ("Z2", "Z4"), ("Z3", "Z4"),
    ]  # fmt: skip


def test_a_quantity_colours_samples_along_a_scale_with_a_bar(plot, runs):
    figure = plot("cohort", color_by="p_panel", axes=["1,2"])
    panel, bar, _ = figure.axes
    assert bar.get_title(loc="left") == "p_panel"
    value = {}
    for line in (runs / "cohort.coords.tsv").read_text().splitlines()[1:]:
        cells = line.split("\t")
        value[float(cells[1]), float(cells[2])] = float(cells[-2])
    shown = []
    for drawn in panel.collections:
        if isinstance(drawn, PathCollection) and len(drawn.get_facecolors()):
            places = np.asarray(drawn.get_offsets()).tolist()
            shown += zip([value[x, y] for x, y in places], drawn.get_facecolors(), strict=True)
    shown.sort(key=lambda pair: pair[0])
    light = [float(colour[:3] @ [0.2126, 0.7152, 0.0722]) for _, colour in shown]
    assert len(shown) > 100
    assert light == sorted(light)
    assert light[-1] - light[0] > 0.3


def test_samples_without_a_value_are_grey_and_counted(plot, runs, tmp_path):
    samples = [
        line.split("\t")[0] for line in (runs / "cohort.coords.tsv").read_text().splitlines()
    ]
    table = tmp_path / "ages.tsv"
    rows = [f"{name}\t{20 + i if i < 60 else 'NA'}" for i, name in enumerate(samples[1:101])]
    table.write_text("\n".join(["sample\tage", *rows]) + "\n")
    figure = plot("cohort", color_by="age", table=str(table), axes=["1,2"])
    panel = figure.axes[0]
    assert legend(figure)[:2] == ["no value", str(len(samples) - 1 - 60 - strangers(runs, samples))]
    assert len(marks(panel)) == len(samples) - 1


def strangers(runs, samples) -> int:
    """Samples unlike the panel among those without an age."""
    lines = (runs / "cohort.coords.tsv").read_text().splitlines()[61:]
    return sum("unlike_panel" in line for line in lines)


def test_a_column_of_any_table_colours_samples(plot, runs, tmp_path):
    samples = [line.split("\t")[0] for line in (runs / "query.coords.tsv").read_text().splitlines()]
    table = tmp_path / "batches.csv"
    rows = [f"{name},{i % 2 + 1},run {i % 3}" for i, name in enumerate(samples[1:-1])]
    table.write_text("\n".join(["sample,batch,lane", *rows]) + "\n")
    figure = plot("query", color_by="batch", table=str(table))
    assert {"1", "2", "no label"} < {*legend(figure)}
    assert {"run 0", "run 1", "run 2"} < {*legend(plot("query", color_by="lane", table=str(table)))}


def test_groups_under_another_prefix_colour_the_coordinates_of_their_table(runs, tmp_path):
    table = str(runs / "query.coords.tsv")
    api.assign(str(runs / "cohort.ddvi"), [table], str(tmp_path / "groups"))
    prefix, out = str(tmp_path / "groups"), str(tmp_path / "x.png")
    figure = api.plot(prefix, out, color_by="ancestry").figure
    assert len(marks(figure.axes[0])) == 8


def test_a_label_of_the_model_keeps_its_colour_in_a_table(plot, runs):
    figure = plot("query", color_by="ancestry")
    assert {*legend(figure)} & POPULATIONS


@pytest.mark.parametrize("as_file", [True, False])
def test_highlighted_samples_have_a_ring_their_name_and_their_interval(
    plot, runs, tmp_path, as_file
):
    lines = (runs / "cohort.coords.tsv").read_text().splitlines()
    chosen = [lines[5].split("\t"), lines[9].split("\t")]
    asked = [cells[0] for cells in chosen]
    if as_file:
        (tmp_path / "ids").write_text("\n".join(asked) + "\n")
        asked = [str(tmp_path / "ids")]
    panel = plot("cohort", highlight=asked).axes[0]
    (rings,) = (
        c for c in panel.collections
        if isinstance(c, PathCollection) and len(c.get_offsets()) == 2
        and to_rgb(c.get_edgecolors()[0]) == (0, 0, 0)
    )  # fmt: skip
    places = [[float(cells[1]), float(cells[2])] for cells in chosen]
    np.testing.assert_allclose(rings.get_offsets(), places)
    assert {cells[0] for cells in chosen} < {text.get_text() for text in panel.texts}


@pytest.mark.parametrize("millimetres", [85, 120, 180])
@pytest.mark.parametrize("kind", ["png", "svg", "pdf"])
def test_a_figure_for_print_has_its_width_and_letters_of_5_points_or_more(
    plot, tmp_path, millimetres, kind
):
    figure = plot("cohort", f"x.{kind}", width=millimetres)
    assert figure.get_size_inches()[0] * 25.4 == pytest.approx(millimetres)
    content = (tmp_path / f"x.{kind}").read_bytes()
    assert content.startswith({"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}[kind])
    renderer = figure.canvas.get_renderer()
    for text in figure.findobj(lambda each: hasattr(each, "get_fontsize")):
        if text.get_text() and text.get_visible():
            assert text.get_fontsize() >= 5
    for axes in figure.axes:
        box = axes.get_tightbbox(renderer)
        assert box is None or (box.x0 >= -1 and box.x1 <= figure.bbox.x1 + 1)


def test_title_and_caption_are_left_out_on_request(plot):
    assert plot("query").texts[0].get_text() == "query: 8 samples"
    assert plot("query", title="Alps").texts[0].get_text() == "Alps"
    assert plot("query", title="", caption=False).texts == []


def test_the_same_figure_has_the_same_bytes(plot, tmp_path):
    for name in ("a.pdf", "b.pdf"):
        plot("cohort", name, width=85)
    assert (tmp_path / "a.pdf").read_bytes() == (tmp_path / "b.pdf").read_bytes()


@pytest.mark.parametrize(
    ("name", "options", "error", "said"),
    [
        ("absent", {}, InputUnreadable, "absent.coords.tsv"),
        ("cohort", {"out": "x.jpg"}, UsageProblem, "x.jpg"),
        ("cohort", {"axes": ["1,3"]}, UsageProblem, "has 2 coordinates"),
        ("cohort", {"axes": ["PC1,PC99"]}, UsageProblem, "components"),
        ("cohort", {"axes": ["1,1"]}, UsageProblem, "1,1"),
        ("cohort", {"axes": ["1,PC2"]}, UsageProblem, "1,PC2"),
        ("cohort", {"axes": ["one"]}, UsageProblem, "one"),
        ("cohort", {"axes": ["1,2"] * 30}, UsageProblem, "30 panels"),
        ("cohort", {"color_by": "height"}, UsageProblem, "height"),
        ("cohort", {"highlight": ["nobody"]}, InputsDisagree, "nobody"),
        ("cohort", {"width": 3}, UsageProblem, "--width is 3"),
        ("cohort.ddvi", {"highlight": ["nobody"]}, InputsDisagree, "nobody"),
        ("cohort", {"table": "/absent"}, InputUnreadable, "/absent"),
    ],
)
def test_what_cannot_be_drawn_is_one_sentence(plot, tmp_path, name, options, error, said):
    with pytest.raises(error) as caught:
        plot(name, **options)
    assert said in str(caught.value)
    assert not list(tmp_path.glob("x.*"))


def test_a_table_without_the_column_says_which_it_has(plot, cohort_files):
    with pytest.raises(InputsDisagree, match="sample, population"):
        plot("cohort", color_by="height", table=str(cohort_files.labels))


def test_a_table_of_another_run_is_refused(runs, tmp_path):
    for name in ("coords.tsv", "pcs.tsv", "summary.json"):
        shutil.copy(runs / f"query.{name}", tmp_path / f"q.{name}")
    shutil.copy(runs / "cohort.pcs.tsv", tmp_path / "q.pcs.tsv")
    with pytest.raises(DDVIError, match=r"q\.pcs\.tsv, line 2: not the sample"):
        api.plot(str(tmp_path / "q"), str(tmp_path / "x.png"))


def test_a_model_that_changed_since_is_not_drawn(runs, tmp_path, caplog):
    for name in ("coords.tsv", "pcs.tsv", "summary.json"):
        shutil.copy(runs / f"query.{name}", tmp_path / f"q.{name}")
    summary = json.loads((tmp_path / "q.summary.json").read_text())
    (tmp_path / "q.summary.json").write_text(json.dumps(summary | {"model_sha256": "0" * 64}))
    with caplog.at_level(logging.WARNING):
        figure = api.plot(str(tmp_path / "q"), str(tmp_path / "x.png")).figure
    assert "has changed since" in caplog.text
    assert not [c for c in figure.axes[1].collections if isinstance(c, EllipseCollection)]


def test_a_run_alone_without_a_summary_is_drawn(runs, tmp_path, caplog):
    shutil.copy(runs / "query.coords.tsv", tmp_path / "q.coords.tsv")
    with caplog.at_level(logging.WARNING):
        figure = api.plot(str(tmp_path / "q"), str(tmp_path / "x.png")).figure
    assert len(marks(figure.axes[0])) == 8
    assert "its groups are not drawn" in caplog.text


@pytest.mark.parametrize("ending", ["coords.tsv", "ancestry.tsv", "summary.json"])
def test_a_file_of_the_run_stands_for_its_prefix(runs, tmp_path, ending):
    target = str(runs / f"query.{ending}")
    assert api.plot_path(target) == "query.plot.png"
    assert len(marks(api.plot(target, str(tmp_path / "x.png")).figure.axes[0])) == 8
