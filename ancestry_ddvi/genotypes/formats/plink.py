"""PLINK 1 filesets: x.bed with x.bim and x.fam beside it.

https://www.cog-genomics.org/plink/1.9/formats#bed
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

import numpy as np

from ...errors import InputUnreadable
from ...storage import whole
from ..variants import Block, VariantTable
from .packing import PackedRows, pack, packed_width, unpack, variants_at_once
from .plink_text import genotype_file, read_lines, read_variants, split_rows
from .reading import DEFAULT, ReadOptions
from .source import GenotypeSource
from .streams import open_bytes
from .variant_filter import VariantFilter
from .vcf_header import check_distinct

BED_START = b"\x6c\x1b\x01"
SAMPLE_MAJOR_START = b"\x6c\x1b\x00"

_BIM_COLUMNS = (0, 3, 1, 5, 4)


class PlinkSource(GenotypeSource):
    """A .bed file used in place through a memory map.

    .bim column 5 is ALT, the counted allele, and column 6 is REF.

    Attributes
    ----------
    variants : VariantTable
        Every row of the .bim.
    usable : ndarray of bool, shape (variants,)
        Rows that are biallelic SNPs, each once; the others are counted in ``skipped``.
    packed : memmap of uint8, shape (variants, bytes)
        The codes of ``packing``.

    Raises
    ------
    InputUnreadable
        If one of the three files is missing or malformed, or does not fit the others.
    """

    def __init__(self, path: str, options: ReadOptions = DEFAULT) -> None:
        bed = genotype_file(path, ".bed")
        bim, fam = bed.with_suffix(".bim"), bed.with_suffix(".fam")
        self.name, self.files = path, (bed, bim, fam)
        self.samples = read_fam(fam)
        self.variants = read_variants(split_rows(read_lines(bim), bim, 6), bim, _BIM_COLUMNS)
        for part, rows in ((fam, self.samples), (bim, self.variants)):
            if not len(rows):
                raise InputUnreadable(f"{part} is empty", "Make the fileset again.")
        self.packed = map_bed(bed, len(self.variants), len(self.samples))
        self.records = len(self.variants)
        self.skipped = Counter()
        self.usable = VariantFilter(self.skipped, options).admit_table(self.variants)

    def blocks(self, variants: int = 1024) -> Iterator[Block]:
        """See ``GenotypeSource.blocks``."""
        rows = np.flatnonzero(self.usable)
        step = variants_at_once(variants, len(self.samples))
        for start in range(0, len(rows), step):
            chosen = rows[start : start + step]
            yield Block(self.variants[chosen], unpack(self.packed[chosen], len(self.samples)))

    def in_place(self) -> tuple[VariantTable, PackedRows]:
        """See ``GenotypeSource.in_place``."""
        if self.usable.all():
            return self.variants, PackedRows(self.packed)
        rows = np.flatnonzero(self.usable)
        return self.variants[rows], PackedRows(self.packed, rows)


def write_plink(
    prefix: Path, samples: Sequence[str], blocks: Iterable[Block], family: str = "0"
) -> VariantTable:
    """Write a fileset as blocks arrive and return its variants; the .bed appears last.

    ``family`` is every sample's FID.

    Raises
    ------
    OutputUnwritable
        If one of the three files cannot be written; then none is changed.
    """
    with ExitStack() as stack:
        # Exited in reverse order: all files are closed before the first is renamed.
        paths = [stack.enter_context(whole(f"{prefix}{end}")) for end in (".bed", ".bim", ".fam")]
        bed, bim, fam = (stack.enter_context(path.open("wb")) for path in paths)
        fam.writelines(f"{family}\t{sample}\t0\t0\t0\t-9\n".encode() for sample in samples)
        bed.write(BED_START)
        tables = []
        for block in blocks:
            bed.write(pack(block.dosages).tobytes())
            _write_bim(bim, block.variants)
            tables.append(block.variants)
        return VariantTable.join(tables)


def read_fam(fam: Path) -> tuple[str, ...]:
    """The IIDs, which must differ.

    Raises
    ------
    InputUnreadable
        If the file is missing or malformed, or two IIDs are the same.
    """
    samples = tuple(fields[1] for _, fields in split_rows(read_lines(fam), fam, 6))
    check_distinct(samples, str(fam))
    return samples


def _write_bim(bim: BinaryIO, variants: VariantTable) -> None:
    columns = (
        variants.chromosome,
        variants.id,
        variants.position.tolist(),
        variants.alt,
        variants.ref,
    )
    for chromosome, name, position, alt, ref in zip(*columns, strict=True):
        bim.write(f"{chromosome}\t{name}\t0\t{position}\t{alt}\t{ref}\n".encode())


def map_bed(bed: Path, variants: int, samples: int) -> np.ndarray:
    """The genotypes in the file as a memmap of uint8 (variants, bytes).

    Raises
    ------
    InputUnreadable
        If its first bytes or its size are not those of a SNP-major .bed file of that shape.
    """
    with open_bytes(str(bed)) as handle:
        start = handle.read(3)
    if start == SAMPLE_MAJOR_START:
        raise InputUnreadable(
            f"{bed} is sample-major, the layout of very old PLINK",
            "Rewrite it with `plink --bfile OLD --make-bed --out NEW`.",
        )
    if start != BED_START:
        raise InputUnreadable(
            f"{bed} is not a PLINK 1 .bed file: it starts with {start.hex(' ') or 'nothing'}, "
            f"not {BED_START.hex(' ')}",
            "Give a .bed file of PLINK, not one of genome intervals.",
        )
    width = packed_width(samples)
    size, expected = bed.stat().st_size, len(BED_START) + variants * width
    if size != expected:
        raise InputUnreadable(
            f"{bed} has {size:,} bytes where {variants:,} variants of {samples:,} samples need "
            f"{expected:,}",
            "It is cut short, or belongs to another .bim or .fam file.",
        )
    return np.memmap(bed, np.uint8, "r", offset=len(BED_START), shape=(variants, width))
