"""Clusters of coordinates, scored by labels."""

from __future__ import annotations

import warnings

import numpy as np


def mixture_clusters(
    z: np.ndarray, components: int, seed: int = 0, restarts: int = 10, ridge: float = 1e-6
) -> np.ndarray:
    """Clusters by a Gaussian mixture with full covariances; int64 (n,).

    Axes are scaled to unit standard deviation first. The DDVI paper uses 20 components, 10 restarts
    and a ridge of 0.01 on the covariances.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture

    scaled = (z - z.mean(axis=0)) / z.std(axis=0)
    mixture = GaussianMixture(components, n_init=restarts, reg_covar=ridge, random_state=seed)
    with warnings.catch_warnings():  # the best restart is used, converged or not
        warnings.simplefilter("ignore", ConvergenceWarning)
        return np.asarray(mixture.fit_predict(scaled))


def purity(cluster: np.ndarray, label: np.ndarray) -> float:
    """Share of rows whose label is the most frequent one of their cluster."""
    _, label = np.unique(label, return_inverse=True)
    most = [np.bincount(label[cluster == k]).max() for k in np.unique(cluster)]
    return float(np.sum(most) / len(label))


def agreement(cluster: np.ndarray, label: np.ndarray) -> dict[str, float]:
    """Purity, completeness, normalised mutual information and adjusted Rand index."""
    from sklearn import metrics

    return {
        "purity": purity(cluster, label),
        "completeness": float(metrics.completeness_score(label, cluster)),
        "nmi": float(metrics.normalized_mutual_info_score(label, cluster)),
        "ari": float(metrics.adjusted_rand_score(label, cluster)),
    }
