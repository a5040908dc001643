"""How far latents are from standard normals."""

from __future__ import annotations

import numpy as np

SURE = 0.95
"""Share of samples of a standard normal that stay below a distance of 1 in our units."""


def axis_distance(z: np.ndarray) -> float:
    """Largest Kolmogorov-Smirnov distance of an axis of (n, dims) from N(0, 1).

    In units of the distance that 95 % of such samples of a standard normal stay below.
    """
    from scipy.stats import kstest, kstwo

    largest = max(kstest(axis, "norm").statistic for axis in z.T)
    return float(largest / kstwo.ppf(SURE ** (1 / z.shape[1]), len(z)))


def radial_distance(z: np.ndarray) -> float:
    """Kolmogorov-Smirnov distance of squared lengths from chi-squared; in units as above."""
    from scipy.stats import chi2, kstest, kstwo

    distance = kstest((z**2).sum(axis=1), chi2(z.shape[1]).cdf).statistic
    return float(distance / kstwo.ppf(SURE, len(z)))
