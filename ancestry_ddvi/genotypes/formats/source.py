"""What every reader of genotype files provides."""

from __future__ import annotations

import abc
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from ..variants import Block, VariantTable
from .packing import PackedRows


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
    """

    name: str
    samples: tuple[str, ...]
    skipped: Counter[str]
    build_hint: str | None = None
    files: tuple[Path, ...] = ()
    records: int | None = None

    @abc.abstractmethod
    def blocks(self, variants: int = 1024) -> Iterator[Block]:
        """Blocks of at most ``variants`` biallelic SNPs, in file order. A half call is missing.

        Raises
        ------
        InputUnreadable
            If the file is truncated or malformed; the message names the file and the place.
        """

    def in_place(self) -> tuple[VariantTable, PackedRows] | None:
        """Variants and packed genotypes on disk that a store can use as they are.

        None where ``blocks`` has to be read, which is the default.
        """
        return None
