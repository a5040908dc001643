"""The haplotype-copying model: haplotypes are mosaics of founders with ranks.

Linkage disequilibrium comes from copying. A haplotype is a mosaic of founders; a founder has a
rank u, uniform in [0, 1], and carries ALT where u is below the frequency in its population (or
1 - u is, at half of the variants, so that alleles couple either way). The founder changes
between neighbouring variants with probability 1 - exp(-distance / ``ld_length``). Every variant
keeps its frequency, and two that couple, of frequencies p and q, have the covariance
(min(p, q) - p q) exp(-distance / ``ld_length``). The tracts of admixed samples and the
crossovers of meiosis are drawn in the same way over longer distances.

``HaplotypeCopier`` draws whole arrays for small cohorts, with phase; ``haplotype_stream`` draws
the same model variant by variant.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..chromosomes import LENGTHS
from ..variants import VariantTable

CHROMOSOME_LENGTHS = {str(n): length for n, length in enumerate(LENGTHS["GRCh37"], start=1)}
"""GRCh37 autosomes, base pairs."""

TRACT = 20e6
"""Base pairs over which an admixed haplotype copies one source."""

CROSSOVER = 50e6
"""Half a Morgan, since half of the changes of strand land on the same strand (Haldane)."""

CLUSTER = 4
"""Mean number of variants in a cluster; clusters give LD at any density."""

_CLUSTER_GAP = 0.01
"""Distance of variants within a cluster, relative to that between clusters."""

_TRANSITIONS = ["AG", "GA", "CT", "TC"]
_PLAIN = [*_TRANSITIONS, *_TRANSITIONS, "AC", "CA", "GT", "TG"]
_AMBIGUOUS = ["AT", "TA", "CG", "GC"]


def draw_variants(
    rng: np.random.Generator, variants: int, ambiguous: float, cluster: float = CLUSTER
) -> VariantTable:
    """SNPs in clusters along the autosomes, in order, with IDs beyond any rsID in use.

    ``cluster`` is the mean number of variants in a cluster.
    """
    if variants < len(CHROMOSOME_LENGTHS):
        raise ValueError(
            f"{variants} variants are too few: 22 or more are needed, one on each autosome"
        )
    lengths = np.array(list(CHROMOSOME_LENGTHS.values()))
    extra = np.round(lengths.cumsum() / lengths.sum() * (variants - len(lengths))).astype(np.int64)
    numbers = 1 + np.diff(extra, prepend=0)
    snps = np.where(
        rng.random(variants) < ambiguous,
        rng.choice(_AMBIGUOUS, variants),
        rng.choice(_PLAIN, variants),
    )
    positions = [
        _positions(rng, n, int(length), cluster) for n, length in zip(numbers, lengths, strict=True)
    ]
    return VariantTable(
        chromosome=np.repeat(np.array(list(CHROMOSOME_LENGTHS), dtype=object), numbers),
        position=np.concatenate(positions),
        id=np.array([f"rs{9_000_000_001 + i}" for i in range(variants)], dtype=object),
        ref=np.array([snp[0] for snp in snps], dtype=object),
        alt=np.array([snp[1] for snp in snps], dtype=object),
    )


def _positions(rng: np.random.Generator, variants: int, length: int, cluster: float) -> np.ndarray:
    """Increasing positions from 1 to ``length``; int64 (variants,)."""
    inside = rng.random(variants + 1) < 1 - 1 / cluster
    along = np.cumsum(rng.exponential(np.where(inside, _CLUSTER_GAP, 1.0)))
    share = np.asarray(along[:-1] / along[-1])
    return 1 + np.arange(variants) + (share * (length - variants)).astype(np.int64)


def gaps_between(variants: VariantTable) -> np.ndarray:
    """Base pairs from the previous variant; infinite at the start of a chromosome."""
    fresh = np.ones(len(variants), dtype=bool)
    fresh[1:] = variants.chromosome[1:] != variants.chromosome[:-1]
    return np.where(fresh, np.inf, np.diff(variants.position, prepend=0))


@dataclass(frozen=True)
class HaplotypeCopier:
    """Haplotypes as mosaics: what is copied stays the same until it is drawn anew.

    Attributes
    ----------
    rng : Generator
    gaps : ndarray of float64, shape (variants,)
    coupling : ndarray of bool, shape (variants,)
        Whether founders of low rank carry ALT; else those of high rank do.
    ld_length : float
    """

    rng: np.random.Generator
    gaps: np.ndarray
    coupling: np.ndarray
    ld_length: float

    def draw(self, shares: np.ndarray, frequency: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Haplotypes and realised shares of sources.

        Returns
        -------
        haplotypes : ndarray of int8, (samples, 2, variants)
        shares : ndarray of float64, (samples, sources)
        """
        n, sources = shares.shape
        shape = (n, 2, len(self.gaps))
        drawn, origin = self.rng.random(shape), np.zeros(shape, dtype=np.int8)
        for below in shares.cumsum(axis=1).T[:-1]:
            origin += drawn >= below[:, None, None]
        origin = self._carry_forward(origin, TRACT)
        rank = self._carry_forward(self.rng.random(shape), self.ld_length)
        rank = np.where(self.coupling, rank, 1 - rank)
        alleles = rank < frequency[origin, np.arange(len(self.gaps))]
        realised = np.stack([(origin == k).mean(axis=(1, 2)) for k in range(sources)], axis=1)
        return alleles.astype(np.int8), realised

    def child(self, parents: np.ndarray) -> np.ndarray:
        """One gamete of each of two parents, int8 (2, 2, variants); int8 (2, variants)."""
        strand = self.rng.integers(0, 2, (2, len(self.gaps)))
        strand = self._carry_forward(strand, CROSSOVER)
        return np.take_along_axis(parents, strand[:, None], axis=1)[:, 0]

    def _carry_forward(self, values: np.ndarray, length: float) -> np.ndarray:
        """Each value replaced by that of the last variant, itself included, that drew anew."""
        anew = self.rng.random(values.shape) < -np.expm1(-self.gaps / length)
        last = np.where(anew, np.arange(len(self.gaps)), 0)
        return np.take_along_axis(values, np.maximum.accumulate(last, axis=-1), axis=-1)
