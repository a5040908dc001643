"""Counts that KING-robust kinship is made of: of all pairs of a few samples, or of chosen pairs.

Over the variants called in both samples of a pair: the heterozygous variants of the sample with
fewer, the sum of squared differences of dosages, and the number of variants. A difference of two
alleles counts four, so the sum is 4 IBS0 + H(i)hom(j) + hom(i)H(j).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..blocks import DosageReader, in_blocks, positions

SPARSE = 0.1
"""Missing calls are multiplied one by one where they are fewer than this share."""

PAIRS_AT_ONCE = 256


@dataclass(frozen=True)
class Counts:
    """Counts of pairs; numbers of any shape.

    Attributes
    ----------
    fewer : ndarray
        Heterozygous variants of the sample with fewer.
    unlike : ndarray
        Sum of squared differences.
    variants : ndarray
    """

    fewer: np.ndarray
    unlike: np.ndarray
    variants: np.ndarray

    def at_least(self, cutoff: float) -> np.ndarray:
        """Where kinship is defined and at least ``cutoff``."""
        return np.asarray((self.fewer > 0) & (self.unlike <= (2 - 4 * cutoff) * self.fewer))

    def kinship(self) -> np.ndarray:
        """float64; defined where ``fewer`` is not 0."""
        return np.asarray(0.5 - self.unlike / (4 * self.fewer.astype(np.float64)))

    def __getitem__(self, pairs: Any) -> Counts:
        return Counts(self.fewer[pairs], self.unlike[pairs], self.variants[pairs])


def all_pairs(store: DosageReader, rows: np.ndarray, samples: np.ndarray) -> Counts:
    """Counts of all pairs of a few thousand samples, as square matrices; float32.

    Where no call is missing they follow from one matrix product of dosages, as the squared
    distance |x|^2 + |y|^2 - 2 x'y. What a missing call adds to it is taken off. All sums are whole
    numbers below 2^24, and exact.

    Parameters
    ----------
    store : DosageReader
    rows : ndarray of int
        At most 4 million variants.
    samples : ndarray of int
    """
    n = len(samples)
    product, squares, het = np.zeros((n, n), np.float32), np.zeros(n), np.zeros(n)
    missing = np.zeros(n)
    lost, het_lost, both_lost = (np.zeros((1, 1)) for _ in range(3))
    for dosages in in_blocks(store, rows, samples):
        absent, is_het = dosages < 0, dosages == 1
        copies = dosages.astype(np.float32)
        gaps = absent.any(axis=1)
        copies[absent] = 0
        product += copies.T @ copies
        squared = copies**2
        squares += squared.sum(axis=0)
        het += np.count_nonzero(is_het, axis=0)
        if gaps.any():
            missing += np.count_nonzero(absent, axis=0)
            at = _products(absent[gaps])
            lost = lost + at(squared[gaps])
            het_lost = het_lost + at(is_het[gaps].astype(np.float32))
            both_lost = both_lost + at(absent[gaps].astype(np.float32))
    seen = het[:, None] - het_lost
    apart = squares[:, None] - lost
    return Counts(
        np.minimum(seen, seen.T).astype(np.float32),
        (apart + apart.T - 2 * product).astype(np.float32),
        (len(rows) - missing[:, None] - missing + both_lost).astype(np.float32),
    )


def _products(absent: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """The sums ``values.T @ absent``, of any values (variants, samples)."""
    if absent.mean() > SPARSE:
        dense = absent.astype(np.float32)
        return lambda values: np.asarray(values.T @ dense)
    from scipy.sparse import csr_array

    at = positions(absent)
    sparse = csr_array((np.ones(len(at[0]), np.float32), at), absent.shape)
    return lambda values: np.asarray((sparse.T @ values).T)


@dataclass(frozen=True)
class Planes:
    """Which samples carry REF, and which ALT, at each variant: a bit for each.

    Neither is set where a call is missing.

    Attributes
    ----------
    ref, alt : ndarray of uint64, (samples, ceil(variants / 64))
    """

    ref: np.ndarray
    alt: np.ndarray

    @classmethod
    def empty(cls, samples: int, variants: int) -> Planes:
        """No call at any variant."""
        shape = samples, -(-variants // 64)
        return cls(np.zeros(shape, np.uint64), np.zeros(shape, np.uint64))

    def put(self, start: int, dosages: np.ndarray) -> None:
        """Set the calls from variant ``start`` on, a multiple of 8; int8 (variants, samples)."""
        copies = dosages.view(np.uint8)
        for plane, carried in ((self.ref, copies < 2), (self.alt, copies - np.uint8(1) < 2)):
            octets = np.packbits(carried, axis=0)
            plane.view(np.uint8)[:, start // 8 : start // 8 + len(octets)] = octets.T

    def called(self) -> np.ndarray:
        """Numbers of calls of each sample."""
        return _ones(self.ref | self.alt)

    def heterozygous(self) -> np.ndarray:
        """Numbers of heterozygous calls of each sample."""
        return _ones(self.ref & self.alt)

    def counts(self, i: np.ndarray, j: np.ndarray) -> Counts:
        """Counts of chosen pairs; int64."""
        parts = [
            self._counts(i[start : start + PAIRS_AT_ONCE], j[start : start + PAIRS_AT_ONCE])
            for start in range(0, len(i), PAIRS_AT_ONCE)
        ]
        return Counts(*np.concatenate([np.empty((3, 0), np.int64), *parts], axis=1))

    def _counts(self, i: np.ndarray, j: np.ndarray) -> np.ndarray:
        ref, alt, other_ref, other_alt = self.ref[i], self.alt[i], self.ref[j], self.alt[j]
        called, other_called = ref | alt, other_ref | other_alt
        both = _ones(called & other_called)
        opposite = both - _ones((ref & other_ref) | (alt & other_alt))
        het, other_het = ref & alt, other_ref & other_alt
        first, second = _ones(het & other_called), _ones(other_het & called)
        unlike = 4 * opposite + first + second - 2 * _ones(het & other_het)
        return np.stack([np.minimum(first, second), unlike, both])


def _ones(words: np.ndarray) -> np.ndarray:
    """Bits set in each row; int64."""
    return np.asarray(np.bitwise_count(words).sum(axis=1, dtype=np.int64))
