"""VCF, compressed VCF and BCF, in files, pipes and standard input."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, Protocol

import numpy as np

from ...errors import InputUnreadable, UsageProblem
from ..chromosomes import bare_chromosome
from ..variants import MISSING, Block
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
from .fields import FIELDS, GT, NOTHING, one_hot
from .index import NOWHERE, Index, parts_of, usable_index
from .packing import pack, variants_at_once
from .ploidy import Called, PackedCalls, Ploidy
from .reading import DEFAULT, ReadOptions
from .records import R, Record, RecordRows, Row, each_call, keep_reference, soft_values
from .source import ByIndex, GenotypeSource, LikelihoodBlock, PackedBlock
from .streams import (
    STANDARD_INPUT,
    TEXT_AT_ONCE,
    Lines,
    check_bgzf_end,
    display_name,
    inflated,
    open_bytes,
    pieces_of,
    start_of,
)
from .variant_filter import VariantFilter, table
from .vcf_header import BCF_START, NEEDS_GT, VcfHeader, read_header
from .vcf_text import TextRecord, VcfText

log = logging.getLogger(__name__)

PART_BYTES = 1 << 20
"""Bytes of a file that a process reads at a time."""

MIN_SHARED, RECORD_BYTES = 1 << 25, 200
"""From so many bytes of a file on it pays to start several processes. A record counts as so many
bytes more."""


class VcfSource(GenotypeSource):
    """Biallelic SNPs of a VCF, VCF.gz or BCF file that passed their filters.

    The dosage of a call with two observed alleles, each REF or ALT, is the number of copies of
    ALT; half calls and calls of more than two alleles are missing, and for calls of one allele see
    ``Ploidy``. Symbolic alleles of a gVCF are ignored. With targets, reference calls there are
    read too; see ``ReadOptions``. A pipe can be read only once.

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
        self._pipe: tuple[BinaryIO, _Content[Any]] | None = None
        self._index: Index | None = None
        self._is_pipe = path == STANDARD_INPUT or not Path(path).is_file()
        if self._is_pipe:
            handle = open_bytes(path)
            content = _open(handle, self.name)
            self._pipe = handle, content
        else:
            self.files = (Path(path),)
            check_bgzf_end(Path(path))
            self._index = usable_index(Path(path)) if options.by_index else None
            self.by_index = ByIndex(self._index.records, 0) if self._index else None
            with open_bytes(path) as handle:
                content = _open(handle, self.name)
        self.samples, self.build_hint = content.header.samples, content.header.build_hint
        self.likelihood_fields = content.header.fields.intersection(FIELDS) - {GT}

    def blocks(self, variants: int = 1024) -> Iterator[Block]:
        """See ``GenotypeSource.blocks``."""
        found = False
        for called in self._settled(variants, ()):
            found = True
            yield Block(called.variants, called.dosages)
        self._check_calls(found)

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

    def _check_calls(self, found: bool) -> None:
        """Refuse a file whose SNPs all lack GT."""
        if self.skipped["without GT"] and not found:
            raise InputUnreadable(
                f"{self.name} holds no hard calls: no SNP in it has the FORMAT field GT", NEEDS_GT
            )

    def likelihoods(
        self, fields: Sequence[str] = FIELDS, variants: int = 1024
    ) -> Iterator[LikelihoodBlock]:
        """See ``GenotypeSource.likelihoods``; with targets, at these alone."""
        for called in self._settled(variants, fields):
            values, found_in = called.soft
            from_calls = (found_in == NOTHING) & (called.dosages >= 0)
            values[from_calls] = one_hot(called.dosages[from_calls])
            found_in[from_calls] = FIELDS.index(GT)
            yield LikelihoodBlock(called.variants, values, found_in)

    def _settled(self, variants: int, fields: Sequence[str]) -> Iterator[Called]:
        """Blocks of calls and, if fields are given, of the best of these fields."""
        self.skipped.clear()
        self.unwanted = 0
        for handle, content in self._contents():
            blocks = self._blocks(handle, content, variants, fields)
            ploidy = Ploidy(self.name, self.samples)
            yield from ploidy.settled(blocks)
            if self._index and ploidy.is_haploid.any():
                raise NotByIndex("does not lead to all calls of samples with haploid calls")

    def _blocks(
        self, handle: BinaryIO, content: _Content[Any], variants: int, fields: Sequence[str]
    ) -> Iterator[Called]:
        variant_filter = VariantFilter(self.skipped, self._options)
        records = self._by_index(handle, content) if self._index else content.records()
        rows = RecordRows(variant_filter, not fields, content.check).of(records)
        if fields and self._options.targets:
            rows = self._wanted(rows, content)
        size = variants_at_once(variants, (3 if fields else 1) * len(self.samples))
        for some in _batches(rows, size, content):
            yield self._called(some, content, fields)

    def _by_index(self, handle: BinaryIO, content: _Content[Any]) -> Iterator[Any]:
        """The records that reach targets, in file order."""
        assert self._index is not None
        records = content.reaching(handle, self._index, self._options)
        for number, record in enumerate(records, 1):
            self.by_index = ByIndex(self._index.records, number)
            yield record

    def _wanted(self, rows: Iterable[Row[Any]], content: _Content[Any]) -> Iterator[Row[Any]]:
        """The rows that are targets; the others are counted."""
        targets = self._options.targets
        for row in rows:
            if row.is_reference or targets is None or targets.wants(row.variant):
                yield row
            else:
                self.unwanted += 1
                content.check(row.record)

    def _called(
        self, rows: Sequence[Row[Any]], content: _Content[Any], fields: Sequence[str]
    ) -> Called:
        samples = len(self.samples)
        variants = table([row.variant for row in rows])
        dosages = np.full((len(rows), samples), MISSING, np.int8)
        read = [i for i, row in enumerate(rows) if row.alt]
        if read and (not fields or GT in fields):
            dosages[read] = content.dosages([rows[i] for i in read])
            keep_reference(rows, dosages)
        if not fields:
            return Called(variants, dosages)
        soft = [soft_values(row, fields, samples) for row in rows]
        values, found_in = (np.stack(parts) for parts in zip(*soft, strict=True))
        return Called(variants, dosages, (values, found_in))

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
                content = _of(pieces, self.name)
            blocks = [
                called
                if called.is_haploid
                else PackedCalls(called.variants, pack(called.dosages), len(self.samples))
                for called in self._blocks(handle, content, variants, ())
            ]
        return PartRead(blocks, self.skipped)

    def _contents(self) -> Iterator[tuple[BinaryIO, _Content[Any]]]:
        """The file and its content, opened; once."""
        if not self._is_pipe:
            with open_bytes(self._path) as handle:
                yield handle, _open(handle, self.name)
            return
        if self._pipe is None:
            raise UsageProblem(f"{self.name} can be read only once", "Write it to a file first.")
        (handle, content), self._pipe = self._pipe, None
        yield handle, content
        if self._path != STANDARD_INPUT:
            handle.close()


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


class _Content(Protocol[R]):
    """An opened file, whose records can be read once."""

    header: VcfHeader

    def records(self) -> Iterator[R]: ...

    def restart(self, pieces: Iterator[bytes]) -> None:
        """Take other content, of whole records, for what follows the header."""

    def reaching(self, handle: BinaryIO, index: Index, options: ReadOptions) -> Iterator[R]:
        """The records that reach targets; see ``by_index``."""

    def dosages(self, rows: Sequence[Row[R]]) -> np.ndarray:
        """Dosages of rows, int8 (rows, samples); see ``Ploidy`` for the codes."""

    def check(self, record: R) -> None:
        """Check a record whose calls are not read."""

    def weight(self, record: R) -> int:
        """Bytes of a record that stay in memory until its block is made."""


class _TextContent:
    """Lines of VCF."""

    def __init__(self, body: Lines, name: str) -> None:
        self.header, self._body = read_header(body, name), body
        self._name, self._text = name, VcfText(name, len(self.header.samples))
        self.dosages, self.check = self._text.dosages, self._text.check

    def restart(self, pieces: Iterator[bytes]) -> None:
        self._body = Lines(_of_whole_lines(pieces, self._name), self._name)

    def records(self) -> Iterator[TextRecord]:
        return self._text.records(self._body.buffers(), self.header.lines + 1)

    def reaching(
        self, handle: BinaryIO, index: Index, options: ReadOptions
    ) -> Iterator[TextRecord]:
        def scan(number: int, offset: int) -> TextScan:
            return TextScan(handle, self._name, offset, index.names[number].encode(), self._text)

        if len(index.names) != len(index.contigs):
            raise NotByIndex(MISMATCH)
        for number in index.in_order():
            wanted = _wanted_on(index.names[number], options)
            yield from reaching(index.contigs[number], wanted, partial(scan, number))

    def weight(self, record: TextRecord) -> int:
        return record.stop - record.start


class _BcfContent:
    """Records of BCF."""

    def __init__(self, stream: BcfStream) -> None:
        self.header, self._stream = stream.header, stream

    def restart(self, pieces: Iterator[bytes]) -> None:
        self._stream.restart(pieces)

    def records(self) -> Iterator[Record]:
        return iter(self._stream)

    def reaching(self, handle: BinaryIO, index: Index, options: ReadOptions) -> Iterator[Record]:
        names, samples = self._stream.names, len(self.header.samples)

        def scan(number: int, offset: int) -> BcfScan:
            return BcfScan(handle, self._stream.name, offset, number, names, samples)

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


def _open(handle: BinaryIO, name: str) -> _Content[Any]:
    """The content of a file, its header read."""
    return _of(inflated(handle, name), name)


def _of(pieces: Iterator[bytes], name: str) -> _Content[Any]:
    """The content that comes in pieces, its header read."""
    first = start_of(pieces, len(BCF_START))
    if not first:
        raise InputUnreadable(f"{name} is empty", "Give a VCF file.")
    content = chain([first], pieces)
    if first.startswith(BCF_START):
        return _BcfContent(BcfStream(content, name))
    return _TextContent(Lines(content, name), name)


def _batches(
    rows: Iterable[Row[Any]], size: int, content: _Content[Any]
) -> Iterator[list[Row[Any]]]:
    """Rows in lists of at most ``size``, and of half a MiB of text."""
    batch: list[Row[Any]] = []
    weight, weigh = 0, content.weight
    for row in rows:
        batch.append(row)
        weight += weigh(row.record)
        if len(batch) == size or weight > TEXT_AT_ONCE:
            yield batch
            batch, weight = [], 0
    if batch:
        yield batch
