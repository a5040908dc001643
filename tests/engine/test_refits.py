"""How far a refit moves samples."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from memory_store import MemoryStore, hardy_weinberg

from ancestry_ddvi.fitting import refits
from ancestry_ddvi.fitting.options import FitOptions
from ancestry_ddvi.fitting.prepare import FitRequest, prepare
from ancestry_ddvi.fitting.refits import Movement, brought_onto, movement

MAP = np.random.default_rng(0).normal(size=(4000, 2))
ALL = np.ones(len(MAP), dtype=bool)
IDS = [str(i) for i in range(len(MAP))]


def turned(points: np.ndarray) -> np.ndarray:
    """A map of another scale, orientation and origin."""
    angle = 1.1
    turn = np.array([[np.cos(angle), np.sin(angle)], [np.sin(angle), -np.cos(angle)]])
    return 3 * points @ turn + [7.0, -2.0]


def refit(points: np.ndarray):
    """A method that gives these coordinates of the samples that are asked for."""
    return SimpleNamespace(embed=lambda data, ids, draws, seed: SimpleNamespace(mean=points[data]))


def moved(methods: list, coordinates: np.ndarray) -> Movement:
    n = len(coordinates)
    return movement(methods, coordinates, ALL[:n], lambda some: some, IDS[:n], 0)


def test_a_similarity_transform_is_undone() -> None:
    onto, r2 = brought_onto(MAP, turned(MAP), ALL)
    np.testing.assert_allclose(onto, MAP, atol=1e-12)
    assert r2 == pytest.approx(1)


def test_only_judged_samples_decide_the_transform() -> None:
    strange = turned(MAP)
    strange[:40] += 1000
    judged = np.arange(len(MAP)) >= 40
    onto, _ = brought_onto(MAP, strange, judged)
    np.testing.assert_allclose(onto[judged], MAP[judged], atol=1e-9)


def test_fits_that_scatter_about_one_map_give_their_standard_deviation() -> None:
    rng = np.random.default_rng(1)
    sd = np.where(MAP[:, 0] > 0, 0.05, 0.01)
    fits = [MAP + sd[:, None] * rng.normal(size=MAP.shape) for _ in range(5)]
    found = moved([refit(turned(fit)) for fit in fits[1:]], fits[0])
    inner = np.abs(MAP[:, 0]) > 0.5
    for value in (0.05, 0.01):
        chosen = inner & (sd == value)
        assert np.sqrt((found.sd[chosen] ** 2).mean()) == pytest.approx(value, rel=0.1)
    assert found.as_json()["refits"] == 4
    assert found.as_json()["r2"] > 0.99


def test_without_refits_nothing_is_known() -> None:
    found = moved([], MAP)
    assert np.isnan(found.sd).all()
    assert found.as_json() is None


def test_a_handful_of_samples_is_enough() -> None:
    found = moved([refit(MAP[:3])], MAP[:3])
    np.testing.assert_allclose(found.sd, 0, atol=1e-9)


def test_of_many_samples_some_are_embedded_and_stand_for_those_near_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(refits, "MAX_MOVED", 150)
    sd = np.where(MAP[:, 0] > 0, 0.05, 0.01)
    again = MAP + sd[:, None] * np.random.default_rng(2).normal(size=MAP.shape) * np.sqrt(2)
    found = moved([refit(again)], MAP)
    far = np.abs(MAP[:, 0]) > 1
    ratio = found.sd[far] / sd[far]
    assert np.median(ratio) == pytest.approx(1, abs=0.15)
    large, small = (found.sd[far & (sd == value)] for value in (0.05, 0.01))
    assert np.quantile(large, 0.1) > 2 * np.median(small)


class Listening:
    """A method that remembers the scores it is fitted to."""

    steps = 1
    seen: torch.Tensor

    def fit(self, data, advance) -> None:
        self.seen = data.batch().x

    def state(self) -> dict:
        return {}


def test_every_seed_holds_out_the_same_samples_and_its_refit_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = MemoryStore(hardy_weinberg(np.random.default_rng(5), 300, 250))
    store.build_hint = None
    cohorts = [
        prepare(FitRequest(store, FitOptions(seed=seed), torch.device("cpu"))) for seed in (1, 41)
    ]
    first, second = (cohort.held_out for cohort in cohorts)
    assert first.sum() == 25
    assert (first == second).all()
    for cohort in cohorts:
        method, redraw = Listening(), refits._Redraw.of(cohort)
        monkeypatch.setattr(refits._Redraw, "unfitted", lambda self, method=method: [method])
        redraw()
        scores = torch.tensor(cohort.fitted.value, dtype=method.seen.dtype)
        again = ~(scores[:, None] == method.seen).all(-1).any(1).numpy()
        assert again.sum() == 25
        assert (again & first).sum() < 10
