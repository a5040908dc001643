"""Genotypes as VCF text, plain or BGZF, the same bytes for the same genotypes."""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from ..storage import whole
from .source import MISSING, SiteTable

_GENOTYPE = {MISSING: "./.", 0: "0/0", 1: "0/1", 2: "1/1"}
_BLOCK = 65_280
"""Bytes of text per BGZF block, as htslib has it: under 64 KiB even if nothing compresses."""


def write_vcf(
    path: str | os.PathLike[str],
    samples: Sequence[str],
    sites: SiteTable,
    dosages: np.ndarray,
    lengths: Mapping[str, int],
) -> None:
    """Write VCF 4.3 with GT, unphased; as BGZF if the path ends in ``.gz``.

    Parameters
    ----------
    path : path
    samples : sequence of str
    sites : SiteTable
        In the order of the file; one chromosome's sites together.
    dosages : ndarray of int8, shape (sites, samples), values 0, 1, 2 or ``MISSING``
    lengths : mapping from each chromosome's name, as in ``sites``, to its length

    Raises
    ------
    OutputUnwritable
        If the file cannot be written.
    """
    text = _text(samples, sites, dosages, lengths)
    with whole(path) as beside, open(beside, "wb") as file:
        file.writelines(bgzf(text) if str(path).endswith(".gz") else text)


def _text(
    samples: Sequence[str], sites: SiteTable, dosages: np.ndarray, lengths: Mapping[str, int]
) -> Iterator[bytes]:
    names = dict.fromkeys(sites.chromosome)
    yield "".join(
        [
            "##fileformat=VCFv4.3\n",
            '##FILTER=<ID=PASS,Description="All filters passed">\n',
            *(f"##contig=<ID={name},length={lengths[name]}>\n" for name in names),
            '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">\n',
            "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT",
            *(f"\t{sample}" for sample in samples),
            "\n",
        ]
    ).encode()
    columns = (sites.chromosome, sites.position, sites.id, sites.ref, sites.alt)
    for site, row in zip(zip(*columns, strict=True), dosages.tolist(), strict=True):
        calls = [_GENOTYPE[g] for g in row]
        yield ("\t".join([*map(str, site), ".", "PASS", ".", "GT", *calls]) + "\n").encode()


def bgzf(text: Iterable[bytes]) -> Iterator[bytes]:
    """Compress into BGZF: gzip members of bounded size and an empty one at the end.

    The format is that of the SAM specification, section 4.1; tabix and bcftools index it.
    """
    waiting = bytearray()
    for piece in text:
        waiting += piece
        while len(waiting) >= _BLOCK:
            yield _block(bytes(waiting[:_BLOCK]))
            del waiting[:_BLOCK]
    if waiting:
        yield _block(bytes(waiting))
    yield _block(b"")


def _block(text: bytes) -> bytes:
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    body = deflate.compress(text) + deflate.flush()
    size = 18 + len(body) + 8
    head = struct.pack("<4BIBBHBBHH", 31, 139, 8, 4, 0, 0, 255, 6, 66, 67, 2, size - 1)
    return head + body + struct.pack("<II", zlib.crc32(text), len(text))
