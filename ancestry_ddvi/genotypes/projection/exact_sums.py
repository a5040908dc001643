"""Sums that do not depend on their order, nor a result on the other samples in the file."""

from __future__ import annotations

import numpy as np

_MANTISSA = 52


def on_grid(weights: np.ndarray, largest_count: int) -> np.ndarray:
    """Round weights so that float64 sums of ``count * weight`` over axis 0 are exact.

    Floating-point sums depend on their order, and the order inside a matrix product depends
    on how many samples are in it. If every term is a multiple of one power of two and no
    partial sum can pass 2**52 of them, nothing is ever rounded: one sample alone and the same
    sample in a cohort get the same bits.

    Parameters
    ----------
    weights : ndarray of float, (variants, ...)
    largest_count : int
        The largest absolute integer a weight will be multiplied with.

    Returns
    -------
    ndarray of float64
        The weights, each moved by at most 2**-51 of the largest possible sum.
    """
    bound = largest_count * np.abs(weights).sum(axis=0).max(initial=0.0)
    if bound == 0.0:
        return np.asarray(weights, dtype=np.float64)
    grid = 2.0 ** (np.ceil(np.log2(bound)) + 1 - _MANTISSA)
    return np.asarray(np.round(np.asarray(weights, dtype=np.float64) / grid) * grid)
