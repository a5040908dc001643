"""Standardised dosages: centred at twice the frequency, unit variance under Hardy-Weinberg."""

from __future__ import annotations

import numpy as np


def standardise(dosages: np.ndarray, frequency: np.ndarray) -> np.ndarray:
    """Scale to (g - 2p) / sqrt(2p(1 - p)); NaN where the genotype was not observed.

    Parameters
    ----------
    dosages : ndarray of int8, (variants, samples)
        0, 1, 2, or -1 where missing.
    frequency : ndarray of float64, (variants,)
        ALT allele frequency, strictly between 0 and 1.

    Returns
    -------
    ndarray of float32, (variants, samples)
    """
    p = frequency[:, None]
    levels = (np.arange(3) - 2 * p) / np.sqrt(2 * p * (1 - p))
    table = np.concatenate([levels, np.full_like(p, np.nan)], axis=1).astype(np.float32)
    return np.take_along_axis(table, dosages.astype(np.intp), axis=1)
