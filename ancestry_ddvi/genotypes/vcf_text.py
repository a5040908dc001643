"""VCF text to dosages, a block of lines at a time.

Where FORMAT is GT alone and every call is two one-character alleles ("0/1", "1|.", "./."),
a call and the tab behind it are one 32-bit word, and all calls of a block are looked up at
once. Every other line is looked up call by call.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from sys import intern

import numpy as np

from ..errors import InputUnreadable
from .screening import Row, Screen, table
from .source import MISSING, Block

_HAPLOID = -2
_FIRST_FIELD = re.compile(rb"(?:^|\t)([^\t:]*)")
_DIPLOID = re.compile(rb"[0-9.]+[/|][0-9.]+")
# Found by search: the top bytes of the products of the 18 words differ.
_MIX, _SHIFT = np.uint32(0x70BC8EA5), np.uint32(24)


class _Calls(dict[bytes, int]):
    """Dosage of ALT for a GT as written, worked out when first met.

    Only two observed alleles, each REF or the one ALT, make a dosage. One allele is
    ``_HAPLOID``: an autosomal genotype needs two.
    """

    def __missing__(self, call: bytes) -> int:
        alleles = re.split(rb"[/|]", call)
        if not all(allele == b"." or allele.isdigit() for allele in alleles):
            raise ValueError(call)
        dosage = MISSING
        if len(alleles) == 2 and {b"0", b"1"}.issuperset(alleles):
            dosage = alleles.count(b"1")
        if len(alleles) == 1 and alleles != [b"."]:
            dosage = _HAPLOID
        self[call] = dosage
        return dosage


def _word_tables() -> tuple[np.ndarray, np.ndarray]:
    """The 18 words and their dosages, each at the slot its hash gives it."""
    calls = [b"%c%c%c" % (a, phase, b) for a in b"01." for phase in b"/|" for b in b"01."]
    words = np.frombuffer(b"".join(call + b"\t" for call in calls), "<u4")
    word_at, dosage_at = np.zeros(256, np.uint32), np.zeros(256, np.int8)
    word_at[(words * _MIX) >> _SHIFT] = words
    dosage_at[(words * _MIX) >> _SHIFT] = [_Calls()[call] for call in calls]
    return word_at, dosage_at


_WORD_AT, _DOSAGE_AT = _word_tables()


@dataclass(frozen=True)
class _Line:
    """The calls of a record: FORMAT, all sample columns, and where it stands in the file."""

    format: bytes
    calls: bytes
    number: int


class VcfText:
    """Records of a VCF file, given as lines.

    Attributes
    ----------
    haploid_calls : int
        Calls of one allele met so far in the sites kept; their dosage is missing.
    """

    def __init__(self, name: str, samples: int, screen: Screen) -> None:
        self._name = name
        self._samples = samples
        self._screen = screen
        self._calls = _Calls()
        self.haploid_calls = 0

    def blocks(self, lines: Iterable[bytes], first: int, sites: int) -> Iterator[Block]:
        """Blocks of at most ``sites`` admitted records; ``first`` is the number of the first line.

        Raises
        ------
        InputUnreadable
            If a line is malformed or cut off; the message gives its number.
        """
        rows: list[Row] = []
        kept: list[_Line] = []
        for number, line in enumerate(lines, first):
            if line and (admitted := self._admit(line, number)):
                rows.append(admitted[0])
                kept.append(admitted[1])
            if len(rows) == sites:
                yield Block(table(rows), self._dosages(kept))
                rows, kept = [], []
        if rows:
            yield Block(table(rows), self._dosages(kept))

    def _admit(self, line: bytes, number: int) -> tuple[Row, _Line] | None:
        if line.endswith(b"\0"):
            line = self._not_cut_off(line[:-1], number)
        try:
            chrom, pos, name, ref, alts, _, filters, _, form, calls = line.split(b"\t", 9)
            chromosome, position = intern(chrom.decode()), int(pos)
            texts = name.decode(), ref.decode(), alts.decode(), filters.decode()
        except ValueError as error:
            raise self._malformed(
                number, "it is not a VCF record of ten columns or more"
            ) from error
        if form != b"GT" and b"GT" not in form.split(b":"):
            self._screen.skipped["without GT"] += 1
            return None
        alleles = self._screen.admit(chromosome, position, *texts[1:])
        row = (chromosome, position, texts[0], *alleles) if alleles else None
        return (row, _Line(form, calls, number)) if row else None

    def _not_cut_off(self, line: bytes, number: int) -> bytes:
        columns = line.split(b"\t")
        whole = len(columns) == 9 + self._samples
        if whole and _DIPLOID.fullmatch(columns[-1].partition(b":")[0]):
            return line
        raise InputUnreadable(
            f"{self._name} is cut short in line {number}, its last",
            "Copy it again; if it is whole, end its last line with a newline.",
        )

    def _dosages(self, kept: list[_Line]) -> np.ndarray:
        """int8 (lines, samples)."""
        dosages = np.empty((len(kept), self._samples), np.int8)
        width = 4 * self._samples - 1
        plain = np.array([k.format == b"GT" and len(k.calls) == width for k in kept])
        if plain.any():
            calls = [k.calls for k, is_plain in zip(kept, plain, strict=True) if is_plain]
            words = np.frombuffer(b"\t".join(calls) + b"\t", "<u4").reshape(-1, self._samples)
            slots = (words * _MIX) >> _SHIFT
            dosages[plain] = _DOSAGE_AT[slots]
            plain[plain] = (_WORD_AT[slots] == words).all(axis=1)
        for i in np.flatnonzero(~plain):
            dosages[i] = self._call_by_call(kept[i])
        return dosages

    def _call_by_call(self, line: _Line) -> np.ndarray:
        calls = _genotypes(line)
        if len(calls) != self._samples:
            raise self._malformed(
                line.number, f"it has {len(calls)} calls for {self._samples} samples"
            )
        try:
            dosages = np.fromiter(map(self._calls.__getitem__, calls), np.int8, len(calls))
        except ValueError as error:
            call = error.args[0].decode(errors="replace")
            raise self._malformed(line.number, f"the call {call!r} is no genotype") from error
        haploid = dosages == _HAPLOID
        self.haploid_calls += int(haploid.sum())
        dosages[haploid] = MISSING
        return dosages

    def _malformed(self, number: int, why: str) -> InputUnreadable:
        return InputUnreadable(
            f"{self._name}, line {number}: {why}",
            "Check that the file is whole; `bcftools view` tells more.",
        )


def _genotypes(line: _Line) -> list[bytes]:
    """GT of each sample."""
    if line.format.startswith(b"GT"):
        return _FIRST_FIELD.findall(line.calls)
    place = line.format.split(b":").index(b"GT")
    fields = (column.split(b":") for column in line.calls.split(b"\t"))
    return [parts[place] if place < len(parts) else b"." for parts in fields]
