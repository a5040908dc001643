"""Coverage of posterior intervals, and calibration of probabilities."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from ancestry_ddvi.evaluation.coverage import (
    LEVELS,
    calibration_error,
    nested_coverage,
    reliability,
)

SAMPLES, DRAWS = 1500, 200


def even(samples: int = SAMPLES) -> np.ndarray:
    return np.full((samples, DRAWS), 1 / DRAWS)


def posteriors(stated: float, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Draws of z given two looks and given one, of a deviation of 0.5 each and ``stated`` so.

    The prior is a mixture, so that posteriors are skewed and of all widths: what the rule of
    normal posteriors would get wrong.
    """
    rng = np.random.default_rng(seed)
    axis = np.linspace(-6, 6, 4001)
    prior = 0.7 * stats.norm(-1, 0.15).pdf(axis) + 0.3 * stats.norm(1, 1).pdf(axis)
    z = rng.choice(axis, SAMPLES, p=prior / prior.sum())
    looks = z[:, None] + rng.normal(0, 0.5, (SAMPLES, 2))

    def drawn(seen: np.ndarray) -> np.ndarray:
        apart = (seen[:, :, None] - axis) / stated
        weight = prior * np.exp(-0.5 * (apart**2).sum(axis=1))
        below = np.cumsum(weight / weight.sum(axis=1, keepdims=True), axis=1)
        ticks = (np.arange(DRAWS) + rng.random((len(seen), 1))) / DRAWS
        rows = np.array([np.searchsorted(b, t) for b, t in zip(below, ticks, strict=True)])
        return axis[rows.clip(max=len(axis) - 1)][..., None]

    return drawn(looks), drawn(looks[:, :1])


@pytest.mark.statistical
@pytest.mark.parametrize("level", LEVELS)
def test_right_posteriors_of_any_shape_cover_what_they_promise(level: float) -> None:
    full, part = posteriors(stated=0.5)
    covered = nested_coverage((full, even()), (part, even()), level)
    assert covered.shape == (SAMPLES, 1)
    assert covered.mean() == pytest.approx(level, abs=0.02)


@pytest.mark.statistical
def test_bars_that_are_too_narrow_are_found_out() -> None:
    full, part = posteriors(stated=0.25)
    assert nested_coverage((full, even()), (part, even()), 0.95).mean() < 0.9


def test_weights_stand_for_draws() -> None:
    """Half of the draws left out are half of the draws without weight."""
    full, part = posteriors(stated=0.5)
    keep = np.arange(DRAWS) % 2 == 0
    weight = np.where(keep, 2 / DRAWS, 0.0)[None].repeat(SAMPLES, axis=0)
    short = (part[:, keep], np.full((SAMPLES, DRAWS // 2), 2 / DRAWS))
    np.testing.assert_allclose(
        nested_coverage((full, weight), (part, weight), 0.8).mean(),
        nested_coverage((full[:, keep], short[1]), short, 0.8).mean(),
        atol=0.005,
    )


def test_the_calibration_error_is_the_gap_of_confidence_and_truth() -> None:
    chance = np.array([[0.9, 0.1]] * 10 + [[0.35, 0.65]] * 10)
    right = np.array([0] * 7 + [1] * 3 + [1] * 10)
    expected = 0.5 * abs(0.9 - 0.7) + 0.5 * abs(0.65 - 1)
    assert calibration_error(chance, right) == pytest.approx(expected)
    assert calibration_error(np.array([[1.0, 0.0]]), np.array([0])) == 0


def test_reliability_has_a_row_for_each_tenth_with_samples() -> None:
    chance = np.array([[0.92, 0.08]] * 10 + [[0.35, 0.65]] * 4 + [[0.0, 1.0]] * 2)
    right = np.array([0] * 7 + [1] * 3 + [1, 1, 1, 0] + [1, 1])
    low, high = reliability(chance, right)
    assert low == {"samples": 4, "probability": pytest.approx(0.65), "right": 0.75}
    assert high["samples"] == 12
    assert high["probability"] == pytest.approx((10 * 0.92 + 2) / 12)
    assert high["right"] == pytest.approx(9 / 12)
