"""How many components carry structure, and how much of it, by samples left out of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...seeding import stream
from ..blocks import GenotypeReader, in_blocks, thin_evenly
from .own_noise import stretches
from .standardise import standardise

FOLDS = 5
"""Each fold of the samples is left out of the components once."""

ERRORS = 2.0
"""Standard errors by which structure must exceed 0."""

MAX_SAMPLES = 3000
"""Samples by which structure is measured; more are thinned evenly."""


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


def structure(
    store: GenotypeReader,
    rows: np.ndarray,
    samples: np.ndarray,
    frequency: np.ndarray,
    count: int,
    seed: int,
) -> Structure:
    """Structure on the ``count`` leading components.

    Parameters
    ----------
    store : GenotypeReader
    rows : ndarray of int64, (variants,), in order of chromosome and position
    samples : ndarray of int64
        More than ``MAX_SAMPLES`` are thinned evenly.
    frequency : ndarray of float64, (variants,)
    count : int
        No more are measured than each division of the samples has.
    seed : int
        Of the division.
    """
    some = thin_evenly(samples, MAX_SAMPLES)
    halves = _products(store, rows, some, frequency)
    fold = stream(seed, "folds").permutation(len(some)) % FOLDS
    count = max(1, min(count, int((fold > 0).sum()) - 1))
    both = np.zeros((len(some), count))
    for number in range(FOLDS):
        out = fold == number
        if out.any():
            first, second = _scores(halves, ~out, out, count)
            both[out] = 4 * first * second
    return Structure(both.mean(axis=0), both.std(axis=0) / np.sqrt(len(some)))


def _products(
    store: GenotypeReader, rows: np.ndarray, samples: np.ndarray, frequency: np.ndarray
) -> np.ndarray:
    """Products of the standardised dosages of samples, on each half of the genome.

    float64 (2, samples, samples).
    """
    half = _halves(stretches(store.variants.chromosome[rows]))
    products = np.zeros((2, len(samples), len(samples)))
    start = 0
    for dosages in in_blocks(store, rows, samples):
        part = slice(start, start + len(dosages))
        x = np.nan_to_num(standardise(dosages, frequency[part]), copy=False)
        for which in (0, 1):
            some = x[half[part] == which]
            products[which] += some.T @ some
        start += len(dosages)
    return products


def _scores(halves: np.ndarray, inside: np.ndarray, out: np.ndarray, count: int) -> np.ndarray:
    """Scores of samples from each half, on the components of others; (2, out, count)."""
    from scipy.linalg import eigh

    gram = halves[:, inside][:, :, inside].sum(axis=0)
    n = len(gram)
    values, vectors = eigh(gram, subset_by_index=[n - count, n - 1])
    weight = vectors[:, ::-1] / np.sqrt(np.maximum(values[::-1], 1e-12))
    return np.asarray(halves[:, out][:, :, inside] @ weight)


def _halves(stretch: np.ndarray) -> np.ndarray:
    """0 or 1 for each variant: stretches of the genome go to the smaller half, largest first."""
    sizes = np.bincount(stretch)
    half, filled = np.zeros(len(sizes), dtype=np.int64), [0, 0]
    for number in np.argsort(-sizes, kind="stable"):
        half[number] = int(filled[1] < filled[0])
        filled[half[number]] += sizes[number]
    return np.asarray(half[stretch])
