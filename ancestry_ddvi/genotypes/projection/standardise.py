"""Standardised dosages: centred at twice the frequency, unit variance under Hardy-Weinberg."""

from __future__ import annotations

import numpy as np

from ..algebra.matrix import GenotypeMatrix
from ..blocks import GenotypeReader


def standardised(
    store: GenotypeReader,
    rows: np.ndarray,
    samples: np.ndarray,
    frequency: np.ndarray,
    device: str = "cpu",
) -> GenotypeMatrix:
    """The matrix of (g - 2p) / sqrt(2p(1 - p)), and 0 where the genotype was not observed.

    A missing genotype adds nothing to a product.

    Parameters
    ----------
    store : GenotypeReader
    rows : ndarray of int64, (variants,)
    samples : ndarray of int64, (samples,)
    frequency : ndarray of float64, (variants,)
        ALT allele frequency, strictly between 0 and 1.
    device : str
    """
    p = frequency[:, None]
    levels = (np.arange(3) - 2 * p) / np.sqrt(2 * p * (1 - p))
    levels = np.concatenate([levels, np.zeros_like(p)], axis=1)
    return GenotypeMatrix(store, rows, samples, levels, device)
