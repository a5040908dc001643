"""How alike samples are on two halves of the genome."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...seeding import stream
from ..algebra.matrix import GenotypeMatrix
from .own_noise import stretches

MAX_SAMPLES = 3000
"""Samples of which products are formed, drawn at random from more: samples may take turns by
population."""


@dataclass(frozen=True)
class Halves:
    """Products of the standardised dosages of samples, on each half of the genome.

    Attributes
    ----------
    matrix : GenotypeMatrix
        Standardised dosages of at most ``MAX_SAMPLES`` samples.
    products : ndarray of float32, (2, samples, samples)
    """

    matrix: GenotypeMatrix
    products: np.ndarray

    @classmethod
    def of(cls, matrix: GenotypeMatrix, seed: int) -> Halves:
        """Of a cohort, in one pass over its genotypes.

        Parameters
        ----------
        matrix : GenotypeMatrix
            Of variants in order of chromosome and position.
        seed : int
            Of the choice of samples.
        """
        some = matrix
        if matrix.shape[1] > MAX_SAMPLES:
            chosen = stream(seed, "halves").permutation(matrix.shape[1])[:MAX_SAMPLES]
            some = matrix.of_samples(np.sort(chosen)).in_memory()
        half = _halves(stretches(some.store.variants.chromosome[some.rows]))
        products = [some.of_variants(half == which).gram() for which in (0, 1)]
        return cls(some, np.array(products))

    def whole(self, samples: np.ndarray | slice = slice(None)) -> np.ndarray:
        """Products of some samples with each other on the whole genome."""
        first, second = self.products
        return np.asarray(first[samples][:, samples] + second[samples][:, samples])


def _halves(stretch: np.ndarray) -> np.ndarray:
    """0 or 1 for each variant: stretches of the genome go to the smaller half, largest first."""
    sizes = np.bincount(stretch)
    half, filled = np.zeros(len(sizes), dtype=np.int64), [0, 0]
    for number in np.argsort(-sizes, kind="stable"):
        half[number] = int(filled[1] < filled[0])
        filled[half[number]] += sizes[number]
    return np.asarray(half[stretch])
