"""Small simulated cohorts in memory, for examples and tests; ``cohort`` writes large ones."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..formats.vcf_writer import write_vcf
from ..variants import MISSING, VariantTable
from .haplotype_copying import (
    CHROMOSOME_LENGTHS,
    HaplotypeCopier,
    draw_variants,
    gaps_between,
)
from .tree import frequencies, two_levels


@dataclass(frozen=True)
class SimulatedCohort:
    """Samples, variants and genotypes with their true populations and relatives.

    Attributes
    ----------
    samples : tuple of str
    variants : VariantTable
    dosages : ndarray of int8, shape (variants, samples), values 0, 1, 2 or ``MISSING``
    population, superpopulation : ndarray of object (str), shape (samples,)
    sources : tuple of str
        The populations that have their own frequencies, which are the columns of ``ancestry``.
    ancestry : ndarray of float64, shape (samples, sources)
        Share of each sample's variants copied from each source; rows sum to 1.
    relatives : tuple of (sample, sample, "parent-child" or "duplicate")
    """

    samples: tuple[str, ...]
    variants: VariantTable
    dosages: np.ndarray
    population: np.ndarray
    superpopulation: np.ndarray
    sources: tuple[str, ...]
    ancestry: np.ndarray
    relatives: tuple[tuple[str, str, str], ...]

    def select(self, rows: np.ndarray, variants: np.ndarray) -> SimulatedCohort:
        """Some samples at some variants, by index and in the order given."""
        samples = tuple(self.samples[i] for i in rows)
        return replace(
            self,
            samples=samples,
            variants=self.variants[variants],
            dosages=self.dosages[np.ix_(variants, rows)],
            population=self.population[rows],
            superpopulation=self.superpopulation[rows],
            ancestry=self.ancestry[rows],
            relatives=tuple(r for r in self.relatives if {*r[:2]} <= {*samples}),
        )

    def write_vcf(self, path: str | os.PathLike[str]) -> None:
        """Write VCF 4.3, as BGZF if the path ends in ``.gz``; the same cohort gives the same bytes.

        Raises
        ------
        OutputUnwritable
            If the file cannot be written.
        """
        names = dict.fromkeys(self.variants.chromosome)
        lengths = {name: CHROMOSOME_LENGTHS[name.removeprefix("chr")] for name in names}
        write_vcf(path, self.samples, self.variants, self.dosages, lengths)


def simulate(
    seed: int,
    populations: Mapping[str, Sequence[str]],
    samples_per_population: int,
    variants: int,
    *,
    admixed: Mapping[str, Sequence[str]] | None = None,
    fst_superpopulation: float = 0.10,
    fst_population: float = 0.015,
    ld_length: float = 100_000.0,
    ambiguous: float = 0.02,
    missing: float | np.ndarray = 0.003,
    trios: int = 0,
    duplicates: int = 0,
) -> SimulatedCohort:
    """Draw a cohort with known structure.

    Ancestral frequencies are uniform over [0.05, 0.95] and drift on a tree of two levels.

    Samples come population by population, then the admixed ones, then ``trios`` children of
    samples 0 and 1, 2 and 3, ..., then ``duplicates`` with the genotypes of the samples after
    the parents. Parents and duplicated samples are of the first population.

    Parameters
    ----------
    seed : int
        The same seed and arguments give the same cohort.
    populations : mapping from superpopulation to the names of its populations
    samples_per_population : int
        At least 2 ``trios`` + ``duplicates``.
    variants : int
        At least 22: one on every autosome, the others by length.
    admixed : mapping from an admixed population to the populations it descends from
        The expected shares of a sample are uniform on the simplex. The name of the population
        is also that of its superpopulation.
    fst_superpopulation, fst_population : float
        F of the two levels of the tree, in [0, 1): Hudson's F_ST is ``fst_population`` within a
        superpopulation and 1 - (1 - fst_superpopulation) (1 - fst_population) across.
    ld_length : float
        Base pairs over which correlation falls by a factor e.
    ambiguous : float
        Share of A/T and C/G variants.
    missing : float, or ndarray of float of shape (samples,)
        Probability that a call is missing.
    """
    rng = np.random.default_rng(seed)
    table = draw_variants(rng, variants, ambiguous)
    ancestral = rng.uniform(0.05, 0.95, variants)
    tree = two_levels(populations, fst_superpopulation, fst_population)
    frequency = frequencies(rng, tree, ancestral)
    sources = tuple(name for names in populations.values() for name in names)
    groups = {**{name: (name,) for name in sources}, **(admixed or {})}
    shares = _shares(rng, groups, sources, samples_per_population)
    copying = HaplotypeCopier(rng, gaps_between(table), rng.random(variants) < 0.5, ld_length)
    drawn = [copying.draw(share, frequency) for share in shares]
    founders = np.concatenate([haplotypes for haplotypes, _ in drawn])
    pairs, repeated = np.arange(2 * trios).reshape(trios, 2), 2 * trios + np.arange(duplicates)
    like = np.concatenate([np.arange(len(founders)), pairs[:, 0], repeated])
    haplotypes = founders[like]
    for row, pair in enumerate(pairs, start=len(founders)):
        haplotypes[row] = copying.child(founders[pair])
    names = tuple(f"sim{i:04d}" for i in range(len(like)))
    above = {name: group for group, members in populations.items() for name in members}
    labels = np.repeat(np.array(list(groups), dtype=object), samples_per_population)[like]
    dosages = haplotypes.sum(axis=1, dtype=np.int8).T
    return SimulatedCohort(
        samples=names,
        variants=table,
        dosages=np.where(rng.random(dosages.shape) < missing, np.int8(MISSING), dosages),
        population=labels,
        superpopulation=np.array([above.get(name, name) for name in labels], dtype=object),
        sources=sources,
        ancestry=np.concatenate([ancestry for _, ancestry in drawn])[like],
        relatives=_relatives(names, pairs, repeated),
    )


def _shares(
    rng: np.random.Generator,
    groups: Mapping[str, Sequence[str]],
    sources: Sequence[str],
    samples: int,
) -> list[np.ndarray]:
    """Expected shares of each group's samples; float64 (samples, sources) per group."""
    shares = []
    for parents in groups.values():
        share = np.zeros((samples, len(sources)))
        share[:, [sources.index(p) for p in parents]] = rng.dirichlet([1.0] * len(parents), samples)
        shares.append(share)
    return shares


def _relatives(
    names: Sequence[str], pairs: np.ndarray, repeated: np.ndarray
) -> tuple[tuple[str, str, str], ...]:
    """Children and then duplicates are at the end of ``names``."""
    added = iter(names[len(names) - len(pairs) - len(repeated) :])
    related = []
    for pair in pairs:
        child = next(added)
        related += [(names[parent], child, "parent-child") for parent in pair]
    return (*related, *((names[i], next(added), "duplicate") for i in repeated))
