"""The haplotype-copying model drawn variant by variant, in memory that grows with samples alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from .haplotype_copying import TRACT
from .pedigree import Pedigree

SCALE = 1 << 16
"""Ranks and frequencies are whole numbers of 1 / SCALE."""

_EVERY = 16
"""Variants between two looks at the sources of admixed haplotypes."""


@dataclass(frozen=True)
class Origins:
    """Where the haplotypes of a cohort come from.

    Attributes
    ----------
    shares : ndarray of float64, shape (samples, sources)
        Expected share of each source in each sample; rows sum to 1.
    pedigree : Pedigree
        Of samples with one source.
    """

    shares: np.ndarray
    pedigree: Pedigree


class HaplotypeStream:
    """Alleles of every haplotype at one variant after the other.

    Parameters
    ----------
    seed : SeedSequence
    frequency : ndarray of float64, shape (sources, variants)
    gaps : ndarray of float64, shape (variants,)
        Base pairs from the previous variant, infinite at the start of a chromosome.
    origins : Origins
    ld_length : float
        Base pairs over which correlation falls by a factor e.
    """

    def __init__(
        self,
        seed: np.random.SeedSequence,
        frequency: np.ndarray,
        gaps: np.ndarray,
        origins: Origins,
        ld_length: float,
    ) -> None:
        self._rng = np.random.Generator(np.random.SFC64(seed))
        self._gaps, self._ld_length = gaps, ld_length
        self._pedigree = origins.pedigree
        flipped = self._rng.random(len(gaps)) < 0.5
        threshold = np.where(flipped, 1 - frequency, frequency)
        self._flipped = flipped
        self._thresholds = (threshold.T * SCALE).round().clip(1, SCALE - 1).astype(np.uint16)
        self._origin = np.tile(origins.shares.argmax(axis=1), 2)
        mixed = np.flatnonzero(origins.shares.max(axis=1) < 1)
        self._mixed = np.concatenate([mixed, mixed + len(origins.shares)])
        self._below = np.tile(origins.shares[mixed].cumsum(axis=1), (2, 1))[:, :-1]
        self._seen = np.zeros((len(self._mixed), frequency.shape[0]))
        self._strand = np.zeros(len(self._pedigree.own), dtype=bool)
        self._on_other = np.zeros(len(self._pedigree.own))

    def __iter__(self) -> Iterator[np.ndarray]:
        """Whether each haplotype carries ALT: bool (2, samples), reused for the next variant."""
        haplotypes = len(self._origin)
        rank = np.zeros(haplotypes, dtype=np.uint16)
        threshold, alleles = np.empty_like(rank), np.empty(haplotypes, dtype=bool)
        for variant, gap in enumerate(self._gaps):
            self._draw_ranks(rank, gap)
            self._draw_sources(variant, gap)
            table = self._thresholds[variant]
            np.take(table, self._origin, out=threshold, mode="clip")
            np.less(rank, threshold, out=alleles)
            if self._flipped[variant]:
                np.logical_not(alleles, out=alleles)
            self._copy(alleles, gap)
            yield alleles.reshape(2, -1)

    def _draw_ranks(self, rank: np.ndarray, gap: float) -> None:
        """Draw the rank of the founder anew where the founder changes."""
        raw = self._rng.bit_generator.random_raw(-(-len(rank) // 2))
        random = raw.view(np.uint16)
        drawn, new = random[: len(rank)], random[len(raw) * 2 :][: len(rank)]
        change = -np.expm1(-gap / self._ld_length)
        limit = np.uint16(max(0, round(change * SCALE) - 1))
        # One bitwise product is several times faster than a masked copy.
        mask = np.negative((drawn <= limit).view(np.uint8).astype(np.uint16))
        rank ^= (rank ^ new) & mask

    def _draw_sources(self, variant: int, gap: float) -> None:
        """Draw the source anew where an admixed haplotype changes it."""
        if not len(self._mixed):
            return
        changes = self._rng.random(len(self._mixed), dtype=np.float32) < -np.expm1(-gap / TRACT)
        rows = np.flatnonzero(changes)
        drawn = self._rng.random((len(rows), 1))
        self._origin[self._mixed[rows]] = (drawn >= self._below[rows]).sum(axis=1)
        if variant % _EVERY == 0:
            self._seen[np.arange(len(self._mixed)), self._origin[self._mixed]] += 1

    def _copy(self, alleles: np.ndarray, gap: float) -> None:
        """Give relatives the alleles that they share."""
        copies = self._pedigree
        changes = self._rng.random(len(copies.own)) < -np.expm1(-gap / copies.length)
        fresh = self._rng.random(len(copies.own)) < 0.5
        self._strand = np.where(changes, fresh, self._strand)
        self._on_other += self._strand
        alleles[copies.own] = alleles[np.where(self._strand, copies.other, copies.one)]

    def kinship(self) -> np.ndarray:
        """Realised kinship of the planted pairs, after the last variant; float64 (pairs,)."""
        return self._pedigree.kinship(self._on_other / len(self._gaps))

    def ancestry(self, shares: np.ndarray) -> np.ndarray:
        """Realised shares of the sources, after the last variant; float64 (samples, sources).

        ``shares`` are the expected ones, which samples with one source keep. Those of admixed
        samples are counted at every sixteenth variant.
        """
        realised = shares.copy()
        mixed = self._mixed[: len(self._mixed) // 2]
        both = self._seen.reshape(2, len(mixed), shares.shape[1]).sum(axis=0)
        realised[mixed] = both / both.sum(axis=1, keepdims=True)
        return realised
