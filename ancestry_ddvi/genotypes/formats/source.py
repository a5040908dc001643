"""What every reader of genotype files provides."""

from __future__ import annotations

import abc
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..variants import Block, VariantTable
from .fields import FIELDS, GT, NOTHING, one_hot
from .packing import PackedRows, pack


@dataclass(frozen=True)
class LikelihoodBlock:
    """A run of variants with the best that a file has of every sample at each.

    Attributes
    ----------
    variants : VariantTable
    values : ndarray of float16, (variants, samples, 3)
        See ``triples``; calls have 1 at their dosage. NaN where there is nothing.
    fields : ndarray of uint8, (variants, samples)
        Index in ``FIELDS`` of the field that a value is from, ``NOTHING`` where there is none.
    """

    variants: VariantTable
    values: np.ndarray
    fields: np.ndarray


@dataclass(frozen=True)
class PackedBlock:
    """A run of variants with packed genotypes.

    Attributes
    ----------
    variants : VariantTable
    packed : ndarray of uint8, (variants, ceil(samples / 4))
        The codes of ``packing``.
    """

    variants: VariantTable
    packed: np.ndarray


@dataclass(frozen=True)
class ByIndex:
    """What was read of a file by its index.

    Attributes
    ----------
    records : int or None
        Records in the file, if the index has their number.
    read : int
        Of these, records that reach positions that were asked for.
    """

    records: int | None
    read: int


class GenotypeSource(abc.ABC):
    """Genotypes in a file: samples, and variants with dosages of ALT, block by block.

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
        "NCBI36", "GRCh37" or "GRCh38" as the file declares it, which may be wrong.
    files : tuple of Path
        Every file that is read; empty for standard input.
    records : int or None
        How many records there are, kept or skipped, if that is known before reading.
    likelihood_fields : frozenset of str
        FORMAT fields beside GT that the file declares: PL, GL, GP, DS.
    unwanted : int
        SNPs that ``likelihoods`` left out so far because they are not targets.
    by_index : ByIndex or None
        What was read so far by an index; None where files are read as a whole.
    """

    name: str
    samples: tuple[str, ...]
    skipped: Counter[str]
    build_hint: str | None = None
    files: tuple[Path, ...] = ()
    records: int | None = None
    likelihood_fields: frozenset[str] = frozenset()
    unwanted: int = 0
    by_index: ByIndex | None = None

    @abc.abstractmethod
    def blocks(self, variants: int = 1024) -> Iterator[Block]:
        """Blocks of at most ``variants`` biallelic SNPs, in file order. A half call is missing.

        Opened with targets, a source also gives rows whose ALT is "." at targets without an ALT
        allele: dosage 0 for a homozygous reference call, missing otherwise.

        Raises
        ------
        InputUnreadable
            If the file is truncated or malformed; the message names the file and the place.
        """

    def packed_blocks(self, variants: int = 1024) -> Iterator[PackedBlock]:
        """The blocks of ``blocks``, packed."""
        for block in self.blocks(variants):
            yield PackedBlock(block.variants, pack(block.dosages))

    def likelihoods(
        self, fields: Sequence[str] = FIELDS, variants: int = 1024
    ) -> Iterator[LikelihoodBlock]:
        """Blocks of the best of some fields, sample by sample; here of the calls of ``blocks``.

        Parameters
        ----------
        fields : sequence of str
            Those to read, of ``FIELDS``, whose order is that of preference.
        variants : int
            The most variants in a block.

        Raises
        ------
        InputUnreadable
            See ``blocks``.
        """
        for block in self.blocks(variants):
            called = (block.dosages >= 0) & (GT in fields)
            dosages = np.where(called, block.dosages, -1)
            found_in = np.where(called, FIELDS.index(GT), NOTHING).astype(np.uint8)
            yield LikelihoodBlock(block.variants, one_hot(dosages), found_in)

    @property
    def parts(self) -> Sequence[GenotypeSource]:
        """The sources of single files that it is made of."""
        return (self,)

    def in_place(self) -> tuple[VariantTable, PackedRows] | None:
        """Variants and packed genotypes on disk that a store can use as they are.

        None where ``blocks`` has to be read, which is the default.
        """
        return None
