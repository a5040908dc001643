"""Sums that do not depend on their order, nor a result on the other samples in the file."""

from __future__ import annotations

import numpy as np

DOUBLE, SINGLE = 52, 24
"""Bits that float64 and float32 sums may take; one of float64 is to spare."""


def grid_step(bound: float, bits: int = DOUBLE) -> float:
    """The power of two to round terms to so that sums up to ``bound`` are exact; 0 for 0."""
    return float(2.0 ** (np.ceil(np.log2(bound)) + 1 - bits)) if bound else 0.0


def to_grid(weights: np.ndarray, step: float) -> np.ndarray:
    """The nearest multiples of ``step``, a power of two; float64."""
    if not step:
        return np.asarray(weights, dtype=np.float64)
    found = np.divide(weights, step, dtype=np.float64)
    np.rint(found, out=found)
    return np.asarray(np.multiply(found, step, out=found))


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
    return to_grid(weights, grid_step(float(bound)))
