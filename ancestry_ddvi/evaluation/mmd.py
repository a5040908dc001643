"""Maximum mean discrepancy of images."""

from __future__ import annotations

import numpy as np

VARIANCES = (2.0, 5.0, 10.0, 20.0, 40.0, 80.0)
"""Of the Gaussian kernels of the DDVI paper, which are summed."""

CHUNK = 2000


def mmd(a: np.ndarray, b: np.ndarray) -> tuple[float, float]:
    """Maximum mean discrepancy of two samples (Gretton et al. 2012).

    Returns
    -------
    tuple of float
        The number in the paper, the root of the biased estimate of the square; and the unbiased
        estimate of the square, which has mean 0 for samples of one distribution.
    """
    aa, bb, ab = _sum(a, a), _sum(b, b), _sum(a, b)
    n, m, top = len(a), len(b), len(VARIANCES)
    biased = aa / n**2 + bb / m**2 - 2 * ab / (n * m)
    unbiased = (aa - n * top) / (n * (n - 1)) + (bb - m * top) / (m * (m - 1)) - 2 * ab / (n * m)
    return float(np.sqrt(max(biased, 0.0))), float(unbiased)


def _sum(a: np.ndarray, b: np.ndarray) -> float:
    """Sum of the kernel over all pairs."""
    a, b = a.astype(np.float32), b.astype(np.float32)
    norm_b, total = (b**2).sum(1), 0.0
    for start in range(0, len(a), CHUNK):
        some = a[start : start + CHUNK]
        squared = np.maximum((some**2).sum(1)[:, None] + norm_b - 2 * some @ b.T, 0)
        total += sum(np.exp(-squared / (2 * v)).sum(dtype=np.float64) for v in VARIANCES)
    return total
