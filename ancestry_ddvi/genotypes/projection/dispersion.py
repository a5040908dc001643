"""The inflation of the variance of scores by linkage disequilibrium."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from ..blocks import GenotypeReader, thin_evenly
from .standardise import standardise

STRETCH = 5_000_000
"""Base pairs of a stretch of genome that is taken to be independent of the next."""

MAX_SAMPLES = 500


def score_dispersion(
    store: GenotypeReader,
    rows: np.ndarray,
    samples: np.ndarray,
    frequency: np.ndarray,
    loadings: np.ndarray,
) -> float:
    """The variance of scores about their expectation, relative to independent variants.

    A score is a sum over variants. Its variance is the sum of the variances of stretches of
    genome, with the components taken out; if all variants were independent it would be 1. Its
    inverse is the share of effectively independent variants.

    Parameters
    ----------
    store : GenotypeReader
    rows : ndarray of int64, (variants,), in order of chromosome and position
    samples : ndarray of int64
        Samples to measure by; more than ``MAX_SAMPLES`` are thinned evenly.
    frequency : ndarray of float64, (variants,)
    loadings : ndarray of float64, (variants, components)

    Returns
    -------
    float
        Mean over components, at least 1.
    """
    some = thin_evenly(samples, MAX_SAMPLES)
    edges = _edges(store.variants.chromosome[rows], store.variants.position[rows])

    def stretches() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for start, stop in pairwise(edges):
            dosages = store.dosages(rows[start:stop], some)
            x = standardise(dosages, frequency[start:stop])
            yield loadings[start:stop], np.nan_to_num(x, copy=False)

    scores = np.zeros((len(some), loadings.shape[1]))
    for v, x in stretches():
        scores += x.T @ v
    total = np.zeros(loadings.shape[1])
    for v, x in stretches():
        total += ((v.T @ (x - v @ scores.T)) ** 2).mean(axis=1)
    return max(1.0, float(total.mean()))


def _edges(chromosome: np.ndarray, position: np.ndarray) -> np.ndarray:
    stretch = position // STRETCH
    new = (chromosome[1:] != chromosome[:-1]) | (stretch[1:] != stretch[:-1])
    return np.concatenate([[0], np.flatnonzero(new) + 1, [len(position)]])
