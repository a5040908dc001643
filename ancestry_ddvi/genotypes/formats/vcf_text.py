"""Lines of a VCF file to blocks of variants and dosages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from sys import intern
from typing import NamedTuple

import numpy as np

from ...errors import InputUnreadable
from ..variants import MISSING, Block
from .variant_filter import Variant, VariantFilter, table
from .vcf_calls import (
    HAPLOID,
    Dosages,
    genotypes,
    look_up,
    words_after_tabs,
    words_of_equal_width,
)

_NOT_A_RECORD = "it does not have ten or more columns between tabs with a whole number as POS"
_DIPLOID = re.compile(rb"[0-9.]+[/|][0-9.]+")
_TEXT_AT_ONCE = 1 << 20
"""Bytes in a block; text that fits the processor cache is read twice as fast."""


class _Line(NamedTuple):
    """The calls of an admitted record: FORMAT, all sample columns, and its line number."""

    format: bytes
    columns: bytes
    number: int


class VcfText:
    """Records of a VCF file, given as lines.

    Attributes
    ----------
    haploid_calls : int
        Calls of one allele so far in the variants kept; their dosage is missing.
    """

    def __init__(self, name: str, samples: int, variant_filter: VariantFilter) -> None:
        self._name = name
        self._samples = samples
        self._variant_filter = variant_filter
        self._dosage_of = Dosages()
        self.haploid_calls = 0

    def blocks(self, lines: Iterable[bytes], first: int, variants: int) -> Iterator[Block]:
        """Blocks of at most ``variants`` admitted records, from line number ``first`` on.

        Raises
        ------
        InputUnreadable
            If a line is malformed or cut off; the message gives its number.
        """
        rows: list[Variant] = []
        kept: list[_Line] = []
        size = 0
        for number, line in enumerate(lines, first):
            if line and (admitted := self._admit(line, number)):
                rows.append(admitted[0])
                kept.append(admitted[1])
                size += len(line)
            if len(rows) == variants or size > _TEXT_AT_ONCE:
                yield Block(table(rows), self._dosages(kept))
                rows, kept, size = [], [], 0
        if rows:
            yield Block(table(rows), self._dosages(kept))

    def _admit(self, line: bytes, number: int) -> tuple[Variant, _Line] | None:
        if line.endswith(b"\0"):
            line = self._not_cut_off(line[:-1], number)
        try:
            chrom, pos, name, ref, alts, _, filters, _, form, columns = line.split(b"\t", 9)
            chromosome, position = intern(chrom.decode()), int(pos)
            texts = name.decode(), ref.decode(), alts.decode(), filters.decode()
        except ValueError as error:
            raise self._malformed(number, _NOT_A_RECORD) from error
        if form != b"GT" and b"GT" not in form.split(b":"):
            self._variant_filter.skipped["without GT"] += 1
            return None
        alleles = self._variant_filter.admit(chromosome, position, *texts[1:])
        if alleles is None:
            return None
        variant = Variant(chromosome, position, texts[0], *alleles)
        return variant, _Line(form, columns, number)

    def _not_cut_off(self, line: bytes, number: int) -> bytes:
        columns = line.split(b"\t")
        whole = len(columns) == 9 + self._samples
        if whole and _DIPLOID.fullmatch(columns[-1].partition(b":")[0]):
            return line
        raise InputUnreadable(
            f"{self._name} is cut short in line {number}, its last",
            "Copy it again. If it is whole, end its last line with a newline.",
        )

    def _dosages(self, lines: Sequence[_Line]) -> np.ndarray:
        """int8 (lines, samples)."""
        dosages = np.empty((len(lines), self._samples), np.int8)
        width = 4 * self._samples - 1
        equal = np.array([x.format == b"GT" and len(x.columns) == width for x in lines])
        first = np.array([x.format == b"GT" or x.format.startswith(b"GT:") for x in lines])
        known = np.zeros(len(lines), bool)
        for chosen, words_in in (
            (equal, words_of_equal_width),
            (first & ~equal, words_after_tabs),
        ):
            rows = np.flatnonzero(chosen)
            columns = [lines[i].columns for i in rows.tolist()]
            words = words_in(columns, self._samples) if columns else None
            if words is not None:
                dosages[rows], known[rows] = look_up(words)
        for i in np.flatnonzero(~known).tolist():
            dosages[i] = self._one_by_one(lines[i])
        haploid = dosages == HAPLOID
        self.haploid_calls += int(haploid.sum())
        dosages[haploid] = MISSING
        return dosages

    def _one_by_one(self, line: _Line) -> np.ndarray:
        calls = genotypes(line.format, line.columns)
        if len(calls) != self._samples:
            why = f"it has {len(calls)} calls for {self._samples} samples"
            raise self._malformed(line.number, why)
        try:
            return np.fromiter(map(self._dosage_of.__getitem__, calls), np.int8, len(calls))
        except ValueError as error:
            call = error.args[0].decode(errors="replace")
            raise self._malformed(line.number, f"the call {call!r} is not a genotype") from error

    def _malformed(self, number: int, why: str) -> InputUnreadable:
        return InputUnreadable(
            f"{self._name}, line {number}: {why}",
            "Check that the file is whole; `bcftools view` shows more.",
        )
