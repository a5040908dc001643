"""Systematic resampling."""

from __future__ import annotations

import numpy as np


def systematic(weight: np.ndarray, count: int, offset: float) -> np.ndarray:
    """Indices of ``count`` draws, each chosen in proportion to its weight (Kitagawa 1996).

    Parameters
    ----------
    weight : ndarray, (draws,)
        Sum to 1.
    count : int
    offset : float
        Uniform in [0, 1): all the chance there is.

    Returns
    -------
    ndarray of int64, (count,)
        In order; a draw comes up floor(count * weight) times, or once more.
    """
    ticks = (np.arange(count) + offset) / count
    last = np.flatnonzero(weight)[-1]  # rounding may put the last tick beyond the sum of weights
    return np.asarray(np.searchsorted(np.cumsum(weight), ticks).clip(max=last))
