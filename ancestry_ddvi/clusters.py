"""Clusters of points by k-means."""

from __future__ import annotations

import warnings

import numpy as np

ROUNDS = 30


def k_means(points: np.ndarray, count: int, chance: np.random.Generator) -> np.ndarray:
    """The cluster of each point, from starts that are far apart (Arthur & Vassilvitskii 2007).

    By scipy, since scikit-learn takes a second to load.

    Parameters
    ----------
    points : ndarray of float64, (n, dims)
    count : int
        Clusters; some are empty where points coincide.
    chance : numpy Generator

    Returns
    -------
    ndarray of int, (n,)
    """
    from scipy.cluster.vq import kmeans2

    with warnings.catch_warnings(), np.errstate(invalid="ignore"):
        warnings.filterwarnings("ignore", "One of the clusters is empty")
        return np.asarray(kmeans2(points, count, iter=ROUNDS, minit="++", seed=chance)[1])
