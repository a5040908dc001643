"""EIGENSTRAT filesets: x.geno with x.snp and x.ind beside it, as of EIGENSOFT and ADMIXTOOLS.

The genotypes are text, packed by variant (PACKEDANCESTRYMAP) or packed by sample (TGENO). All three
count copies of the reference allele, column 5 of the .snp file.

https://github.com/DReichLab/EIG/blob/master/CONVERTF/README
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np

from ...errors import InputUnreadable, quoted
from ..variants import MISSING, Block
from .packing import as_seen, packed_width, variants_at_once
from .plink_rows import given_rows
from .plink_text import (
    VariantList,
    decoded,
    genotype_file,
    of_width,
    read_lines,
    read_table,
    read_variants,
)
from .reading import DEFAULT, ReadOptions
from .source import GenotypeSource
from .streams import open_bytes
from .variant_filter import objects
from .vcf_header import check_distinct

PACKED_START, TRANSPOSED_START = b"GENO ", b"TGENO "
TEXT = re.compile(rb"[0129]+(?:\r?\n(?:[0129]|\Z)|\Z)")
"""The start of a .geno file of text: a line of genotypes, and another."""

_SNP_COLUMNS = {6: ("ID", "CHROM", "MORGANS", "POS", "REF", "ALT")}
_IND_COLUMNS = 3
_CHROMOSOMES = {"90": "MT", "91": "XY"}
"""Numbers that mean the same in every species; 23 is X in humans alone."""

_UNKNOWN_ALLELE = "X"
_HEADER = 48
"""Bytes of the header, and of a record of PACKEDANCESTRYMAP, at least."""

_HEADER_TEXT = re.compile(rb"T?GENO +(\d{1,18}) +(\d{1,18}) +([0-9a-fA-F]+) +([0-9a-fA-F]+)[\0\s]")
_BYTES_AT_ONCE = 1 << 26
_SIBLINGS = (
    "The parts of an EIGENSTRAT fileset lie in one folder under one name: .geno, .snp and .ind."
)

_GENOTYPES = (b"0", b"1", b"2", b"9")
_ILLEGAL = -2
_OF_TEXT = np.full(256, _ILLEGAL, np.int8)
_OF_TEXT[list(b"0129")] = 2, 1, 0, MISSING
_OF_CODE = np.array([2, 1, 0, MISSING], np.int8)
"""Copies of the variant allele, given those of the reference allele, or 3 for none."""

_OF_BYTE = np.ascontiguousarray(
    _OF_CODE[(np.arange(256)[:, None] >> np.array([6, 4, 2, 0])) & 3]
).view("<u4")[:, 0]


class EigenstratSource(GenotypeSource):
    """Genotypes of a .geno file, used in place through a memory map.

    Column 5 of the .snp file is REF and column 6 ALT.

    Attributes
    ----------
    given : GivenRows
        Rows of the .snp that are given: biallelic SNPs, and monomorphic rows at targets. The
        others are counted in ``skipped``.

    Raises
    ------
    InputUnreadable
        If one of the three files is missing or malformed, or does not fit the others.
    """

    def __init__(self, path: str, options: ReadOptions = DEFAULT) -> None:
        geno = genotype_file(path, ".geno")
        snp, ind = geno.with_suffix(".snp"), geno.with_suffix(".ind")
        self.name, self.files = path, (geno, snp, ind)
        self.samples = _read_samples(ind)
        listed = _read_snps(snp)
        self.records = len(listed.variants)
        self._genotypes = _open(geno, self.samples, listed.variants.id.tolist())
        self.skipped = Counter()
        self.given = given_rows(listed, options, self.skipped)

    def blocks(self, variants: int = 1024) -> Iterator[Block]:
        """See ``GenotypeSource.blocks``."""
        given, records = self.given, self.records or 0
        step = variants_at_once(variants, len(self.samples))
        for start in range(0, records, step):
            stop = min(start + step, records)
            dosages = self._genotypes.dosages(start, stop)
            part = slice(*np.searchsorted(given.rows, [start, stop]))
            if len(rows := given.rows[part] - start):
                yield Block(given.variants[part], as_seen(dosages[rows], given.alleles[part]))


class _Genotypes(Protocol):
    """The content of a .geno file."""

    def dosages(self, start: int, stop: int) -> np.ndarray:
        """Copies of the variant allele in a range of rows: int8 (rows, samples)."""


class _Text:
    """A line for each variant, and in it a character for each sample: 0, 1, 2, or 9 if missing."""

    def __init__(self, path: Path, variants: int, samples: int) -> None:
        self._path, self._samples = path, samples
        with open_bytes(str(path)) as handle:
            first = handle.read(samples + 2)
        end = b"\r\n" if first[samples:] == b"\r\n" else b"\n"
        width = samples + len(end)
        size = path.stat().st_size
        if size not in (variants * width, variants * width - len(end)):
            raise _wrong_size(path, size, variants * width, variants, samples)
        self._width, self._end = width, np.frombuffer(end, np.uint8)
        self._content = np.memmap(path, np.uint8, "r")

    def dosages(self, start: int, stop: int) -> np.ndarray:
        """See ``_Genotypes``."""
        content = self._content[start * self._width : stop * self._width]
        missing_end = (stop - start) * self._width - len(content)
        if missing_end:
            content = np.append(content, self._end[-missing_end:])
        lines = content.reshape(-1, self._width)
        dosages: np.ndarray = _OF_TEXT[lines[:, : self._samples]]
        wrong = (dosages == _ILLEGAL).any(axis=1)
        wrong |= (lines[:, self._samples :] != self._end).any(axis=1)
        if wrong.any():
            row = int(np.flatnonzero(wrong)[0])
            raise InputUnreadable(
                f"{self._path}, line {start + row + 1}: not {self._samples} genotypes 0, 1, 2 or 9 "
                f"but {quoted(lines[row].tobytes())}",
                "The file is damaged, or belongs to another .ind file.",
            )
        return dosages


class _Packed:
    """A record for each variant, two bits for each sample, the first sample in the highest."""

    def __init__(self, path: Path, variants: int, samples: int) -> None:
        width = max(_HEADER, packed_width(samples))
        _check_size(path, (variants + 1) * width, variants, samples)
        self._samples = samples
        self._records = np.memmap(path, np.uint8, "r", width, (variants, width))

    def dosages(self, start: int, stop: int) -> np.ndarray:
        """See ``_Genotypes``."""
        packed = self._records[start:stop, : packed_width(self._samples)]
        return _unpacked(packed)[:, : self._samples]


class _Transposed:
    """A record for each sample, two bits for each variant, the first variant in the highest."""

    def __init__(self, path: Path, variants: int, samples: int) -> None:
        width = packed_width(variants)
        _check_size(path, _HEADER + samples * width, variants, samples)
        self._records = np.memmap(path, np.uint8, "r", _HEADER, (samples, width))
        self._at, self._part = 0, np.empty((samples, 0), np.uint8)

    def dosages(self, start: int, stop: int) -> np.ndarray:
        """See ``_Genotypes``; a wide part is kept, since a range is spread over all of the file."""
        first, last = start // 4, packed_width(stop)
        if first < self._at or last > self._at + self._part.shape[1]:
            most = max(last - first, _BYTES_AT_ONCE // len(self._records))
            self._at, self._part = first, np.array(self._records[:, first : first + most])
        unpacked = _unpacked(self._part[:, first - self._at : last - self._at])
        columns = unpacked[:, start - 4 * first : stop - 4 * first]
        return np.ascontiguousarray(columns.T)


def _unpacked(packed: np.ndarray) -> np.ndarray:
    """Four copies of the variant allele for each byte: int8 (rows, 4 * bytes)."""
    found: np.ndarray = _OF_BYTE[packed].view(np.int8)
    return found


def _open(geno: Path, samples: tuple[str, ...], ids: list[str]) -> _Genotypes:
    """The content of a .geno file, which has to fit the files beside it.

    Raises
    ------
    InputUnreadable
    """
    with open_bytes(str(geno)) as handle:
        start = handle.read(_HEADER)
    if start.startswith((PACKED_START, TRANSPOSED_START)):
        _check_header(geno, start, samples, ids)
        kind = _Packed if start.startswith(PACKED_START) else _Transposed
        return kind(geno, len(ids), len(samples))
    if not start.startswith(_GENOTYPES):
        raise InputUnreadable(
            f"{geno} is not a .geno file: it starts with {quoted(start[:20])}",
            "If it is compressed, unpack it; genotypes are read in place.",
        )
    return _Text(geno, len(ids), len(samples))


class _Header(NamedTuple):
    """What a packed file says of the files it was made of."""

    samples: int
    variants: int
    samples_hash: int
    variants_hash: int


def _check_header(geno: Path, start: bytes, samples: tuple[str, ...], ids: list[str]) -> None:
    """Check numbers and hashes of IDs, as EIGENSOFT does by default; a hash of 0 is none.

    Raises
    ------
    InputUnreadable
    """
    found = _HEADER_TEXT.match(start + b"\0")
    if not found:
        raise InputUnreadable(f"{geno} has no whole header", "Copy it again.")
    header = _Header(int(found[1]), int(found[2]), int(found[3], 16), int(found[4], 16))
    beside = (
        (header.samples, header.samples_hash, samples, "samples", ".ind"),
        (header.variants, header.variants_hash, ids, "variants", ".snp"),
    )
    for number, expected, names, what, end in beside:
        if number != len(names):
            raise InputUnreadable(
                f"{geno} has {number:,} {what} and the {end} file beside it {len(names):,}",
                "Give the files that belong together.",
            )
        if expected and all(map(str.isascii, names)) and expected != hash_of_ids(names):
            raise InputUnreadable(
                f"{geno} was made with other IDs of {what}, or in another order, than those of the "
                f"{end} file beside it",
                "Give the file it was made with; after a change of names, write both again with "
                "`convertf` (hashcheck: NO).",
            )


def hash_of_ids(ids: Iterable[str]) -> int:
    """The hash of IDs in the header of a packed file, from 0 to 2^32 - 1."""
    total = 0
    for name in ids:
        one = 0
        for byte in name.encode():
            one = one * 23 + byte
        total = (total * 17 ^ one) & 0xFFFFFFFF
    return total


def _check_size(path: Path, expected: int, variants: int, samples: int) -> None:
    if (size := path.stat().st_size) != expected:
        raise _wrong_size(path, size, expected, variants, samples)


def _wrong_size(
    path: Path, size: int, expected: int, variants: int, samples: int
) -> InputUnreadable:
    return InputUnreadable(
        f"{path} has {size:,} bytes where {variants:,} variants of {samples:,} "
        f"sample{'s' if samples != 1 else ''} need {expected:,}",
        "It is cut short, or belongs to another .snp or .ind file."
        if size < expected
        else "Its .snp or .ind file is cut short, or belongs to another .geno file.",
    )


def _read_samples(ind: Path) -> tuple[str, ...]:
    """Sample IDs of an .ind file: ID, sex and label.

    Raises
    ------
    InputUnreadable
        If the file is missing or malformed, or an ID repeats.
    """
    table = read_table(ind, read_lines(ind, _SIBLINGS))
    rows = of_width(table, _IND_COLUMNS)
    samples = tuple(decoded(fields[0], ind, number) for number, fields in rows)
    if not samples:
        raise InputUnreadable(f"{ind} is empty: it names no samples", "Make the fileset again.")
    check_distinct(samples, str(ind))
    return samples


def _read_snps(snp: Path) -> VariantList:
    """The rows of a .snp file; an allele X is unknown, as 0 is in PLINK files.

    Raises
    ------
    InputUnreadable
        If the file is missing or malformed, or does not name alleles.
    """
    listed = read_variants(snp, read_lines(snp, _SIBLINGS), _SNP_COLUMNS)
    variants = listed.variants
    named = {name: _CHROMOSOMES.get(name, name) for name in set(variants.chromosome)}
    alleles = [np.where(a == _UNKNOWN_ALLELE, "0", a) for a in (variants.ref, variants.alt)]
    chromosome = objects([named[name] for name in variants.chromosome])
    variants = replace(variants, chromosome=chromosome, ref=alleles[0], alt=alleles[1])
    return replace(listed, variants=variants)
