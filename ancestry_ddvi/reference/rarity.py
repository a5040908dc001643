"""How rare the scores of a sample are in a mixture of normals, whatever is observed of it."""

from __future__ import annotations

import numpy as np

from .normals import Normals

LEAST_LOG = -700.0


def rarity(normals: Normals, scores: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """Minus the log of the share of the mixture whose scores have a smaller density; (samples,).

    The mixture is widened by the noise of the sample in question, so the share does not depend
    on how much of the sample is observed. Normals are taken to be apart, where the density in
    each depends on the distance from its mean alone, and squared distances have a chi-squared
    distribution; where they overlap, the share is an upper bound.

    Parameters
    ----------
    normals : Normals
        Of expected scores.
    scores : ndarray of float64, (samples, kept)
    covariance : ndarray of float64, (samples, kept, kept)
        Of ``scores`` about their expectation.
    """
    from scipy.special import chdtrc, logsumexp

    distance, highest = normals.widened(scores, covariance)
    density = logsumexp(highest - 0.5 * distance, axis=1)
    squared = np.maximum(2 * (highest - density[:, None]), 0)
    with np.errstate(divide="ignore"):
        beyond = np.maximum(np.log(chdtrc(scores.shape[1], squared)), LEAST_LOG)
    return np.asarray(-logsumexp(np.log(normals.weight) + beyond, axis=1))
