"""Biallelic variants and dosages of their ALT alleles, as every genotype file is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

MISSING = -1
"""The dosage of a missing genotype."""

NO_ALLELE = "."
"""ALT where a file names none: all its calls there are homozygous for REF, or missing."""


@dataclass(frozen=True)
class VariantTable:
    """Biallelic variants, one per row: parallel arrays of equal length.

    A monomorphic row has calls of REF alone: ``alt`` is ``NO_ALLELE``, and so is ``ref`` where
    the base is not known. Sources give such rows at the targets of a model only.

    Attributes
    ----------
    chromosome : ndarray of object (str), as the file names it
    position : ndarray of int64, 1-based
    id : ndarray of object (str), "." where the file gives none
    ref, alt : ndarray of object (str), upper case; dosages count ``alt``
    """

    chromosome: np.ndarray
    position: np.ndarray
    id: np.ndarray
    ref: np.ndarray
    alt: np.ndarray

    def __len__(self) -> int:
        return len(self.position)

    def __getitem__(self, rows: np.ndarray | slice) -> VariantTable:
        return VariantTable(*(getattr(self, f.name)[rows] for f in fields(self)))

    @classmethod
    def join(cls, tables: Sequence[VariantTable]) -> VariantTable:
        """One table from several, in the order given."""
        return cls(*(np.concatenate([getattr(t, f.name) for t in tables]) for f in fields(cls)))


def numbered(texts: Sequence[str] | np.ndarray) -> tuple[np.ndarray, list[str]]:
    """Integers that are equal where texts are, and the text of each integer, as first seen.

    Pandas does the same; it takes longer to load than a single sample to match.
    """
    numbers: dict[str, int] = {}
    codes = (numbers.setdefault(text, len(numbers)) for text in texts)
    return np.fromiter(codes, np.int64, len(texts)), list(numbers)


@dataclass(frozen=True)
class Block:
    """A run of variants with every sample's dosages of ALT.

    ``dosages`` is int8 of shape (variants, samples) with values 0, 1, 2 or ``MISSING``; from a
    source of likelihoods it is float16 of shape (variants, samples, 3).
    """

    variants: VariantTable
    dosages: np.ndarray
