"""Cohorts of independent variants with known structure (Balding & Nichols 1995)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from memory_store import MemoryStore, variant_table

from ancestry_ddvi.genotypes.algebra.matrix import GenotypeMatrix
from ancestry_ddvi.genotypes.projection import standardise
from ancestry_ddvi.genotypes.projection.marks import Marks
from ancestry_ddvi.genotypes.projection.own_noise import stretches
from ancestry_ddvi.genotypes.projection.pca import PrincipalComponents
from ancestry_ddvi.genotypes.projection.scores import Projection


@dataclass(frozen=True)
class Cohort:
    """Dosages int8 (variants, samples), the population of each, and frequencies by population."""

    dosages: np.ndarray
    population: np.ndarray
    frequencies: np.ndarray

    @property
    def frequency(self) -> np.ndarray:
        """Of ALT among the samples, over called genotypes; (variants,)."""
        seen = self.dosages >= 0
        return np.where(seen, self.dosages, 0).sum(axis=1) / (2 * seen.sum(axis=1))

    @property
    def samples(self) -> np.ndarray:
        return np.arange(self.dosages.shape[1])

    @property
    def rows(self) -> np.ndarray:
        return np.arange(len(self.dosages))

    @property
    def store(self) -> MemoryStore:
        index = np.arange(len(self.dosages))
        chromosome = [str(1 + i * 22 // len(index)) for i in index]
        return MemoryStore(self.dosages, variant_table(len(index), chromosome, 1 + 100_000 * index))

    @property
    def matrix(self) -> GenotypeMatrix:
        """Standardised dosages."""
        return standardise.standardised(self.store, self.rows, self.samples, self.frequency)

    def select(self, samples: np.ndarray) -> Cohort:
        """These samples, at all variants."""
        return Cohort(self.dosages[:, samples], self.population[samples], self.frequencies)

    def more(self, samples: int, seed: int) -> np.ndarray:
        """Other samples of the same populations in turn; int8 (variants, samples)."""
        rng = np.random.default_rng(seed)
        like = self.frequencies[:, np.arange(samples) % self.frequencies.shape[1]]
        return rng.binomial(2, like).astype(np.int8)


def balding_nichols(
    seed: int, populations: int, samples: int, variants: int, fst: float = 0.05
) -> Cohort:
    """``samples`` in all, their populations taking turns; every variant varies among them."""
    rng = np.random.default_rng(seed)
    ancestral = rng.uniform(0.1, 0.9, (variants, 1))
    spread = (1 - fst) / fst if fst else 0
    frequencies = (
        rng.beta(ancestral * spread, (1 - ancestral) * spread, (variants, populations))
        if fst
        else np.repeat(ancestral, populations, axis=1)
    )
    population = np.arange(samples) % populations
    dosages = rng.binomial(2, frequencies[:, population]).astype(np.int8)
    varies = np.minimum(dosages.mean(axis=1), 2 - dosages.mean(axis=1)) > 0.1
    return Cohort(dosages[varies], population, frequencies[varies])


def standardised(dosages: np.ndarray, frequency: np.ndarray) -> np.ndarray:
    """float64 (variants, samples), NaN where missing."""
    p = frequency[:, None]
    return np.where(dosages < 0, np.nan, (dosages - 2 * p) / np.sqrt(2 * p * (1 - p)))


def blocks(dosages: np.ndarray, size: int = 1000) -> list[tuple[slice, np.ndarray]]:
    """Runs of variants, as ``Projection.read`` takes them."""
    parts = [slice(start, start + size) for start in range(0, len(dosages), size)]
    return [(part, dosages[part]) for part in parts]


def projection_of(cohort: Cohort, count: int, kept: int, dispersion: float = 1.0) -> Projection:
    """Components by numpy's singular value decomposition."""
    x = np.nan_to_num(standardised(cohort.dosages, cohort.frequency))
    u, s, _ = np.linalg.svd(x, full_matrices=False)
    eigenvalues, samples = s**2, x.shape[1]
    trace, squares = eigenvalues.sum(), (eigenvalues**2).sum()
    found = PrincipalComponents(u[:, :count], eigenvalues[:count], trace, squares, samples)
    return projection_on(cohort, found, kept, dispersion)


def projection_on(
    cohort: Cohort, found: PrincipalComponents, kept: int, dispersion: float = 1.0
) -> Projection:
    """On components that were found in a cohort."""
    marks = Marks.of(cohort.matrix, found.loadings, 1)
    return Projection(
        loadings=found.loadings,
        frequency=cohort.frequency,
        stretch=stretches(cohort.store.variants.chromosome),
        eigenvalues=found.eigenvalues,
        spread=found.spread(len(found.eigenvalues)),
        signal=np.maximum(found.eigenvalues[:kept] / found.samples, 0.05),
        samples=found.samples,
        kept=kept,
        dispersion=dispersion,
        marks=marks.loadings,
        recurrence=marks.recurrence,
    )
