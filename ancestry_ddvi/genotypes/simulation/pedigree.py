"""Relatives planted in a simulated cohort.

A relative is drawn as one more sample whose haplotypes, or parts of them, are those of another
sample. A haplotype alternates along the genome between two others, or between another and
itself, as crossovers of one meiosis or two decide.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .haplotype_copying import CROSSOVER

SHARED: dict[str, Callable[[int, int, int], list[tuple[int, int, int, float]]]] = {
    "duplicate": lambda other, own, samples: [
        (own, other, other, CROSSOVER),
        (own + samples, other + samples, other + samples, CROSSOVER),
    ],
    "parent-child": lambda other, own, samples: [(own, other, other + samples, CROSSOVER)],
    "full-siblings": lambda other, own, samples: [
        (own, other, own, CROSSOVER / 2),
        (own + samples, other + samples, own + samples, CROSSOVER / 2),
    ],
    "half-siblings": lambda other, own, samples: [(own, other, own, CROSSOVER / 2)],
}
"""Per relation the haplotypes of a relative: own haplotype, the two that it is a mosaic of, and
the base pairs between draws of which. The second haplotypes follow the first of all samples."""

KINSHIP = {"duplicate": 0.5, "parent-child": 0.25, "full-siblings": 0.25, "half-siblings": 0.125}
"""Expected kinship."""


@dataclass(frozen=True)
class Pedigree:
    """Pairs of relatives and the haplotypes that make them so.

    Attributes
    ----------
    first, second : ndarray of int, shape (pairs,)
        Index of each sample of a pair; ``second`` copies from ``first``.
    relation : tuple of str
        A key of ``KINSHIP`` for each pair.
    pair : ndarray of int, shape (copies,)
        The pair that each copied haplotype belongs to.
    own, one, other : ndarray of int, shape (copies,)
        The haplotype drawn, and the two that it alternates between.
    length : ndarray of float64, shape (copies,)
        Base pairs over which it stays with one of them.
    """

    first: np.ndarray
    second: np.ndarray
    relation: tuple[str, ...]
    pair: np.ndarray
    own: np.ndarray
    one: np.ndarray
    other: np.ndarray
    length: np.ndarray

    def kinship(self, on_other: np.ndarray) -> np.ndarray:
        """Realised kinship of each pair; float64 (pairs,).

        Parameters
        ----------
        on_other : ndarray of float64, shape (copies,)
            Share of variants at which a haplotype was that of ``other``.
        """
        shared = np.where(self.other == self.own, 1 - on_other, 1.0)
        return np.bincount(self.pair, shared / 4, len(self.first))


def plant(rng: np.random.Generator, among: np.ndarray, samples: int, pairs: int) -> Pedigree:
    """As many pairs of each relation, of samples that are each in one pair only.

    Parameters
    ----------
    rng : Generator
    among : ndarray of int
        Samples to draw from.
    samples : int
        Samples of the cohort.
    pairs : int

    Raises
    ------
    ValueError
        If there are too few samples.
    """
    needed = 2 * pairs * len(SHARED)
    if needed > len(among):
        raise ValueError(f"{needed} samples are needed for the relatives, of {len(among)}")
    chosen = rng.permutation(among)[:needed].reshape(2, -1)
    relation = tuple(np.repeat(list(SHARED), pairs).tolist())
    copies = [
        (pair, *copy)
        for pair, (name, one, two) in enumerate(zip(relation, *chosen.tolist(), strict=True))
        for copy in SHARED[name](one, two, samples)
    ]
    columns = np.array(copies, dtype=np.float64).reshape(-1, 5).T
    pair, own, one, other = columns[:4].astype(np.int64)
    return Pedigree(chosen[0], chosen[1], relation, pair, own, one, other, columns[4])
