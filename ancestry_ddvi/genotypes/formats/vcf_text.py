"""Lines of a VCF file to records."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from sys import intern
from typing import TypeVar

import numpy as np

from ...errors import InputUnreadable, quoted
from ..variants import MISSING
from .fields import FIELDS
from .ploidy import HAPLOID_REF
from .records import Row
from .streams import zero_byte
from .variant_filter import printable
from .vcf_calls import (
    Dosages,
    add_up_or_look_up,
    genotypes,
    look_up,
    words_after_tabs,
    words_of_equal_width,
)
from .vcf_numbers import numbers_of

_COLUMNS = 10
_RETURN = 13
_FIXED_BYTES = 512
"""Bytes at the start of a line that mostly hold all columns before the calls."""

_MAX_POSITION = 2**31 - 1
_DIGITS = 10
_LONGEST, _REMEMBERED = 64, 10_000
"""Texts of at most 64 characters that are decoded once."""

_READ = {field.encode() for field in FIELDS}

T = TypeVar("T")
_OTHER, _EQUAL_WIDTH, _GT_FIRST = range(3)
"""Sample columns: GT alone in three characters, GT first and REF or the only ALT, or others."""

_DIPLOID = re.compile(rb"[/|]?[0-9.]+[/|][0-9.]+")
_HAPLOID = re.compile(rb"[/|]?[0-9.]+")
_ANY_HAPLOID = re.compile(rb"\t[/|]?[0-9.]+(?=[\t:])")
_NAME = re.compile(rb"(?!#)[^,\x00-\x20\x7f]+")
"""Of a chromosome."""

_FORM = re.compile(rb"\.|[A-Za-z_][\w.]*(:[A-Za-z_][\w.]*)*")
_END = re.compile(rb"(?:^|;)END=([^;]*)")


class _Decoded(dict[bytes, T]):
    """What a function makes of bytes, remembered if they are few."""

    def __init__(self, decode: Callable[[bytes], T]) -> None:
        self._decode = decode

    def __missing__(self, written: bytes) -> T:
        found = self._decode(written)
        if len(written) <= _LONGEST and len(self) < _REMEMBERED:
            self[written] = found
        return found


def _chromosome(written: bytes) -> str:
    """CHROM; ValueError if it has a comma or a blank, or starts with #."""
    if not _NAME.fullmatch(written):
        raise ValueError(f"CHROM is {quoted(written)}, no name of a chromosome")
    return intern(written.decode())


def _alleles(written: bytes) -> tuple[str, ...]:
    """ALT; ValueError if an allele is empty."""
    alleles = tuple(written.decode().split(","))
    if "" in alleles:
        raise ValueError(f"ALT is {quoted(written)}, with an empty allele")
    return alleles


def _has_gt(written: bytes) -> bool:
    """Whether GT is in FORMAT; ValueError if it is no list, or has a field twice that is read."""
    fields = written.split(b":")
    read = [field for field in fields if field in _READ]
    if len(set(read)) < len(read) or not (b"GT" in read or _FORM.fullmatch(written)):
        raise ValueError(f"FORMAT is {quoted(written)}, no list of fields")
    return b"GT" in read


def fields_of(line: bytes) -> frozenset[str]:
    """The fields in FORMAT of a line; none of a line that is no record."""
    columns = line.split(b"\t", _COLUMNS - 1)
    form = columns[-2] if len(columns) == _COLUMNS else b""
    return frozenset(form.decode(errors="replace").split(":"))


class TextRecord:
    """One line; see ``records.Record``. Calls are read by ``VcfText``.

    Parameters
    ----------
    file : VcfText
    number : int
        Of the line.
    text : bytes
        Some lines.
    start, stop : int
        Where the line is in them, its newline left out; by default it is all there is.
    """

    __slots__ = (
        "_file", "_info", "_name", "alts", "chromosome", "filters", "form", "has_gt", "number",
        "position", "ref", "start", "stop", "text",
    )  # fmt: skip

    chromosome: str
    position: int
    ref: str
    alts: tuple[str, ...]
    filters: str
    has_gt: bool
    form: bytes
    """FORMAT."""
    number: int
    start: int
    """Of the sample columns in ``text``, which end at ``stop``."""

    def __init__(
        self, file: VcfText, number: int, text: bytes, start: int = 0, stop: int | None = None
    ) -> None:
        stop = len(text) if stop is None else stop
        end = min(stop, start + _FIXED_BYTES)
        fixed = text[start:end].split(b"\t", _COLUMNS - 1)
        if len(fixed) < _COLUMNS:
            end, fixed = stop, text[start:stop].split(b"\t", _COLUMNS - 1)
        if len(fixed) < _COLUMNS:
            raise file.malformed(number, f"it has {len(fixed)} columns; ten or more are needed")
        chrom, pos, self._name, ref, alts, _, filters, self._info, self.form, calls = fixed
        self.text, self.start, self.stop = text, end - len(calls), stop
        if not pos.isdigit() or len(pos) > _DIGITS or int(pos) > _MAX_POSITION:
            raise file.malformed(number, f"POS is {quoted(pos)}, no whole number below 2^31")
        self.position, self.number, self._file = int(pos), number, file
        if not (chrom and ref and alts):
            raise file.malformed(number, "CHROM, REF or ALT is empty")
        try:
            self.chromosome, self.alts = file.chromosomes[chrom], file.alts[alts]
            self.ref, self.filters = file.texts[ref], file.texts[filters]
            self.has_gt = file.have_gt[self.form]
        except UnicodeDecodeError as error:
            raise file.malformed(number, "CHROM, REF, ALT or FILTER is not UTF-8 text") from error
        except ValueError as error:
            raise file.malformed(number, str(error)) from error

    @property
    def columns(self) -> bytes:
        """All sample columns."""
        return self.text[self.start : self.stop]

    @property
    def view(self) -> memoryview:
        """All sample columns, not copied."""
        return memoryview(self.text)[self.start : self.stop]

    @property
    def id(self) -> str:
        """The ID, "." if empty; bytes that are not printable text are shown as escapes."""
        return printable(self._name)

    @property
    def end(self) -> int:
        """INFO END, else the last base of REF; an END before that is none.

        Raises
        ------
        InputUnreadable
            If INFO END is no position.
        """
        found = _END.search(self._info)
        last = self.position + len(self.ref) - 1
        if not found or found[1] == b".":
            return last
        if not found[1].isdigit() or len(found[1]) > _DIGITS or int(found[1]) > _MAX_POSITION:
            why = f"INFO END is {quoted(found[1])}, no whole number below 2^31"
            raise self._file.malformed(self.number, why)
        return max(int(found[1]), last)

    def calls(self, alt_index: int) -> np.ndarray:
        """See ``Record.calls``."""
        diploid: np.ndarray = np.maximum(self._codes(alt_index), MISSING)
        return diploid

    def haploid(self, alt_index: int) -> np.ndarray:
        """See ``Record.haploid``."""
        codes = self._codes(alt_index)
        return np.where(codes < MISSING, HAPLOID_REF - codes, MISSING).astype(np.int8)

    def numbers(self, field: str) -> np.ndarray | None:
        """See ``Record.numbers``."""
        return self._file.numbers(self, field)

    def _codes(self, alt: int) -> np.ndarray:
        return self._file.one_by_one(self, alt)


class VcfText:
    """Records of a VCF file, given as lines.

    Parameters
    ----------
    name : str
        Of the file, for messages.
    samples : int
    """

    def __init__(self, name: str, samples: int) -> None:
        self._name, self._samples = name, samples
        self.chromosomes = _Decoded(_chromosome)
        self.texts = _Decoded(lambda written: intern(written.decode()))
        self.alts = _Decoded(_alleles)
        self.have_gt = _Decoded(_has_gt)
        self._dosage_of: dict[int, Dosages] = {}

    def records(self, buffers: Iterable[bytes], number: int) -> Iterator[TextRecord]:
        r"""The records in some text; blank lines are passed over.

        Parameters
        ----------
        buffers : iterable of bytes
            The text, cut after ends of lines.
        number : int
            Of its first line.

        Raises
        ------
        InputUnreadable
            If a line is malformed or cut off; the message gives its number.
        """
        before = b"", 0, 0
        for text in buffers:
            start, zero = 0, text.find(b"\0")
            while start < len(text):
                end = text.find(b"\n", start)
                if zero >= 0 and (zero < end or end < 0):
                    raise zero_byte(self._name, number)
                if end < 0:
                    end = stop = len(text)
                    self._check_end(text[start:], number, before[0][before[1] : before[2]])
                else:
                    stop = end - 1 if end > start and text[end - 1] == _RETURN else end
                if stop > start:
                    yield TextRecord(self, number, text, start, stop)
                    before = text, start, stop
                number, start = number + 1, end + 1

    def check(self, record: TextRecord) -> None:
        """Check the number of columns of a record whose calls are not read.

        Raises
        ------
        InputUnreadable
            If it is not the number of samples.
        """
        calls = record.text.count(b"\t", record.start, record.stop) + 1
        if calls != self._samples:
            raise self._wrong_number(record, calls)

    def dosages(self, rows: Sequence[Row[TextRecord]]) -> np.ndarray:
        """Dosages of rows, int8 (rows, samples); see ``Ploidy`` for the codes.

        Raises
        ------
        InputUnreadable
            If a call is not a genotype, or the number of calls that of the samples.
        """
        dosages = np.empty((len(rows), self._samples), np.int8)
        known = np.zeros(len(rows), bool)
        layouts = np.array([self._layout(row) for row in rows])
        for layout, words_in, decode in (
            (_EQUAL_WIDTH, words_of_equal_width, add_up_or_look_up),
            (_GT_FIRST, words_after_tabs, look_up),
        ):
            at = np.flatnonzero(layouts == layout)
            columns = [rows[i].record.view for i in at.tolist()]
            words = words_in(columns, self._samples) if columns else None
            if words is not None:
                dosages[at], known[at] = decode(words)
        for i in np.flatnonzero(~known).tolist():
            dosages[i] = self.one_by_one(rows[i].record, rows[i].alt)
        return dosages

    def _layout(self, row: Row[TextRecord]) -> int:
        """How the calls of a row can be read together with others."""
        record = row.record
        if row.alt != 1:
            return _OTHER
        if record.form != b"GT":
            return _GT_FIRST if record.form.startswith(b"GT:") else _OTHER
        if record.stop - record.start == 4 * self._samples - 1:
            return _EQUAL_WIDTH
        return _GT_FIRST if record.text.find(b":", record.start, record.stop) < 0 else _OTHER

    def one_by_one(self, record: TextRecord, alt: int) -> np.ndarray:
        """Dosages of one record, int8 (samples,); see ``Ploidy`` for the codes.

        Raises
        ------
        InputUnreadable
            See ``dosages``.
        """
        if not record.has_gt:
            self.check(record)
            return np.full(self._samples, MISSING, np.int8)
        if record.form == b"GT" and b":" in record.columns:
            raise self.malformed(record.number, "it has more values than FORMAT names")
        calls = genotypes(record.form, record.columns)
        if len(calls) != self._samples:
            raise self._wrong_number(record, len(calls))
        dosage_of = self._dosage_of.setdefault(alt, Dosages(alt))
        try:
            return np.fromiter(map(dosage_of.__getitem__, calls), np.int8, len(calls))
        except ValueError as error:
            why = f"the call {quoted(error.args[0])} is not a genotype"
            raise self.malformed(record.number, why) from error

    def numbers(self, record: TextRecord, field: str) -> np.ndarray | None:
        """A numeric field of a record; see ``Record.numbers``.

        Raises
        ------
        InputUnreadable
            If the field is not of numbers, or the number of columns not that of the samples.
        """
        names = record.form.split(b":")
        wanted = field.encode()
        if wanted not in names:
            return None
        try:
            return numbers_of(record.columns, names.index(wanted), self._samples)
        except ValueError as error:
            self.check(record)
            why = f"{field} {quoted(error.args[0])} is not a list of numbers"
            raise self.malformed(record.number, why) from error

    def malformed(self, number: int, why: str) -> InputUnreadable:
        """The error for a line."""
        return InputUnreadable(
            f"{self._name}, line {number}: {why}",
            "Check that the file is whole; `bcftools view` shows more.",
        )

    def _wrong_number(self, record: TextRecord, calls: int) -> InputUnreadable:
        return self.malformed(
            record.number, f"it has {calls:,} calls for {self._samples:,} samples"
        )

    def _check_end(self, line: bytes, number: int, before: bytes) -> None:
        """Check that the last line is whole, which has no newline.

        A last call of one allele may be what is left of a diploid one. It is taken for whole if
        another call of the record, or the last call of the line before, is of one allele, or there
        is no line before.
        """
        columns = line.split(b"\t")
        last = columns[-1].partition(b":")[0]
        earlier = before.rpartition(b"\t")[2].partition(b":")[0]
        if len(columns) == _COLUMNS - 1 + self._samples:
            if _DIPLOID.fullmatch(last):
                return
            calls = b"\t" + b"\t".join(columns[_COLUMNS - 1 : -1]) + b"\t"
            usual = not before or _HAPLOID.fullmatch(earlier) or _ANY_HAPLOID.search(calls)
            if _HAPLOID.fullmatch(last) and usual:
                return
        raise InputUnreadable(
            f"{self._name} is cut short in line {number}, its last",
            "Copy it again. If it is whole, end its last line with a newline.",
        )
