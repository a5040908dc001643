"""Figures of one model can be laid side by side."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from ancestry_ddvi import api
from ancestry_ddvi.artefacts.model import Model
from ancestry_ddvi.artefacts.record import ModelRecord
from ancestry_ddvi.artefacts.typed import typed
from ancestry_ddvi.plots.canvas import Words
from ancestry_ddvi.plots.groups import grouped
from ancestry_ddvi.plots.limits import frame_of, limits_with
from ancestry_ddvi.plots.reference import GroupShapes, Reference
from ancestry_ddvi.plots.scatter import component_view, composed, coordinate_view, scene_of
from ancestry_ddvi.plots.sheet import SCREEN

WIDER = "Axes are longer than in the figure of the fit"


@pytest.fixture(scope="module")
def runs(fitted_model, cohort_files, tmp_path_factory) -> dict[str, str]:
    """Prefixes of a fit, of a query, and of the samples of the fit embedded again."""
    folder = tmp_path_factory.mktemp("limits")
    model = str(fitted_model.files["model"])
    found = {"fit": model.removesuffix(".ddvi")}
    for name, genotypes in (("query", cohort_files.query), ("again", cohort_files.cohort)):
        found[name] = str(folder / name)
        api.embed(model, [str(genotypes)], found[name], device="cpu")
    return found


def seen(figure) -> list[tuple[float, ...]]:
    """Limits of both panels."""
    return [(*axes.get_xlim(), *axes.get_ylim()) for axes in figure.axes[:2]]


def drawn(prefix: str, tmp_path, **options):
    return api.plot(prefix, str(tmp_path / "figure.png"), **options).figure


@pytest.mark.parametrize("query", ["query", "again"])
@pytest.mark.parametrize("options", [{}, {"width": 180.0}])
def test_a_query_is_drawn_on_the_axes_of_the_fit(runs, query, options, tmp_path):
    fit, other = (drawn(runs[name], tmp_path, **options) for name in ("fit", query))
    np.testing.assert_allclose(seen(other), seen(fit), rtol=1e-9)
    assert WIDER not in " ".join(text.get_text() for text in other.texts)


def test_the_groups_of_a_model_alone_are_on_the_same_axes(runs, tmp_path):
    alone = drawn(f"{runs['fit']}.ddvi", tmp_path)
    np.testing.assert_allclose(seen(alone), seen(drawn(runs["fit"], tmp_path)), rtol=1e-9)


def figure_of(points: np.ndarray):
    """A map of samples that should show 0 to 1 on both axes at least."""
    limits = {"Z1": (0.0, 1.0), "Z2": (0.0, 1.0), "PC1": (0.0, 1.0), "PC2": (0.0, 1.0)}
    spread = np.tile(1e-6 * np.eye(2), (len(points), 1, 1))
    views = [
        coordinate_view(points, spread, (0, 1), "ddvi", limits=limits),
        component_view(points, (0, 1), limits=limits),
    ]
    scene = scene_of(grouped(None, len(points)), None)
    return composed(views, scene, [], Words("", ""), SCREEN)


def test_axes_grow_for_samples_outside_and_the_caption_says_so():
    inside, outside = figure_of(np.array([[0.5, 0.5]])), figure_of(np.array([[0.5, 0.5], [3, 0.5]]))
    assert seen(inside)[0][1] < 1.2
    assert seen(outside)[0][1] > 3
    said = [" ".join(text.get_text() for text in each.texts) for each in (inside, outside)]
    assert [WIDER in words.replace("\n", " ") for words in said] == [False, True]


def test_one_coordinate_has_the_limits_too():
    spread = np.full((1, 1, 1), 1e-6)
    view = coordinate_view(np.array([[0.2]]), spread, (0, 0), "ddvi", limits={"Z1": (-4.0, 4.0)})
    figure = composed([view], scene_of(grouped(None, 1), None), [], Words("", ""), SCREEN)
    low, high = figure.axes[0].get_xlim()
    assert low < -4 < 4 < high < 6


def test_limits_are_those_of_no_sample_and_hold_every_sample(runs, fitted_model):
    limits = Model.read(fitted_model.files["model"]).record.limits
    coordinates = fitted_model.coordinates
    assert [name for name in limits if name.startswith("Z")] == ["Z1", "Z2"]
    for name in ("Z1", "Z2"):
        low, high = limits[name]
        values = coordinates[name]
        assert low < values.min() and values.max() < high
        assert high - low < 1.25 * (np.ptp(values) + 2 * coordinates[f"{name}_sd"].max())
        digits = [len(f"{abs(each):g}".replace(".", "").lstrip("0")) for each in (low, high)]
        assert max(digits) <= 3


def test_groups_of_the_model_are_within_the_limits():
    shapes = GroupShapes(np.array([[5.0, 0.0]]), np.eye(2)[None])
    found = limits_with({"Z1": (0, 1), "Z2": (-9, 9), "PC1": (0, 1)}, Reference({"A": ""}, shapes))
    assert found["Z1"] == pytest.approx((0, 7.4477))
    assert (found["Z2"], found["PC1"]) == ((-9, 9), (0, 1))
    assert frame_of(found, ["PC1", "PC2"]) is None


def test_a_record_from_before_limits_were_kept_is_read(fitted_model):
    record = Model.read(fitted_model.files["model"]).record
    content = json.loads(json.dumps(record.as_json()))
    again = typed(ModelRecord, content, "record")
    assert again.limits == record.limits
    del content["limits"]
    earlier = typed(ModelRecord, content, "record")
    assert earlier.limits == {}
    assert replace(earlier, limits=record.limits).as_json() == record.as_json()
