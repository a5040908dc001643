"""How far a refit moves samples."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from ancestry_ddvi.fitting.refits import brought_onto, movement

MAP = np.random.default_rng(0).normal(size=(4000, 2))
ALL = np.ones(len(MAP), dtype=bool)
IDS = [str(i) for i in range(len(MAP))]


def turned(points: np.ndarray) -> np.ndarray:
    """A map of another scale, orientation and origin."""
    angle = 1.1
    turn = np.array([[np.cos(angle), np.sin(angle)], [np.sin(angle), -np.cos(angle)]])
    return 3 * points @ turn + [7.0, -2.0]


def refit(points: np.ndarray):
    """A method that gives these coordinates."""
    return SimpleNamespace(embed=lambda data, ids, draws, seed: SimpleNamespace(mean=points))


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
    found = movement([refit(turned(fit)) for fit in fits[1:]], fits[0], ALL, None, IDS, 0)
    inner = np.abs(MAP[:, 0]) > 0.5
    for value in (0.05, 0.01):
        chosen = inner & (sd == value)
        assert np.sqrt((found.sd[chosen] ** 2).mean()) == pytest.approx(value, rel=0.1)
    assert found.as_json()["refits"] == 4
    assert found.as_json()["r2"] > 0.99


def test_without_refits_nothing_is_known() -> None:
    found = movement([], MAP, ALL, None, IDS, 0)
    assert np.isnan(found.sd).all()
    assert found.as_json() is None


def test_a_handful_of_samples_is_enough() -> None:
    found = movement([refit(MAP[:3])], MAP[:3], ALL[:3], None, IDS[:3], 0)
    np.testing.assert_allclose(found.sd, 0, atol=1e-9)
