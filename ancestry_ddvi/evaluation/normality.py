"""Distances of latents from standard normals."""

from __future__ import annotations

import numpy as np

QUANTILE = 0.95
"""Distances are in units of this quantile of their distribution for standard normal samples."""


def axis_distance(z: np.ndarray) -> float:
    """Largest Kolmogorov-Smirnov distance of an axis of (n, dims) from N(0, 1).

    In units of the 95 % quantile of this distance for standard normal samples.
    """
    from scipy.stats import kstest, kstwo

    largest = max(kstest(axis, "norm").statistic for axis in z.T)
    return float(largest / kstwo.ppf(QUANTILE ** (1 / z.shape[1]), len(z)))


def radial_distance(z: np.ndarray) -> float:
    """Kolmogorov-Smirnov distance of squared norms from chi-squared, in the same units."""
    from scipy.stats import chi2, kstest, kstwo

    distance = kstest((z**2).sum(axis=1), chi2(z.shape[1]).cdf).statistic
    return float(distance / kstwo.ppf(QUANTILE, len(z)))
