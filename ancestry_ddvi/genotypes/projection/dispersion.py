"""The variance of scores of samples that had no part in the components."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ...seeding import stream
from ..algebra.matrix import GenotypeMatrix
from .halves import Halves
from .own_noise import stretches
from .pca import from_products
from .scores import Projection, runs

PASSED_OVER = 48
"""Components after those that carry structure, which may hold structure too weak to be kept."""

RESIDUAL = 0.05
"""Relative residual of eigenvectors. Those of noise need be no more than free of structure."""

HELD_OUT = 5
"""One sample in HELD_OUT has no part in the components."""


@dataclass(frozen=True)
class _Blocks:
    """Runs of variants with the dosages of all samples of a matrix, each time anew."""

    matrix: GenotypeMatrix

    def __iter__(self) -> Iterator[tuple[slice, np.ndarray]]:
        matrix = self.matrix
        for part in runs(len(matrix.rows)):
            yield part, matrix.store.dosages(matrix.rows[part], matrix.samples)


def held_out_dispersion(
    halves: Halves, frequency: np.ndarray, kept: int, noise: int, signal: np.ndarray, seed: int
) -> float:
    """Mean square of scores without structure, relative to that expected.

    A fifth of the samples is left out of a decomposition. On components beyond those that carry
    structure their scores have the variance of noise alone; what is expected is their own
    binomial variance, inflated by linkage as their own genome shows it (``own_noise``). The
    first of these components are passed over.

    Parameters
    ----------
    halves : Halves
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
    matrix = halves.matrix
    some = stream(seed, "dispersion").permutation(matrix.shape[1])
    outside, inside = np.sort(some[::HELD_OUT]), np.sort(np.delete(some, np.s_[::HELD_OUT]))
    tolerance = np.full(kept + PASSED_OVER + noise, RESIDUAL)
    of_inside = matrix.of_samples(inside)
    found = from_products(of_inside, halves.whole(inside), tolerance, seed)
    count = found.loadings.shape[1]
    if count <= kept:
        return 1.0
    used = np.concatenate([np.arange(kept), np.arange(max(kept, count - noise), count)])
    projection = Projection(
        loadings=found.loadings[:, used],
        frequency=frequency,
        stretch=stretches(matrix.store.variants.chromosome[matrix.rows]),
        eigenvalues=found.eigenvalues[used],
        spread=found.spread(count),
        signal=signal,
        samples=len(inside),
        kept=kept,
    )
    seen = projection.read(_Blocks(matrix.of_samples(outside)), len(outside))
    squared = seen.value[:, kept:] ** 2 / seen.noise_level[:, None]
    return max(1.0, float(squared.mean()))
