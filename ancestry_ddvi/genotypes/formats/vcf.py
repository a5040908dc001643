"""VCF, compressed VCF and BCF, in files, pipes and standard input."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from ...errors import InputUnreadable, UsageProblem
from ..chromosomes import bare_chromosome
from .bcf import BcfStream
from .bgzf import content_between
from .by_index import (
    MISMATCH,
    BcfScan,
    NotByIndex,
    TextScan,
    Wanted,
    reaching,
)
from .fields import FIELDS, GT
from .index import NOWHERE, Index, parts_of, usable_index
from .packing import pack
from .ploidy import Called, PackedCalls, Ploidy
from .reading import DEFAULT, ReadOptions
from .record_source import Content, RecordSource
from .records import Record, Row, each_call
from .source import ByIndex, PackedBlock
from .streams import (
    STANDARD_INPUT,
    Lines,
    check_bgzf_end,
    display_name,
    inflated,
    open_bytes,
    pieces_of,
    start_of,
)
from .vcf_header import BCF_START, read_header
from .vcf_text import TextRecord, VcfText, fields_of

log = logging.getLogger(__name__)

PART_BYTES = 1 << 20
"""Bytes of a file that a process reads at a time."""

MIN_SHARED, RECORD_BYTES = 1 << 25, 200
"""From so many bytes of a file on it pays to start several processes. A record counts as so many
bytes more."""


class VcfSource(RecordSource):
    """Biallelic SNPs of a VCF, VCF.gz or BCF file that passed their filters.

    See ``RecordSource``. A pipe can be read only once.

    Parameters
    ----------
    path : str
        A file, a named pipe, or "-" for standard input.
    options : ReadOptions

    Raises
    ------
    InputUnreadable
        If the file is cut short, or its header does not name distinct samples.
    """

    def __init__(self, path: str, options: ReadOptions = DEFAULT) -> None:
        self.name = display_name(path)
        self.skipped = Counter()
        self._path, self._options = path, options
        self._pipe: _VcfContent | None = None
        self._index: Index | None = None
        self._is_pipe = path == STANDARD_INPUT or not Path(path).is_file()
        if self._is_pipe:
            content = self._pipe = _open(open_bytes(path), self.name)
        else:
            self.files = (Path(path),)
            check_bgzf_end(Path(path))
            self._index = usable_index(Path(path)) if options.by_index else None
            self.by_index = ByIndex(self._index.records, 0) if self._index else None
            with open_bytes(path) as handle:
                content = _open(handle, self.name)
        self.samples, self.build_hint = content.header.samples, content.header.build_hint
        self.likelihood_fields = content.fields.intersection(FIELDS) - {GT}

    def packed_blocks(self, variants: int = 1024) -> Iterator[PackedBlock]:
        """See ``GenotypeSource.packed_blocks``; of a large file with an index by processes.

        Where a part cannot be read, the file is read again by this process, which tells the place,
        or reads on, if the index does not belong to the file.
        """
        given = 0
        if parts := self._parts():
            from ...workers import TaskFailed

            try:
                for block in self._by_processes(parts, variants):
                    given += len(block.variants)
                    yield block
                if given:
                    return
            except TaskFailed as error:
                log.debug("%s is read by one process: %s", self.name, error)
        for block in super().packed_blocks(variants):
            new = slice(given, None)
            given = max(0, given - len(block.variants))
            if len(block.variants[new]):
                yield PackedBlock(block.variants[new], block.packed[new])

    def _parts(self) -> list[tuple[int, int | None]]:
        """The parts that several processes read; none where one process reads all."""
        if self._is_pipe or self._options.processes < 2 or self._index:
            return []
        path = Path(self._path)
        index = usable_index(path)
        if index is None or not index.in_order():
            return []
        work = path.stat().st_size + RECORD_BYTES * (index.records or 0)
        return parts_of(path, index, PART_BYTES) if work >= MIN_SHARED else []

    def _by_processes(
        self, parts: Sequence[tuple[int, int | None]], variants: int
    ) -> Iterator[PackedBlock]:
        """The blocks as several processes read them."""
        from ...workers import InOrder

        self.skipped.clear()
        tasks = [partial(_read_part, self._path, self._options, *part, variants) for part in parts]
        results = InOrder(tasks, min(self._options.processes, len(tasks)))
        for called in Ploidy(self.name, self.samples).settled(self._of_parts(results)):
            packed = called.packed if isinstance(called, PackedCalls) else pack(called.dosages)
            yield PackedBlock(called.variants, packed)

    def _of_parts(self, results: Iterable[PartRead]) -> Iterator[Called | PackedCalls]:
        for part in results:
            self.skipped.update(part.skipped)
            yield from part.blocks

    def _records(self, content: Content[Any]) -> Iterator[Any]:
        """All records, or by an index those that reach targets; in file order."""
        if self._index is None:
            yield from content.records()
            return
        assert isinstance(content, _TextContent | _BcfContent)
        records = content.reaching(self._index, self._options)
        for number, record in enumerate(records, 1):
            self.by_index = ByIndex(self._index.records, number)
            yield record

    def _check_ploidy(self, ploidy: Ploidy) -> None:
        if self._index and ploidy.is_haploid.any():
            raise NotByIndex("does not lead to all calls of samples with haploid calls")

    def read_part(self, start: int, stop: int | None, variants: int) -> PartRead:
        """Read what lies between two virtual offsets, its haploid calls not settled.

        Raises
        ------
        InputUnreadable
            If it is not made of whole records, or one is malformed.
        """
        with open_bytes(self._path) as handle:
            content = _open(handle, self.name)
            handle.seek(start >> 16)
            pieces = content_between(pieces_of(handle, self.name), self.name, start, stop)
            if start:
                content.restart(pieces)
            else:
                content = _of(handle, pieces, self.name)
            blocks = [
                called
                if called.is_haploid
                else PackedCalls(called.variants, pack(called.dosages), len(self.samples))
                for called in self._blocks(content, variants, ())
            ]
        return PartRead(blocks, self.skipped)

    def _contents(self) -> Iterator[_VcfContent]:
        """The file and its content, opened; once."""
        if not self._is_pipe:
            with open_bytes(self._path) as handle:
                yield _open(handle, self.name)
            return
        if self._pipe is None:
            raise UsageProblem(f"{self.name} can be read only once", "Write it to a file first.")
        content, self._pipe = self._pipe, None
        yield content
        if self._path != STANDARD_INPUT:
            content.handle.close()


class PartRead(NamedTuple):
    """What was read of a part of a file, and how many records were left out."""

    blocks: list[Called | PackedCalls]
    skipped: Counter[str]


def _read_part(
    path: str, options: ReadOptions, start: int, stop: int | None, variants: int
) -> PartRead:
    """Read what lies between two virtual offsets of a file."""
    source = VcfSource(path, replace(options, processes=1))
    return source.read_part(start, stop, variants)


class _TextContent:
    """Lines of VCF.

    Attributes
    ----------
    fields : frozenset of str
        FORMAT fields of the header and of the first record, which need not be declared.
    """

    def __init__(self, handle: BinaryIO, body: Lines, name: str) -> None:
        self.handle, self.header, self._body = handle, read_header(body, name), body
        self.fields = self.header.fields | fields_of(body.ahead())
        self._name, self._text = name, VcfText(name, len(self.header.samples))
        self.dosages, self.check = self._text.dosages, self._text.check

    def records(self) -> Iterator[TextRecord]:
        return self._text.records(self._body.buffers(), self.header.lines + 1)

    def restart(self, pieces: Iterator[bytes]) -> None:
        """Take other content, of whole records, for what follows the header."""
        self._body = Lines(_of_whole_lines(pieces, self._name), self._name)

    def reaching(self, index: Index, options: ReadOptions) -> Iterator[TextRecord]:
        """The records that reach targets; see ``by_index``."""

        def scan(number: int, offset: int) -> TextScan:
            contig = index.names[number].encode()
            return TextScan(self.handle, self._name, offset, contig, self._text)

        if len(index.names) != len(index.contigs):
            raise NotByIndex(MISMATCH)
        for number in index.in_order():
            wanted = _wanted_on(index.names[number], options)
            yield from reaching(index.contigs[number], wanted, partial(scan, number))

    def weight(self, record: TextRecord) -> int:
        return record.stop - record.start


class _BcfContent:
    """Records of BCF."""

    def __init__(self, handle: BinaryIO, stream: BcfStream) -> None:
        self.handle, self.header, self._stream = handle, stream.header, stream
        self.fields = self.header.fields

    def restart(self, pieces: Iterator[bytes]) -> None:
        """Take other content, of whole records, for what follows the header."""
        self._stream.restart(pieces)

    def records(self) -> Iterator[Record]:
        return iter(self._stream)

    def reaching(self, index: Index, options: ReadOptions) -> Iterator[Record]:
        """The records that reach targets; see ``by_index``."""
        names, samples = self._stream.names, len(self.header.samples)

        def scan(number: int, offset: int) -> BcfScan:
            return BcfScan(self.handle, self._stream.name, offset, number, names, samples)

        for number in index.in_order():
            if number not in names.contigs:
                raise NotByIndex(MISMATCH)
            wanted = _wanted_on(names.contigs[number], options)
            yield from reaching(index.contigs[number], wanted, partial(scan, number))

    def dosages(self, rows: Sequence[Row[Any]]) -> np.ndarray:
        return each_call(rows, len(self.header.samples))

    def check(self, record: Record) -> None:
        pass

    def weight(self, record: Record) -> int:
        return 0


_VcfContent = _TextContent | _BcfContent


def _wanted_on(contig: str, options: ReadOptions) -> Wanted:
    """What is read of a contig by an index."""
    name, targets, besides = bare_chromosome(contig), options.targets, options.by_index
    found = [part.positions[name] for part in (targets, besides) if part and name in part.positions]
    beyond = besides.beyond.get(name, NOWHERE) if besides else NOWHERE
    return Wanted.of(found, beyond)


def _of_whole_lines(pieces: Iterator[bytes], name: str) -> Iterator[bytes]:
    """The pieces of a text, of which the last that is not empty has to end with a newline."""
    last = b"\n"
    for piece in pieces:
        last = piece or last
        yield piece
    if not last.endswith(b"\n"):
        raise InputUnreadable(f"{name}: a part of it ends within a line", "Make its index again.")


def _open(handle: BinaryIO, name: str) -> _VcfContent:
    """The content of a file, its header read."""
    return _of(handle, inflated(handle, name), name)


def _of(handle: BinaryIO, pieces: Iterator[bytes], name: str) -> _VcfContent:
    """The content of a file that comes in pieces, its header read."""
    first = start_of(pieces, len(BCF_START))
    if not first:
        raise InputUnreadable(f"{name} is empty", "Give a VCF file.")
    content = chain([first], pieces)
    if first.startswith(BCF_START):
        return _BcfContent(handle, BcfStream(content, name))
    return _TextContent(handle, Lines(content, name), name)
