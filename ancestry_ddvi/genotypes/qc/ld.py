"""Pruning of variants in linkage disequilibrium."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..blocks import GenotypeReader, thin_evenly
from ..variants import MISSING

TILE = 256
MAX_SAMPLES = 5000


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

    Memory: two tiles of 256 variants as float32, at most 31 MB with their masks and squares,
    and some 40 bytes for each correlated pair of one chromosome.

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
        Samples to correlate over; more than 5,000 are thinned evenly.

    Returns
    -------
    ndarray of int, a subset of ``rows`` in the order given
    """
    chosen = thin_evenly(samples, MAX_SAMPLES)
    variants = store.variants[rows]
    keep = np.zeros(len(rows), dtype=bool)
    for chromosome in dict.fromkeys(variants.chromosome):
        here = np.flatnonzero(variants.chromosome == chromosome)
        here = here[np.lexsort((rows[here], variants.position[here]))]
        position = variants.position[here]
        pairs = list(_correlated(store, rows[here], position, r2, window_kb * 1000, chosen))
        keep[here] = _greedy_choice(np.argsort(-maf[here], kind="stable"), pairs)
    return rows[keep]


def _correlated(
    store: GenotypeReader,
    rows: np.ndarray,
    position: np.ndarray,
    r2: float,
    window: float,
    samples: np.ndarray,
) -> Iterator[np.ndarray]:
    """Pairs (i < j) at or above ``r2`` within ``window`` bases, one (2, pairs) array a tile."""
    for a in range(0, len(rows), TILE):
        left = position[a : a + TILE]
        first = _Tile(store.dosages(rows[a : a + TILE], samples))
        end = int(np.searchsorted(position, left[-1] + window, side="right"))
        for b in range(a, end, TILE):
            right = position[b : b + TILE]
            second = first if b == a else _Tile(store.dosages(rows[b : b + TILE], samples))
            near = right[None, :] - left[:, None] <= window
            if b == a:
                near = np.triu(near, 1)
            i, j = np.nonzero(near & first.correlates(second, r2))
            yield np.array([i + a, j + b], dtype=np.int32)


class _Tile:
    """Dosages of some variants, to be correlated with those of another tile.

    Sums of dosages and their products are whole numbers below 2**24 for up to 5,000
    samples, hence exact in float32.
    """

    def __init__(self, dosages: np.ndarray) -> None:
        seen = dosages != MISSING
        self.dosage = np.where(seen, dosages, 0).astype(np.float32)
        self.seen = None if seen.all() else seen.astype(np.float32)

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
            x, xx = self._own_sums()
            y, yy = other._own_sums()
            return float(self.dosage.shape[1]), x[:, None], y, xx[:, None], yy
        mine, theirs = self._mask(), other._mask()
        n = mine @ theirs.T
        x, xx = self.dosage @ theirs.T, self.dosage**2 @ theirs.T
        y, yy = mine @ other.dosage.T, mine @ (other.dosage**2).T
        return tuple(s.astype(np.float64) for s in (n, x, y, xx, yy))

    def _own_sums(self) -> tuple[np.ndarray, np.ndarray]:
        return self.dosage.sum(1, dtype=np.float64), (self.dosage**2).sum(1, dtype=np.float64)

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
