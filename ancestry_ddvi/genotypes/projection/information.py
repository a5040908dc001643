"""How much observed variants tell of the scores of a sample, before its genotypes are known."""

from __future__ import annotations

import numpy as np

from .scores import Projection


def expected_information(projection: Projection, weight: np.ndarray) -> float:
    """Mutual information of observed genotypes and the true scores of a sample, in nats.

    With scores s that are normal with variances Lambda over the panel, and observed with the
    precision J, it is log det(I + Lambda J) / 2. J is the sum of v v' over the observed variants,
    with v their loadings, divided by the dispersion and the temperature of the projection: the
    noise is that of the average sample.

    Parameters
    ----------
    projection : Projection
    weight : ndarray of float64, (variants,)
        Share of the information of a hard call that is observed, 0 to 1.
    """
    root = np.sqrt(projection.signal)
    loadings = projection.loadings[:, : projection.kept] * root
    precision = loadings.T @ (loadings * weight[:, None])
    return float(np.linalg.slogdet(np.eye(projection.kept) + precision / projection.noise)[1] / 2)
