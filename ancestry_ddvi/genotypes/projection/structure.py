"""How many components carry structure, and how much of it, by samples left out of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...seeding import stream
from ..algebra.eigen import leading_of
from .halves import Halves

FOLDS = 5
"""Each fold of the samples is left out of the components once."""

ERRORS = 2.0
"""Standard errors by which structure must exceed 0."""

RESIDUAL = 0.05
"""Relative residual of eigenvectors; those that carry structure come out far more exact."""


@dataclass(frozen=True)
class Structure:
    """Structure on each component, by samples left out of it.

    Attributes
    ----------
    signal : ndarray of float64, (components,)
        Covariance of the scores from two halves of the genome: the variance of expected scores.
        Noise and linkage have no part in it. May be negative.
    error : ndarray of float64, (components,)
        Standard error of ``signal``.
    """

    signal: np.ndarray
    error: np.ndarray

    @property
    def components(self) -> int:
        """How many leading components carry structure.

        As many as have the largest sum of ``signal`` less ``ERRORS`` standard errors each, so
        that a weak component is kept where those after it make up for it.
        """
        certain = self.signal - ERRORS * self.error
        return int(np.concatenate([[0.0], np.cumsum(certain)]).argmax())


def structure(halves: Halves, count: int, seed: int) -> Structure:
    """Structure on the ``count`` leading components.

    Parameters
    ----------
    halves : Halves
    count : int
        No more are measured than each division of the samples has.
    seed : int
        Of the division.
    """
    samples = halves.matrix.shape[1]
    fold = stream(seed, "folds").permutation(samples) % FOLDS
    count = max(1, min(count, int((fold > 0).sum()) - 1))
    both = np.zeros((samples, count))
    for number in range(FOLDS):
        out = fold == number
        if out.any():
            first, second = _scores(halves, ~out, out, count, seed)
            both[out] = 4 * first * second
    return Structure(both.mean(axis=0), both.std(axis=0) / np.sqrt(samples))


def _scores(
    halves: Halves, inside: np.ndarray, out: np.ndarray, count: int, seed: int
) -> np.ndarray:
    """Scores of samples from each half, on the components of others; (2, out, count)."""
    values, vectors = leading_of(halves.whole(inside), np.full(count, RESIDUAL), seed)
    weight = vectors / np.sqrt(np.maximum(values, 1e-12))
    return np.asarray([half[out][:, inside] @ weight for half in halves.products])
