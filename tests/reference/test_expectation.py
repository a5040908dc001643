"""Mixtures fitted to points: as likely as those of scikit-learn, and the same for the same seed."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.mixture import GaussianMixture

from ancestry_ddvi.clusters import k_means
from ancestry_ddvi.reference.expectation import fitted_normals


def points(seed: int, dims: int = 3) -> np.ndarray:
    """Of four normals of different size and shape."""
    rng = np.random.default_rng(seed)
    shapes = rng.normal(size=(4, dims, dims))
    parts = [
        8 * rng.normal(size=dims) + rng.normal(size=(count, dims)) @ shape
        for count, shape in zip((40, 90, 150, 220), shapes, strict=True)
    ]
    return rng.permutation(np.concatenate(parts))


@pytest.mark.parametrize("seed", range(4))
def test_a_mixture_is_about_as_likely_as_that_of_another_library(seed: int) -> None:
    given = points(seed)
    found, share = fitted_normals(given, 4, 0.01, seed)
    best = GaussianMixture(4, reg_covar=0.01, n_init=20, random_state=0).fit(given)
    assert found.log_density(given).mean() > best.score(given) - 0.05
    np.testing.assert_allclose(share.sum(axis=1), 1)
    np.testing.assert_allclose(found.weight, share.mean(axis=0), atol=0.01)
    assert np.linalg.eigvalsh(found.covariance).min() >= 0.01


def test_the_same_seed_gives_the_same_bytes() -> None:
    one, other = (fitted_normals(points(1), 4, 0.01, 7)[0] for _ in range(2))
    assert one.as_json() == other.as_json()


def test_one_normal_has_the_moments_of_the_points() -> None:
    given = points(2)
    found, _ = fitted_normals(given, 1, 0.5, 0)
    np.testing.assert_allclose(found.mean[0], given.mean(axis=0))
    expected = np.cov(given.T, bias=True) + 0.5 * np.eye(3)
    np.testing.assert_allclose(found.covariance[0], expected)


def test_points_that_coincide_leave_clusters_empty_without_a_warning() -> None:
    label = k_means(np.repeat([[0.0, 0.0], [9.0, 9.0]], 10, axis=0), 5, np.random.default_rng(0))
    assert len(set(label[:10]) & set(label[10:])) == 0
    normals, share = fitted_normals(np.zeros((60, 2)), 3, 0.01, 0)
    assert np.isfinite(normals.mean).all()
    assert np.isfinite(share).all()
