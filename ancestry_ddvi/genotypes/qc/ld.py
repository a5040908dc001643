"""Pruning of variants in linkage disequilibrium."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ...parallel import each
from ...seeding import stream
from ..algebra.matrix import GenotypeMatrix
from ..blocks import GenotypeReader

MAX_SAMPLES = 5000

TILES = 64, 256
"""Fewest and most variants in a tile; between them, about as many as a window holds."""

TILES_AT_ONCE = 4

DOSAGE, OBSERVED = (0.0, 1.0, 2.0, 0.0), (1.0, 1.0, 1.0, 0.0)
"""Values of dosage 0, 1, 2 and of a missing genotype."""


def prune(
    store: GenotypeReader,
    rows: np.ndarray,
    maf: np.ndarray,
    *,
    r2: float = 0.1,
    window_kb: float = 1000,
    samples: np.ndarray,
) -> np.ndarray:
    """Variants of which no two within the window correlate at ``r2`` or more.

    Variants are visited from the highest MAF down (ties: earlier position, then earlier
    row); each one still there is kept and its correlated neighbours are dropped. So every
    variant dropped has a kept partner with r2 at or above the threshold and a MAF no lower
    than its own, and the result does not depend on the order of ``rows``.

    r2 is the squared Pearson correlation of dosages over the samples with both genotypes; a
    pair in which a variant does not vary among them is uncorrelated.

    Memory, for each thread: four tiles of at most 256 variants as float32, 62 MB with their masks
    and squares; some 40 bytes for each correlated pair of one chromosome; and its packed genotypes
    if not all samples are correlated over.

    Parameters
    ----------
    store : GenotypeReader
    rows : ndarray of int, variant rows of ``store``, any order
    maf : ndarray of float, as long as ``rows``
    r2 : float
        The lowest squared correlation at which one of a pair is dropped.
    window_kb : float
        The longest distance at which a pair is compared, in kilobases.
    samples : ndarray of int
        Samples to correlate over; of more, 5,000 are drawn.

    Returns
    -------
    ndarray of int, a subset of ``rows`` in the order given
    """
    chosen = np.sort(stream(0, "ld").permutation(samples)[:MAX_SAMPLES])
    variants = store.variants[rows]
    keep = np.zeros(len(rows), dtype=bool)

    def kept_on(chromosome: str) -> np.ndarray:
        here = np.flatnonzero(variants.chromosome == chromosome)
        here = here[np.lexsort((rows[here], variants.position[here]))]
        position = variants.position[here]
        dosages = GenotypeMatrix.of(store, rows[here], chosen, DOSAGE)
        if len(chosen) < len(store.samples):
            dosages = dosages.in_memory()
        pairs = list(_correlated(dosages, position, r2, window_kb * 1000))
        return np.asarray(here[_greedy_choice(np.argsort(-maf[here], kind="stable"), pairs)])

    for kept in each(kept_on, list(dict.fromkeys(variants.chromosome))):
        keep[kept] = True
    return rows[keep]


def _correlated(
    dosages: GenotypeMatrix, position: np.ndarray, r2: float, window: float
) -> Iterator[np.ndarray]:
    """Pairs (i < j) at or above ``r2`` within ``window`` bases, one (2, pairs) array a tile."""
    end = np.searchsorted(position, position + window, side="right")
    size = int(np.clip(np.median(end - np.arange(len(end))), *TILES))
    lacking = dosages.lacking()

    @lru_cache(TILES_AT_ONCE)
    def tile(start: int) -> _Tile:
        part = slice(start, start + size)
        return _Tile.of(dosages.of_variants(part), bool(lacking[part].any()))

    for a in range(0, len(position), size):
        left = position[a : a + size]
        for b in range(a, end[min(a + size, len(end)) - 1], size):
            near = position[b : b + size][None, :] - left[:, None] <= window
            if b == a:
                near = np.triu(near, 1)
            i, j = np.nonzero(near & tile(a).correlates(tile(b), r2))
            yield np.array([i + a, j + b], dtype=np.int32)


@dataclass(frozen=True)
class _Tile:
    """Dosages of some variants, to be correlated with those of another tile.

    Sums of dosages and their products are whole numbers below 2**24 for up to 5,000
    samples, hence exact in float32.

    Attributes
    ----------
    dosage, square : ndarray of float32, (variants, samples)
        0 where missing.
    seen : ndarray of float32, (variants, samples), or None
        0 where missing and 1 elsewhere; None if nothing is missing.
    sums : ndarray of float64, (2, variants)
        Of dosages and of their squares.
    """

    dosage: np.ndarray
    square: np.ndarray
    seen: np.ndarray | None
    sums: np.ndarray

    @classmethod
    def of(cls, dosages: GenotypeMatrix, missing: bool) -> _Tile:
        """Of a matrix of few variants, of which some genotypes may be missing."""
        dosage = dosages.formed()
        square = dosage**2
        sums = np.array([part.sum(axis=1, dtype=np.float64) for part in (dosage, square)])
        seen = dosages.with_levels(OBSERVED).formed() if missing else None
        return cls(dosage, square, seen, sums)

    def correlates(self, other: _Tile, r2: float) -> np.ndarray:
        """Whether each pair of variants reaches ``r2``; bool (own variants, other's variants)."""
        n, x, y, xx, yy = self._sums(other)
        xy = (self.dosage @ other.dosage.T).astype(np.float64)
        covariance = n * xy - x * y
        bound = r2 * (n * xx - x * x) * (n * yy - y * y)
        return np.asarray((covariance**2 >= bound) & (bound > 0))

    def _sums(self, other: _Tile) -> tuple[np.ndarray | float, ...]:
        """For every pair: samples with both genotypes, and sums of x, y and squares over them."""
        if self.seen is None and other.seen is None:
            (x, xx), (y, yy) = self.sums[..., None], other.sums
            return float(self.dosage.shape[1]), x, y, xx, yy
        mine, theirs = self._mask(), other._mask()
        n = mine @ theirs.T
        x, xx = self.dosage @ theirs.T, self.square @ theirs.T
        if other is self:
            y, yy = x.T, xx.T
        else:
            y, yy = mine @ other.dosage.T, mine @ other.square.T
        return tuple(s.astype(np.float64) for s in (n, x, y, xx, yy))

    def _mask(self) -> np.ndarray:
        return np.ones_like(self.dosage) if self.seen is None else self.seen


def _greedy_choice(order: np.ndarray, pairs: list[np.ndarray]) -> np.ndarray:
    """Keep variants in ``order`` unless a correlated one is kept already; bool by variant."""
    n = len(order)
    rank = np.empty(n, dtype=np.int32)
    rank[order] = np.arange(n, dtype=np.int32)
    ranked = np.sort(rank[np.concatenate(pairs, axis=1)], axis=0)
    earlier, later = ranked[:, np.argsort(ranked[0], kind="stable")]
    starts = np.searchsorted(earlier, np.arange(n + 1))
    kept = np.ones(n, dtype=bool)
    for variant in np.unique(earlier):
        if kept[variant]:
            kept[later[starts[variant] : starts[variant + 1]]] = False
    return kept[rank]
