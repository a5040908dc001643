"""The variance of scores of samples that had no part in the components."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ...seeding import stream
from ..blocks import GenotypeReader, thin_evenly
from .own_noise import stretches
from .pca import principal_components
from .scores import Projection, runs

MAX_SAMPLES = 3000
"""Samples by which it is measured; more are thinned evenly."""

PASSED_OVER = 48
"""Components after those that carry structure, which may hold structure too weak to be kept."""

HELD_OUT = 5
"""One sample in HELD_OUT has no part in the components."""


@dataclass(frozen=True)
class _Blocks:
    """Runs of variants with the dosages of some samples, each time they are asked for."""

    store: GenotypeReader
    rows: np.ndarray
    samples: np.ndarray

    def __iter__(self) -> Iterator[tuple[slice, np.ndarray]]:
        for part in runs(len(self.rows)):
            yield part, self.store.dosages(self.rows[part], self.samples)


def held_out_dispersion(
    store: GenotypeReader,
    rows: np.ndarray,
    samples: np.ndarray,
    frequency: np.ndarray,
    kept: int,
    noise: int,
    signal: np.ndarray,
    seed: int,
) -> float:
    """Mean square of scores without structure, relative to that expected.

    A fifth of the samples is left out of a decomposition. On components beyond those that carry
    structure their scores have the variance of noise alone; what is expected is their own
    binomial variance, inflated by linkage as their own genome shows it (``own_noise``). The
    first of these components are passed over.

    Parameters
    ----------
    store : GenotypeReader
    rows : ndarray of int64, (variants,), in order of chromosome and position
    samples : ndarray of int64
    frequency : ndarray of float64, (variants,)
    kept, noise : int
        Components with and without structure.
    signal : ndarray of float64, (kept,)
        Variance of expected scores.
    seed : int

    Returns
    -------
    float
        At least 1; 1 for cohorts too small to tell.
    """
    some = stream(seed, "dispersion").permutation(thin_evenly(samples, MAX_SAMPLES))
    outside, inside = np.sort(some[::HELD_OUT]), np.sort(np.delete(some, np.s_[::HELD_OUT]))
    found = principal_components(store, rows, inside, frequency, kept + PASSED_OVER + noise, seed)
    if found.loadings.shape[1] <= kept:
        return 1.0
    projection = Projection(
        loadings=found.loadings,
        frequency=frequency,
        stretch=stretches(store.variants.chromosome[rows]),
        eigenvalues=found.eigenvalues,
        spread=found.spread(len(found.eigenvalues)),
        signal=signal,
        samples=len(inside),
        kept=kept,
    )
    seen = projection.read(_Blocks(store, rows, outside), len(outside))
    last = slice(max(kept, found.loadings.shape[1] - noise), None)
    squared = seen.value[:, last] ** 2 / seen.noise_level[:, None]
    return max(1.0, float(squared.mean()))
