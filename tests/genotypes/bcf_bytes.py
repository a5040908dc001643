"""BCF files spelled out byte by byte, after the VCF 4.3 specification, section 6."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence

INT8, INT16, INT32, FLOAT, CHARACTER = 1, 2, 3, 5, 7
MISSING, END = object(), object()
_FORMATS = {INT8: "b", INT16: "h", INT32: "i"}
_RESERVED = {
    INT8: {MISSING: 0x80, END: 0x81},
    INT16: {MISSING: 0x8000, END: 0x8001},
    INT32: {MISSING: 0x80000000, END: 0x80000001},
    FLOAT: {MISSING: 0x7F800001, END: 0x7F800002},
}
_UNSIGNED = {INT8: "B", INT16: "H", INT32: "I", FLOAT: "I"}

HEADER = (
    "##fileformat=VCFv4.3",
    '##FILTER=<ID=PASS,Description="All filters passed",IDX=0>',
    '##FILTER=<ID=q10,Description="Low, IDX=7",IDX=1>',
    '##INFO=<ID=END,Number=1,Type=Integer,Description="End",IDX=2>',
    '##INFO=<ID=DP,Number=1,Type=Integer,Description="Depth",IDX=3>',
    '##FORMAT=<ID=DP,Number=1,Type=Integer,Description="Depth",IDX=3>',
    '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype",IDX=4>',
    '##FORMAT=<ID=PL,Number=G,Type=Integer,Description="Likelihoods",IDX=5>',
    '##FORMAT=<ID=DS,Number=A,Type=Float,Description="Dosage",IDX=6>',
    '##FORMAT=<ID=FT,Number=1,Type=String,Description="Filter",IDX=8>',
    "##contig=<ID=1,length=1000,IDX=0>",
    "##contig=<ID=chrX,length=1000,IDX=7>",
)
PASS, Q10, END_KEY, DP, GT, PL, DS, FT = 0, 1, 2, 3, 4, 5, 6, 8
GAP = 9
"""An index that stands for no ID."""


def _value(code: int, value: object) -> bytes:
    if code in _RESERVED and value in _RESERVED[code]:
        return struct.pack("<" + _UNSIGNED[code], _RESERVED[code][value])
    return struct.pack("<" + {**_FORMATS, FLOAT: "f", CHARACTER: "B"}[code], value)


def descriptor(code: int, count: int) -> bytes:
    """The byte before a vector, and its length where that does not fit."""
    if count < 15:
        return bytes([count << 4 | code])
    width = INT8 if count < 128 else INT16 if count < 1 << 15 else INT32
    return bytes([0xF0 | code]) + vector(width, [count])


def plain(code: int, values: Iterable[object]) -> bytes:
    """The values alone."""
    return b"".join(_value(code, value) for value in values)


def vector(code: int, values: Sequence[object]) -> bytes:
    """A typed vector."""
    return descriptor(code, len(values)) + plain(code, values)


def text(content: bytes) -> bytes:
    """A typed string."""
    return descriptor(CHARACTER, len(content)) + content


def field(key: int, code: int, rows: Sequence[Sequence[object]]) -> bytes:
    """A FORMAT field of all samples."""
    head = vector(INT8, [key]) + descriptor(code, len(rows[0]))
    return head + b"".join(plain(code, row) for row in rows)


def calls(*genotypes: Sequence[object], code: int = INT8) -> bytes:
    """GT, from allele indices; None is a missing allele."""
    coded = [[_allele(allele) for allele in genotype] for genotype in genotypes]
    return field(GT, code, coded)


def record(
    fields: Sequence[bytes],
    *,
    chrom: int = 0,
    pos: int = 99,
    name: bytes = text(b""),
    alleles: Sequence[bytes] = (text(b"A"), text(b"C")),
    filters: bytes = vector(INT8, [PASS]),
    infos: Sequence[bytes] = (),
    samples: int = 3,
    **counts: int,
) -> bytes:
    """A record; ``counts`` replaces its true lengths and counts."""
    of = {"n_info": len(infos), "n_allele": len(alleles), "n_fmt": len(fields)} | counts
    last = of["n_fmt"] << 24 | samples
    fixed = struct.pack("<iiiIHHI", chrom, pos, 1, 0x7F800001, of["n_info"], of["n_allele"], last)
    shared = fixed + name + b"".join(alleles) + filters + b"".join(infos)
    formats = b"".join(fields)
    lengths = counts.get("shared", len(shared)), counts.get("indiv", len(formats))
    return struct.pack("<II", *(length & 0xFFFFFFFF for length in lengths)) + shared + formats


def bcf(
    records: Iterable[bytes],
    header: Sequence[str] = HEADER,
    samples: Sequence[str] = ("a", "b", "c"),
    magic: bytes = b"BCF\x02\x02",
) -> bytes:
    """The decompressed content of a file."""
    columns = ["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT"]
    lines = "\n".join([*header, "\t".join([*columns, *samples])]) + "\n\0"
    content = lines.encode()
    return magic + struct.pack("<I", len(content)) + content + b"".join(records)


def _allele(allele: object) -> object:
    if allele is None:
        return 0
    return (allele + 1) << 1 if isinstance(allele, int) else allele
