"""The shape every genotype file takes once it is read: people, sites, dosages of ALT."""

from __future__ import annotations

import abc
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

MISSING = -1
"""The dosage of a genotype that was not observed."""


@dataclass(frozen=True)
class SiteTable:
    """Biallelic sites, one per row: parallel arrays of equal length.

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

    def __getitem__(self, rows: np.ndarray | slice) -> SiteTable:
        return SiteTable(*(getattr(self, f.name)[rows] for f in fields(self)))

    @classmethod
    def join(cls, tables: Sequence[SiteTable]) -> SiteTable:
        """One table from several, in the order given."""
        return cls(*(np.concatenate([getattr(t, f.name) for t in tables]) for f in fields(cls)))


@dataclass(frozen=True)
class Block:
    """A run of sites with everyone's dosages of ALT.

    ``dosages`` is int8 of shape (sites, samples), values 0, 1, 2 or ``MISSING``; from a source
    of evidence, which has no hard calls, float16 of shape (sites, samples, 3).
    """

    sites: SiteTable
    dosages: np.ndarray


class GenotypeSource(abc.ABC):
    """Genotypes in a file: who, where, and dosages of ALT, block by block.

    Attributes
    ----------
    name : str
        The path as the user gave it, for messages.
    samples : tuple of str
        Sample IDs in file order, unique, never parsed as numbers.
    skipped : Counter of str
        Records left out while reading and why ("multi-allelic", "not a SNP", ...).
        Complete once ``blocks`` is exhausted.
    build_hint : str or None
        "NCBI36", "GRCh37" or "GRCh38" if the file says so, which may be wrong.
    files : tuple of Path
        Every file that is read; empty for standard input.
    records : int or None
        How many records there are, kept or skipped, if that is known before reading.
    """

    name: str
    samples: tuple[str, ...]
    skipped: Counter[str]
    build_hint: str | None = None
    files: tuple[Path, ...] = ()
    records: int | None = None

    @abc.abstractmethod
    def blocks(self, sites: int = 1024) -> Iterator[Block]:
        """Blocks of at most ``sites`` biallelic SNPs, in file order. A half call is missing.

        Raises
        ------
        InputUnreadable
            If the file is truncated or malformed; the message names the file and the place.
        """
