"""Pruning of variants in linkage disequilibrium."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
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

ROUNDING = 1e-4
"""Larger than the error of a correlation in float32."""

DOSAGE, OBSERVED = (0.0, 1.0, 2.0, 0.0), (1.0, 1.0, 1.0, 0.0)
"""Values of dosage 0, 1, 2 and of a missing genotype."""


def prune(
    store: GenotypeReader,
    rows: np.ndarray,
    maf: np.ndarray,
    *,
    r2: float = 0.2,
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

    Memory, for each thread: four tiles of at most 256 variants as float32, 20 MB; some 40 bytes
    for each correlated pair of one chromosome; and its packed genotypes if not all samples are
    correlated over.

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
    counts = dosages.store.counts()[dosages.rows]

    @lru_cache(TILES_AT_ONCE)
    def tile(start: int) -> _Tile:
        part = slice(start, start + size)
        return _Tile.of(dosages.of_variants(part), counts[part])

    for a in range(0, len(position), size):
        left = position[a : a + size]
        for b in range(a, end[min(a + size, len(end)) - 1], size):
            near = position[b : b + size][None, :] - left[:, None] <= window
            if b == a:
                near = np.triu(near, 1)
            i, j = np.nonzero(tile(a).correlates(tile(b), near, r2))
            yield np.array([i + a, j + b], dtype=np.int32)


@dataclass(frozen=True)
class _Tile:
    """Some variants, to be correlated with those of another tile.

    With dosages centred and scaled to unit length over the samples with a genotype, and 0 in the
    others, one product gives the sums over the samples with both genotypes. What is left unknown
    is what the samples that lack the other genotype had in mean and variance. Both are bounded by
    how many they are, and few pairs lie so near to the threshold that this does not tell.

    Attributes
    ----------
    dosages : GenotypeMatrix
    unit : ndarray of float32, (variants, samples)
    missing : ndarray of float64, (variants,)
        Samples without a genotype.
    square, carriers : ndarray of float64, (variants, 3)
        Squares of the three values of ``unit``, descending, and how many samples have each.
    """

    dosages: GenotypeMatrix
    unit: np.ndarray
    missing: np.ndarray
    square: np.ndarray
    carriers: np.ndarray

    @classmethod
    def of(cls, dosages: GenotypeMatrix, counts: np.ndarray) -> _Tile:
        """Of a matrix of few variants.

        Parameters
        ----------
        dosages : GenotypeMatrix
        counts : ndarray of int64, (variants, 4)
            Samples with dosage 0, 1, 2 and missing.
        """
        seen = counts[:, :3]
        mean = seen @ np.arange(3) / np.maximum(seen.sum(axis=1), 1)
        levels = np.arange(3) - mean[:, None]
        squares = (seen * levels**2).sum(axis=1)
        levels /= np.sqrt(np.where(squares > 0, squares, np.inf))[:, None]
        values = replace(dosages, levels=np.pad(levels, [(0, 0), (0, 1)]))
        order = np.argsort(-(levels**2), axis=1)
        square, carriers = (np.take_along_axis(a, order, axis=1) for a in (levels**2, seen))
        missing = counts[:, 3].astype(np.float64)
        return cls(dosages, values.formed(), missing, square, carriers.astype(np.float64))

    def correlates(self, other: _Tile, near: np.ndarray, r2: float) -> np.ndarray:
        """Which of the pairs in ``near`` reach ``r2``; bool (own variants, other's variants)."""
        product = np.abs(self.unit @ other.unit.T)
        slack, least = self._unknown(other)
        found = near & (product - slack >= np.sqrt(r2))
        unsure = near & ~found & (product + slack >= np.sqrt(r2 * least))
        i, j = (np.flatnonzero(unsure.any(axis=axis)) for axis in (1, 0))
        if len(i):
            exact = _exactly(self.dosages.of_variants(i), other.dosages.of_variants(j), r2)
            at = np.ix_(i, j)
            found[at] = np.where(unsure[at], exact, found[at])
        return np.asarray(found)

    def _unknown(self, other: _Tile) -> tuple[np.ndarray | float, np.ndarray | float]:
        """How far products may be from covariances, and the least product of both variances."""
        mine, theirs = self.missing[:, None], other.missing
        if not (mine.any() or theirs.any()):
            return ROUNDING, 1.0
        both = np.maximum(self.unit.shape[1] - mine - theirs, 1)
        lost, its_lost = self._lost(other.missing), other._lost(self.missing).T
        slack = np.sqrt(mine * theirs * lost * its_lost) / both + ROUNDING
        least = np.maximum(1 - lost * (1 + theirs / both), 0)
        return slack, least * np.maximum(1 - its_lost * (1 + mine / both), 0)

    def _lost(self, missing: np.ndarray) -> np.ndarray:
        """The most of each variant's squares that so many samples can have; (variants, counts)."""
        before = np.cumsum(self.carriers, axis=1) - self.carriers
        taken = np.clip(missing[:, None] - before[:, None], 0, self.carriers[:, None])
        return np.asarray((taken * self.square[:, None]).sum(axis=2))


def _exactly(first: GenotypeMatrix, second: GenotypeMatrix, r2: float) -> np.ndarray:
    """Whether pairs of variants reach ``r2``; bool (variants of the first, of the second).

    Sums of dosages and their products are whole numbers below 2**24 for up to 5,000
    samples, hence exact in float32.
    """
    g, h = first.formed(), second.formed()
    seen, its_seen = (tile.with_levels(OBSERVED).formed() for tile in (first, second))
    pairs = [
        (seen, its_seen), (g, its_seen), (seen, h), (g**2, its_seen), (seen, h**2), (g, h)
    ]  # fmt: skip
    n, x, y, xx, yy, xy = ((a @ b.T).astype(np.float64) for a, b in pairs)
    bound = r2 * (n * xx - x * x) * (n * yy - y * y)
    return np.asarray(((n * xy - x * y) ** 2 >= bound) & (bound > 0))


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
