"""Mixtures of normals fitted to points by expectation maximisation."""

from __future__ import annotations

import numpy as np

from ..clusters import k_means
from ..seeding import stream
from .normals import Normals

MAX_ROUNDS = 100

TOLERANCE = 1e-3
"""Least gain of a round in the mean log density, in nats."""


def fitted_normals(
    points: np.ndarray, count: int, floor: float, seed: int
) -> tuple[Normals, np.ndarray]:
    """A mixture of normals of maximum likelihood, from clusters by k-means.

    Parameters
    ----------
    points : ndarray of float64, (n, dims)
    count : int
        Normals.
    floor : float
        Added to the variance of every normal along each axis.
    seed : int

    Returns
    -------
    Normals
    ndarray of float64, (n, normals)
        Probability of each normal for each point.
    """
    share = np.eye(count)[k_means(points, count, stream(seed, "clusters"))]
    before = -np.inf
    for _ in range(MAX_ROUNDS):
        normals = _normals(points, share, floor)
        densities = normals.log_densities(points)
        highest = densities.max(axis=1, keepdims=True)
        share = np.exp(densities - highest)
        total = share.sum(axis=1, keepdims=True)
        share /= total
        reached = float((highest + np.log(total)).mean())
        if reached - before < TOLERANCE:
            break
        before = reached
    return normals, share


def _normals(points: np.ndarray, share: np.ndarray, floor: float) -> Normals:
    """The normals of points that belong to each by these shares."""
    size = share.sum(axis=0) + np.finfo(np.float64).eps
    mean = share.T @ points / size[:, None]
    apart = points - mean[:, None]
    scatter = (share.T[:, None] * apart.mT) @ apart
    covariance = scatter / size[:, None, None] + floor * np.eye(points.shape[1])
    return Normals(size / size.sum(), mean, covariance)
