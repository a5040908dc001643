"""Where the scores of the reference panel lie, labelled or not."""

from __future__ import annotations

import numpy as np

from ..seeding import stream
from .cells import MIN_GROUP_SIZE
from .expectation import fitted_normals
from .normals import Normals
from .rarity import rarity

MAX_CLUSTERS, PER_CLUSTER = 20, 25
"""Largest number of clusters, and samples for each at least: a covariance has many numbers."""

MAX_SAMPLES = 5_000
"""Clusters are found from so many samples at most."""

SHRINKAGE = 30.0
"""Weight of the common covariance in that of every cluster, in samples."""

FLOOR = 1e-3
"""Smallest variance of a cluster, in units of the noise of scores from all variants."""

NOISE = 0.05
"""Added to the variance of each normal along each axis while samples are shared among them."""

FOLDS = 5
"""The rarity of samples of the panel is judged by clusters of the others, a fifth at a time."""


def score_clusters(scores: np.ndarray, covariance: np.ndarray, seed: int) -> Normals:
    """Density of the expected scores of the panel: a mixture of normals.

    A mixture is fitted to the scores, and the mean noise of its samples is taken from the
    covariance of each normal. Normals of fewer than five samples, which would reveal scores of
    single samples, are left out.

    Parameters
    ----------
    scores : ndarray of float64, (samples, kept)
    covariance : ndarray of float64, (samples, kept, kept)
        Of ``scores`` about their expectation.
    seed : int
    """
    some = stream(seed, "score clusters").permutation(len(scores))[:MAX_SAMPLES]
    scores, covariance = scores[some], covariance[some]
    count = int(np.clip(len(scores) // PER_CLUSTER, 1, MAX_CLUSTERS))
    _, share = fitted_normals(scores, count, NOISE, seed)
    share = share[:, share.sum(axis=0) > min(MIN_GROUP_SIZE, len(scores)) - 0.5]
    size = share.sum(axis=0)
    mean = (share.T @ scores) / size[:, None]
    apart = scores[:, None] - mean
    scatter = np.einsum("nk,nki,nkj->kij", share, apart, apart)
    scatter -= np.einsum("nk,nij->kij", share, covariance)
    common = scatter.sum(axis=0) / size.sum()
    shrunk = (scatter + SHRINKAGE * common) / (size + SHRINKAGE)[:, None, None]
    return Normals(size / size.sum(), mean, _positive(shrunk))


def cross_fitted(scores: np.ndarray, covariance: np.ndarray, seed: int) -> np.ndarray:
    """The rarity of samples of the panel, each by clusters of other samples; (samples,)."""
    fold = stream(seed, "folds of scores").permutation(len(scores)) % FOLDS
    found = np.empty(len(scores))
    for number in np.unique(fold):
        mine = fold == number
        others = ~mine if (~mine).any() else mine
        clusters = score_clusters(scores[others], covariance[others], seed)
        found[mine] = rarity(clusters, scores[mine], covariance[mine])
    return found


def _positive(matrices: np.ndarray) -> np.ndarray:
    """Symmetric matrices with eigenvalues of ``FLOOR`` at least; (clusters, kept, kept)."""
    values, vectors = np.linalg.eigh(matrices)
    raised = (vectors * np.maximum(values, FLOOR)[:, None, :]) @ vectors.swapaxes(1, 2)
    return np.asarray((raised + raised.swapaxes(1, 2)) / 2)
