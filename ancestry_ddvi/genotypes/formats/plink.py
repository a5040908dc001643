"""PLINK 1 filesets: x.bed with x.bim and x.fam beside it.

https://www.cog-genomics.org/plink/1.9/formats#bed
"""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import numpy as np

from ...errors import InputUnreadable
from ...storage import whole
from ..variants import Block, VariantTable
from .packing import PackedRows, pack, packed_width, unpack, variants_at_once
from .plink_rows import given_rows
from .plink_text import genotype_file, read_samples, read_variants
from .reading import DEFAULT, ReadOptions
from .source import GenotypeSource, PackedBlock
from .streams import open_bytes
from .variant_filter import objects

log = logging.getLogger(__name__)

BED_START = b"\x6c\x1b\x01"
SAMPLE_MAJOR_START = b"\x6c\x1b\x00"

_BLANKS = re.compile(r"[\x00-\x20]+")
_PLAIN = re.compile(r"[^\x00-\x20]+")


class PlinkSource(GenotypeSource):
    """A .bed file used in place through a memory map.

    .bim column 5 is ALT, the counted allele, and column 6 is REF.

    Attributes
    ----------
    variants : VariantTable
        The rows of the .bim that are given: biallelic SNPs, and monomorphic rows at targets. The
        others are counted in ``skipped``.
    packed : PackedRows of uint8, shape (variants, bytes)
        Their codes of ``packing``.

    Raises
    ------
    InputUnreadable
        If one of the three files is missing or malformed, or does not fit the others.
    """

    def __init__(self, path: str, options: ReadOptions = DEFAULT) -> None:
        bed = genotype_file(path, ".bed")
        bim, fam = bed.with_suffix(".bim"), bed.with_suffix(".fam")
        self.name, self.files = path, (bed, bim, fam)
        self.samples = read_samples(fam)
        listed = read_variants(bim)
        self.records = len(listed.variants)
        packed = map_bed(bed, self.records, len(self.samples))
        self.skipped = Counter()
        given = given_rows(listed, options, self.skipped)
        self.variants = given.variants
        rows = None if len(given.rows) == self.records else given.rows
        self.packed = PackedRows(packed, rows, given.alleles)

    def blocks(self, variants: int = 1024) -> Iterator[Block]:
        """See ``GenotypeSource.blocks``."""
        step = variants_at_once(variants, len(self.samples))
        for start in range(0, len(self.variants), step):
            part = slice(start, start + step)
            yield Block(self.variants[part], unpack(self.packed[part], len(self.samples)))

    def in_place(self) -> tuple[VariantTable, PackedRows]:
        """See ``GenotypeSource.in_place``."""
        return self.variants, self.packed


def plink_ids(samples: Sequence[str]) -> tuple[str, ...]:
    """The IDs of samples as a .fam file can hold them.

    PLINK splits columns at blanks and takes no "0" for an ID. Blanks become "_", and "_" is added
    to an ID that is "0" or another sample's.
    """
    taken = {"0", *filter(_PLAIN.fullmatch, samples)}
    ids = []
    for sample in samples:
        name = sample
        if sample == "0" or not _PLAIN.fullmatch(sample):
            name = _BLANKS.sub("_", sample)
            while name in taken:
                name += "_"
            taken.add(name)
        ids.append(name)
    return tuple(ids)


def write_plink(
    prefix: Path, samples: Sequence[str], blocks: Iterable[Block | PackedBlock], family: str = "0"
) -> VariantTable:
    """Write a fileset as blocks arrive and return its variants; the .bed appears last.

    ``family`` is every sample's FID, and the IIDs are those of ``plink_ids``. In IDs of variants
    and names of chromosomes blanks become "_", and an empty one is ".".

    Raises
    ------
    OutputUnwritable
        If one of the three files cannot be written; then none is changed.
    """
    iids = plink_ids(samples)
    if renamed := sum(iid != sample for iid, sample in zip(iids, samples, strict=True)):
        log.info(
            "Sample IDs changed in %s.fam: %d. PLINK takes neither blanks in an ID nor 0 for one.",
            prefix,
            renamed,
        )
    with ExitStack() as stack:
        # Exited in reverse order: all files are closed before the first is renamed.
        paths = [stack.enter_context(whole(f"{prefix}{end}")) for end in (".bed", ".bim", ".fam")]
        bed, bim, fam = (stack.enter_context(path.open("wb")) for path in paths)
        fam.writelines(f"{family}\t{iid}\t0\t0\t0\t-9\n".encode() for iid in iids)
        bed.write(BED_START)
        tables = []
        for block in blocks:
            packed = block.packed if isinstance(block, PackedBlock) else pack(block.dosages)
            bed.write(packed.tobytes())
            tables.append(_in_columns(block.variants))
            _write_bim(bim, tables[-1])
        return VariantTable.join(tables)


def _in_columns(variants: VariantTable) -> VariantTable:
    """The variants with names and IDs that are a column each."""
    columns = {"chromosome": variants.chromosome, "id": variants.id}
    unfit = {
        name: objects([_BLANKS.sub("_", word) or "." for word in words])
        for name, words in columns.items()
        if not all(words) or _BLANKS.search("".join(words))
    }
    return replace(variants, **unfit)


def _write_bim(bim: BinaryIO, variants: VariantTable) -> None:
    columns = (
        variants.chromosome,
        variants.id,
        variants.position.tolist(),
        variants.alt,
        variants.ref,
    )
    rows = [
        f"{chromosome}\t{name}\t0\t{position}\t{alt}\t{ref}\n"
        for chromosome, name, position, alt, ref in zip(*columns, strict=True)
    ]
    bim.write("".join(rows).encode())


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
            f"{bed} has {size:,} bytes where {variants:,} variants of {samples:,} "
            f"sample{'s' if samples != 1 else ''} need {expected:,}",
            "It is cut short, or belongs to another .bim or .fam file."
            if size < expected
            else "Its .bim or .fam file is cut short, or belongs to another .bed file.",
        )
    return np.memmap(bed, np.uint8, "r", offset=len(BED_START), shape=(variants, width))
