"""Genotype files as text and bytes, written after the specifications."""

from __future__ import annotations

import gzip
import struct
import zlib
from collections.abc import Callable, Sequence

import numpy as np

from ancestry_ddvi.genotypes.formats.source import GenotypeSource

GT_FIELD = '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">'
META = (
    "##fileformat=VCFv4.2",
    "##contig=<ID=1,length=249250621>",
    "##contig=<ID=2,length=243199373>",
    '##FILTER=<ID=q10,Description="Low quality">',
    '##FORMAT=<ID=DP,Number=1,Type=Integer,Description="Depth">',
    GT_FIELD,
)
COLUMNS = ("#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT")
CALLS = {0: "0/0", 1: "0/1", 2: "1/1", -1: "./."}

Write = Callable[..., str]


def bgzf(content: bytes, block: int = 300) -> bytes:
    """Content as BGZF, written after the SAM specification, section 4.1."""
    pieces = [content[i : i + block] for i in range(0, len(content), block)] + [b""]
    return b"".join(map(_bgzf_block, pieces))


def _bgzf_block(piece: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    data = packer.compress(piece) + packer.flush()
    extra = struct.pack("<2sHH", b"BC", 2, len(data) + 25)
    head = b"\x1f\x8b\x08\x04" + bytes(5) + b"\xff" + struct.pack("<H", len(extra)) + extra
    return head + data + struct.pack("<II", zlib.crc32(piece), len(piece))


COMPRESSED = {".vcf": bytes, ".vcf.gz": gzip.compress, ".vcf.bgz": bgzf}


def record(
    calls: Sequence[str] = ("0/0", "0/1", "1/1"),
    position: int = 100,
    ref: str = "A",
    alt: str = "C",
    filters: str = "PASS",
    chromosome: str = "1",
    form: str = "GT",
    name: str = ".",
) -> str:
    """One line of a VCF."""
    fixed = (chromosome, str(position), name, ref, alt, ".", filters, ".", form)
    return "\t".join([*fixed, *calls])


def vcf_text(
    records: Sequence[str], samples: Sequence[str] = ("a", "b", "c"), meta: Sequence[str] = META
) -> str:
    """A whole VCF."""
    return "\n".join([*meta, "\t".join([*COLUMNS, *samples]), *records]) + "\n"


def records_of(dosages: np.ndarray) -> list[str]:
    """The dosages as lines of a VCF, from position 100 on."""
    return [record([CALLS[d] for d in row], 100 + i) for i, row in enumerate(dosages.tolist())]


def all_dosages(source: GenotypeSource, variants: int = 1024) -> np.ndarray:
    """Everything a source gives, int8 (variants, samples)."""
    blocks = [block.dosages for block in source.blocks(variants)]
    return np.concatenate(blocks) if blocks else np.empty((0, len(source.samples)), np.int8)
