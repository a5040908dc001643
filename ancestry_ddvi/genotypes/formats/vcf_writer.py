"""Writing VCF, plain or BGZF: the same genotypes give the same bytes."""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from ...storage import whole
from ..variants import MISSING, Block, VariantTable

_GENOTYPE = {MISSING: "./.", 0: "0/0", 1: "0/1", 2: "1/1"}
_FORMATS = {
    "GT": 'Type=String,Description="Genotype"',
    "DS": 'Type=Float,Description="Expected dosage of ALT"',
}
_BLOCK = 65_280
"""Bytes of text per BGZF block, as in htslib: below 64 KiB even if it does not compress."""

SMALLEST = 9
"""Compression level of files that are kept: a tenth smaller than 6 and sixteen times slower."""


def write_vcf(
    path: str | os.PathLike[str],
    samples: Sequence[str],
    variants: VariantTable,
    dosages: np.ndarray,
    lengths: Mapping[str, int],
) -> None:
    """Write VCF 4.3 with GT, unphased; as BGZF if the path ends in ``.gz``.

    Parameters
    ----------
    path : path
    samples : sequence of str
    variants : VariantTable
        In the order of the file; one chromosome's variants together.
    dosages : ndarray of int8, shape (variants, samples), values 0, 1, 2 or ``MISSING``
    lengths : mapping from each chromosome's name, as in ``variants``, to its length

    Raises
    ------
    OutputUnwritable
        If the file cannot be written.
    """
    contigs = {name: lengths[name] for name in dict.fromkeys(variants.chromosome)}
    write_vcf_blocks(path, samples, [Block(variants, dosages)], contigs, level=SMALLEST)


def write_vcf_blocks(
    path: str | os.PathLike[str],
    samples: Sequence[str],
    blocks: Iterable[Block],
    contigs: Mapping[str, int | None],
    remarks: Iterable[tuple[str, str]] = (),
    *,
    level: int = 6,
    field: str = "GT",
) -> None:
    """Write VCF 4.3 block by block; see ``write_vcf``.

    Parameters
    ----------
    path : path
    samples : sequence of str
    blocks : iterable of Block
        One chromosome's variants together.
    contigs : mapping from each chromosome's name, in the order of the file, to its length
        None where it is not known.
    remarks : iterable of (key, text)
        Further lines of the header, ``##key=text``.
    level : int
        Compression level; the default is that of htslib.
    field : "GT" or "DS"
        Genotypes, or expected dosages.

    Raises
    ------
    OutputUnwritable
        If the file cannot be written.
    """
    text = _text(samples, blocks, contigs, remarks, field)
    with whole(path) as beside, open(beside, "wb") as file:
        file.writelines(bgzf(text, level) if str(path).endswith(".gz") else text)


def _text(
    samples: Sequence[str],
    blocks: Iterable[Block],
    contigs: Mapping[str, int | None],
    remarks: Iterable[tuple[str, str]],
    field: str,
) -> Iterator[bytes]:
    yield "".join(
        [
            "##fileformat=VCFv4.3\n",
            *(f"##{key}={' '.join(text.split())}\n" for key, text in remarks),
            '##FILTER=<ID=PASS,Description="All filters passed">\n',
            *(f"##contig=<ID={name}{_length(contigs[name])}>\n" for name in contigs),
            f"##FORMAT=<ID={field},Number=1,{_FORMATS[field]}>\n",
            "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT",
            *(f"\t{sample}" for sample in samples),
            "\n",
        ]
    ).encode()
    for block in blocks:
        yield from _records(block, field)


def _length(bases: int | None) -> str:
    return "" if bases is None else f",length={bases}"


def _records(block: Block, field: str) -> Iterator[bytes]:
    variants = block.variants
    columns = (variants.chromosome, variants.position, variants.id, variants.ref, variants.alt)
    for variant, row in zip(zip(*columns, strict=True), block.dosages, strict=True):
        values = row.tolist()
        calls = [_GENOTYPE[g] for g in values] if field == "GT" else [f"{d:.3f}" for d in values]
        yield ("\t".join([*map(str, variant), ".", "PASS", ".", field, *calls]) + "\n").encode()


def bgzf(text: Iterable[bytes], level: int = SMALLEST) -> Iterator[bytes]:
    """Compress to BGZF: gzip members of bounded size with an empty one at the end.

    SAM specification, section 4.1. Files can be indexed by tabix and bcftools.
    """
    waiting = bytearray()
    for piece in text:
        waiting += piece
        while len(waiting) >= _BLOCK:
            yield _block(bytes(waiting[:_BLOCK]), level)
            del waiting[:_BLOCK]
    if waiting:
        yield _block(bytes(waiting), level)
    yield _block(b"", level)


def _block(text: bytes, level: int) -> bytes:
    deflate = zlib.compressobj(level, zlib.DEFLATED, -15)
    body = deflate.compress(text) + deflate.flush()
    size = 18 + len(body) + 8
    head = struct.pack("<4BIBBHBBHH", 31, 139, 8, 4, 0, 0, 255, 6, 66, 67, 2, size - 1)
    return head + body + struct.pack("<II", zlib.crc32(text), len(text))
