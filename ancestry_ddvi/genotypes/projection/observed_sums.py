"""Exact sums over the variants that were observed in a sample."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from ..blocks import positions
from .exact_sums import grid_step, on_grid, to_grid
from .own_noise import SAMPLES_AT_ONCE, VARIANTS_AT_ONCE, of_pairs, symmetric

SPARSE = 0.1
"""Missing calls are taken off the sums of complete samples if they are fewer than this share."""


@dataclass(frozen=True)
class Weights:
    """What is summed over observed variants, rounded for exact sums.

    Attributes
    ----------
    dosage : ndarray of float64, (variants, components + 1)
        For each copy of ALT: loadings on dosages, and a part of the squared length.
    het : ndarray of float64, (variants, 2)
        For each heterozygote: the rest of the squared length that depends on it, and 1.
    seen : ndarray of float64, (variants, components + 4)
        For each observed variant: what centres the sum of loadings, what is left of the squared
        length, the expected heterozygosity, ``noise`` and 1.
    loadings : ndarray of float64, (variants, components)
    product_step : float
        What products of two loadings are rounded to.
    """

    dosage: np.ndarray
    het: np.ndarray
    seen: np.ndarray
    loadings: np.ndarray
    product_step: float

    @classmethod
    def of(cls, loadings: np.ndarray, frequency: np.ndarray, noise: np.ndarray) -> Weights:
        """Of all components; ``noise`` is any number for each variant, float64 (variants,)."""
        sd = np.sqrt(2 * frequency * (1 - frequency))
        slope = loadings / sd[:, None]
        pair = on_grid(np.stack([slope, 2 * frequency[:, None] * slope], axis=1), 2)
        # (g - 2 f)^2 = 2 g (1 - 2 f) - [g = 1] + 4 f^2
        terms = np.column_stack([2 - 4 * frequency, -np.ones_like(sd), 4 * frequency**2])
        squared = on_grid(terms / sd[:, None] ** 2, 2)
        one = np.ones_like(sd)
        others = np.column_stack([on_grid(sd**2, 1), on_grid(noise, 1), one])
        absolute = np.abs(loadings)
        bound = float((absolute.T @ absolute).max(initial=0.0))
        return cls(
            np.column_stack([pair[:, 0], squared[:, 0]]),
            np.column_stack([squared[:, 1], one]),
            np.column_stack([-pair[:, 1], squared[:, 2], others]),
            loadings,
            grid_step(bound),
        )

    def total(self, rows: np.ndarray) -> np.ndarray:
        """Sums over variants that every sample has, as ``each`` lays them out; (1, ...)."""
        starts = range(0, len(rows), VARIANTS_AT_ONCE)
        parts = (self._each(rows[start : start + VARIANTS_AT_ONCE]) for start in starts)
        return np.asarray(sum(part.sum(axis=1) for part in parts))[None]

    def each(self, rows: np.ndarray) -> np.ndarray:
        """``seen``, and products of pairs of loadings; (rows, components + 4 + pairs)."""
        return np.ascontiguousarray(self._each(rows).T)

    def _each(self, rows: np.ndarray) -> np.ndarray:
        some = np.ascontiguousarray(self.loadings[rows].T)
        products = to_grid(of_pairs(some, some), self.product_step)
        return np.concatenate([self.seen[rows].T, products])


@dataclass(frozen=True)
class Sums:
    """Sums of samples over their observed variants o.

    Attributes
    ----------
    b : ndarray of float64, (samples, components)
        V_o' x_o, with V the loadings and x the standardised dosages.
    products : ndarray of float64, (samples, components, components)
        V_o' V_o; the same memory for all samples if no call is missing.
    length : ndarray of float64, (samples,)
        Squared length of x_o.
    observed, heterozygous : ndarray of int64, (samples,)
        Numbers of calls.
    expected : ndarray of float64, (samples,)
        Heterozygotes expected at the frequencies of the panel.
    noise : ndarray of float64, (samples,)
        Of the numbers given with ``Weights``.
    """

    b: np.ndarray
    products: np.ndarray
    length: np.ndarray
    observed: np.ndarray
    heterozygous: np.ndarray
    expected: np.ndarray
    noise: np.ndarray


def observed_sums(
    weights: Weights, blocks: Iterable[tuple[slice, np.ndarray]], samples: int
) -> Sums:
    """Sums over the observed variants of every sample.

    Parameters
    ----------
    weights : Weights
    blocks : iterable of (slice of variants, int8 (variants, samples))
    samples : int
    """
    k = weights.loadings.shape[1]
    dosage, het = np.zeros((k + 1, samples)), np.zeros((2, samples))
    seen = np.zeros((1, k + 4 + k * (k + 1) // 2))
    for variants, dosages in blocks:
        first = variants.start or 0
        missing = dosages < 0
        there = ~missing.all(axis=1)
        rows = first + np.flatnonzero(there)
        if not len(rows):
            continue
        if len(rows) < len(dosages):
            dosages, missing = dosages[there], missing[there]
        for start in range(0, len(rows), VARIANTS_AT_ONCE):
            part = slice(start, start + VARIANTS_AT_ONCE)
            _add(weights, rows[part], dosages[part], missing[part], dosage, het)
        seen = seen + _of_observed(weights, rows, missing)
    products = symmetric(seen[:, k + 4 :], k)
    seen, products = (np.broadcast_to(a, (samples, *a.shape[1:])) for a in (seen, products))
    return Sums(
        b=dosage[:k].T + seen[:, :k],
        products=products,
        length=dosage[k] + het[0] + seen[:, k],
        observed=seen[:, k + 3].astype(np.int64),
        heterozygous=het[1].astype(np.int64),
        expected=seen[:, k + 1],
        noise=seen[:, k + 2],
    )


def _add(
    weights: Weights,
    rows: np.ndarray,
    dosages: np.ndarray,
    missing: np.ndarray,
    dosage: np.ndarray,
    het: np.ndarray,
) -> None:
    """Add some variants to the sums over copies of ALT and over heterozygotes."""
    of_dosage, of_het, gaps = weights.dosage[rows].T, weights.het[rows].T, missing.any()
    samples = dosages.shape[1]
    tile = np.empty((len(dosages), min(SAMPLES_AT_ONCE, samples)))
    for start in range(0, samples, SAMPLES_AT_ONCE):
        some = slice(start, min(start + SAMPLES_AT_ONCE, samples))
        copies = tile[:, : some.stop - start]
        np.copyto(copies, dosages[:, some])
        if gaps:
            np.copyto(copies, 0, where=missing[:, some])
        dosage[:, some] += of_dosage @ copies
        np.copyto(copies, dosages[:, some] == 1)
        het[:, some] += of_het @ copies


def _of_observed(weights: Weights, rows: np.ndarray, missing: np.ndarray) -> np.ndarray:
    """Sums over observed variants; (samples, ...), or (1, ...) if they are all alike.

    Sums are exact, so either way to them gives the same bits.
    """
    count = np.count_nonzero(missing)
    if not count:
        return weights.total(rows)
    if count > SPARSE * missing.size:
        gaps = missing.any(axis=1)
        seen = (~missing[gaps]).T.astype(np.float64)
        return np.asarray(weights.total(rows[~gaps]) + seen @ weights.each(rows[gaps]))
    from scipy.sparse import csr_array

    at = positions(missing)
    sparse = csr_array((np.ones(count), at), missing.shape)
    each = weights.each(rows)
    return np.asarray(each.sum(axis=0) - sparse.T @ each)
