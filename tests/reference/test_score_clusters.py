"""Clusters of scores: their share beyond a sample is right whatever is observed of the sample."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from ancestry_ddvi.reference.normals import Normals
from ancestry_ddvi.reference.score_clusters import (
    MAX_SAMPLES,
    cross_fitted,
    rarity,
    score_clusters,
)

KEPT = 4


def panel(samples: int, seed: int, noise: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Scores of two clusters with a variance of 9, plus noise; and the covariance of the noise."""
    rng = np.random.default_rng(seed)
    cluster = rng.choice([-40.0, 40.0], size=(samples, 1))
    expected = cluster + 3 * rng.normal(size=(samples, KEPT))
    scores = expected + np.sqrt(noise) * rng.normal(size=(samples, KEPT))
    return scores, np.tile(noise * np.eye(KEPT), (samples, 1, 1))


def test_clusters_are_those_of_expected_scores_without_their_noise() -> None:
    found = score_clusters(*panel(3000, 1, noise=4.0), seed=1)
    second = found.covariance + found.mean[:, :, None] * found.mean[:, None, :]
    expected = 9 * np.eye(KEPT) + 1600
    np.testing.assert_allclose(np.einsum("k,kij->ij", found.weight, second), expected, rtol=0.02)
    assert np.abs(np.abs(found.mean) - 40).max() < 10


def test_one_cluster_has_the_chi_squared_distribution() -> None:
    """The closed form: at distance d of a normal the share beyond is that of d^2."""
    clusters = Normals(np.ones(1), np.zeros((1, KEPT)), 3 * np.eye(KEPT)[None])
    scores = np.array([[0.0] * KEPT, [2.0] * KEPT, [30.0] * KEPT])
    found = rarity(clusters, scores, np.tile(np.eye(KEPT), (3, 1, 1)))
    squared = (scores**2).sum(axis=1) / 4
    np.testing.assert_allclose(found, -stats.chi2.logsf(squared, KEPT), atol=1e-9)


@pytest.mark.parametrize("noise", [1.0, 10.0, 100.0])
@pytest.mark.statistical
def test_shares_are_uniform_for_samples_of_the_panel_however_little_is_seen(noise: float) -> None:
    """Monte Carlo: by the true clusters the share beyond is a p-value."""
    mean = np.array([[-40.0] * KEPT, [40.0] * KEPT])
    clusters = Normals(np.full(2, 0.5), mean, np.tile(9 * np.eye(KEPT), (2, 1, 1)))
    share = np.exp(-rarity(clusters, *panel(5000, 2, noise)))
    assert stats.kstest(share, "uniform").statistic < 0.03


def test_nothing_observed_is_nothing_rare() -> None:
    clusters = score_clusters(*panel(300, 3), seed=1)
    assert np.exp(-rarity(clusters, np.zeros((1, KEPT)), 1e9 * np.eye(KEPT)[None]))[0] > 0.9


def test_a_sample_of_the_panel_is_judged_by_clusters_of_others() -> None:
    """A sample far from all others is rare, though clusters of all would reach it."""
    scores, covariance = panel(200, 4)
    scores[7] = 400.0
    assert cross_fitted(scores, covariance, 1)[7] > 100
    assert cross_fitted(scores, covariance, 1).argmax() == 7


def test_few_samples_make_one_cluster_and_many_are_thinned_out() -> None:
    assert len(score_clusters(*panel(12, 5), seed=1).weight) == 1
    assert np.isfinite(cross_fitted(*panel(3, 5), 1)).all()
    many = score_clusters(*panel(MAX_SAMPLES + 500, 6), seed=1)
    assert len(many.weight) <= 20


def test_scores_are_judged_alone_as_in_company() -> None:
    scores, covariance = panel(1500, 7)
    clusters = score_clusters(scores, covariance, seed=1)
    alone = rarity(clusters, scores[1200:1201], covariance[1200:1201])
    assert alone[0] == rarity(clusters, scores, covariance)[1200]
