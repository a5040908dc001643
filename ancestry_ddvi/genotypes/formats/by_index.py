"""The records of an indexed VCF or BCF that reach given positions; the others are passed over.

Text and BCF are read on from where the index leads, and only where the next position is further
away than what was read is there another jump. Where many positions are asked for, this is one pass
over the file, in which the lines and lengths of records alone are looked at.
"""

from __future__ import annotations

import struct
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import BinaryIO, Generic, NamedTuple, Protocol, TypeVar

import numpy as np

from .bcf import BcfContent
from .bcf_header import BcfNames
from .bcf_record import BcfRecord, decode
from .bcf_values import Damage
from .bgzf import BgzfBlocks
from .index import NOWHERE, IndexedContig
from .streams import Lines, pieces_of
from .vcf_text import TextRecord, VcfText

_NEAR = 1 << 16
"""Bytes of the file; what is nearer is not jumped to but read."""

_FIRST, _MOST = 1 << 16, 1 << 19
"""Bytes of content that are looked at together after a jump, and later."""

_TABS = 9
_INFO, _REF = 7, 3
_DIGITS = 10
_END = np.frombuffer(b"END=", "<u4")[0]
_TAB, _NEWLINE, _SEMICOLON, _RETURN, _ZERO = b"\t\n;\r0"
_LENGTHS = struct.Struct("<IIiii")
_RECORD = struct.Struct("<II")
_LENGTH_BYTES, _MIN_SHARED = _RECORD.size, 24

R = TypeVar("R")


MISMATCH = "does not belong to it"
UNLIKE = "leads to lines that are not as they should be"


class NotByIndex(Exception):
    """Why a file cannot be read by its index, and has to be read as a whole."""


@dataclass(frozen=True)
class Wanted:
    """What is asked for on a contig.

    Attributes
    ----------
    positions : ndarray of int64
        Ascending, the last ``NOWHERE``.
    beyond : int
        Records that reach further than this are all asked for.
    """

    positions: np.ndarray
    beyond: int = NOWHERE

    @classmethod
    def of(cls, positions: Sequence[np.ndarray], beyond: int = NOWHERE) -> Wanted:
        """What is asked for in several arrays of positions."""
        return cls(np.unique(np.concatenate([*positions, [NOWHERE]])).astype(np.int64), beyond)

    @cached_property
    def listed(self) -> list[int]:
        """``positions`` as a list."""
        found: list[int] = self.positions.tolist()
        return found

    def next(self, position: int) -> int:
        """The first position that is asked for, from one on."""
        point = int(self.positions[np.searchsorted(self.positions, position)])
        return min(point, max(self.beyond + 1, position))


class Found(NamedTuple, Generic[R]):
    """Records that reach what is asked for, and the last position that was looked at.

    ``last`` is None where the contig ends.
    """

    records: list[R]
    last: int | None


class Scan(Protocol[R]):
    """Content of a contig from a virtual offset on."""

    @property
    def end(self) -> int:
        """Where in the file what was read ends."""

    def first(self) -> int | None:
        """The position of the first record; None if it is of another contig."""

    def next(self, wanted: Wanted) -> Found[R]:
        """Look at some more records."""


def reaching(
    contig: IndexedContig, wanted: Wanted, open_at: Callable[[int], Scan[R]]
) -> Iterator[R]:
    """The records of a contig that reach what is asked for, each once and in file order.

    Parameters
    ----------
    contig : IndexedContig
    wanted : Wanted
    open_at : callable
        From a virtual offset to what lies there.

    Raises
    ------
    NotByIndex
        If the index does not belong to the file.
    """
    scan: Scan[R] | None = None
    last = 0
    while (position := wanted.next(last)) < NOWHERE:
        offset, latest = contig.start(position)
        if scan is None or offset >> 16 > scan.end + _NEAR:
            scan = open_at(offset)
            first = scan.first()
            if first is None or first > latest:
                raise NotByIndex(MISMATCH)
        found = scan.next(wanted)
        yield from found.records
        if found.last is None:
            return
        last = found.last


def _content(blocks: BgzfBlocks, skipped: int, before: int | None = None) -> Iterator[bytes]:
    """The content of blocks, its first bytes left out, the last of which has to be ``before``."""
    for piece in blocks:
        if skipped > len(piece) or (skipped and before not in (None, piece[skipped - 1])):
            raise NotByIndex(MISMATCH)
        yield piece[skipped:]
        skipped = 0


def _blocks(handle: BinaryIO, name: str, start: int) -> BgzfBlocks:
    """The blocks of a file from a byte on."""
    handle.seek(start)
    return BgzfBlocks(pieces_of(handle, name), name, start)


class TextScan:
    """Lines of VCF; see ``Scan``.

    Parameters
    ----------
    handle : file
    name : str
        Of the file, for messages.
    offset : int
        Virtual offset.
    contig : bytes
    text : VcfText
    """

    def __init__(
        self, handle: BinaryIO, name: str, offset: int, contig: bytes, text: VcfText
    ) -> None:
        self._blocks = _blocks(handle, name, offset >> 16)
        self._lines = Lines(_content(self._blocks, offset & 0xFFFF, _NEWLINE), name, _FIRST)
        self._contig, self._text = contig, text
        self._buffers = self._lines.buffers()
        self._held: bytes | None = next(self._buffers, None)

    @property
    def end(self) -> int:
        return self._blocks.end

    def first(self) -> int | None:
        """See ``Scan``."""
        columns = (self._held or b"").split(b"\t", 2)
        if len(columns) < 3 or columns[0] != self._contig or not columns[1].isdigit():
            return None
        return int(columns[1])

    def next(self, wanted: Wanted) -> Found[TextRecord]:
        """See ``Scan``."""
        text, self._held = self._held or next(self._buffers, None), None
        self._lines.size = min(2 * self._lines.size, _MOST)
        if text is None:
            return Found([], None)
        lines = _Lines.of(text, self._contig)
        if not len(lines.position):
            return Found([], None)
        rows = _chosen(lines.position, lines.end, wanted)
        places = zip(lines.start[rows].tolist(), lines.stop[rows].tolist(), strict=True)
        records = [
            TextRecord(self._text, 0, text, start, stop - (text[stop - 1] == _RETURN))
            for start, stop in places
        ]
        return Found(records, None if lines.is_last else int(lines.position[-1]))


def _chosen(position: np.ndarray, end: np.ndarray, wanted: Wanted) -> np.ndarray:
    """Records from ``position`` to ``end`` that reach what is asked for, as row numbers."""
    following = wanted.positions[np.searchsorted(wanted.positions, position)]
    return np.flatnonzero((end >= following) | (end > wanted.beyond))


@dataclass(frozen=True)
class _Lines:
    """Where the lines of a contig are, and which positions they reach.

    Attributes
    ----------
    start, stop : ndarray of int64
        In the text; without the newline.
    position, end : ndarray of int64
        ``end`` is the last base of REF, or INFO END where that is further.
    is_last : bool
        Whether lines of another contig follow.
    """

    start: np.ndarray
    stop: np.ndarray
    position: np.ndarray
    end: np.ndarray
    is_last: bool

    @classmethod
    def of(cls, text: bytes, contig: bytes) -> _Lines:
        """The lines in a text that are of a contig.

        Raises
        ------
        NotByIndex
            If a line is malformed or positions descend; reading it all tells the line.
        """
        if not text.endswith(b"\n") or b"\0" in text:
            raise NotByIndex(UNLIKE)
        letters = np.frombuffer(text, np.uint8)
        breaks = np.flatnonzero((letters - np.uint8(_TAB)) < 2)
        last = np.flatnonzero(letters[breaks] == _NEWLINE)
        stop = breaks[last]
        start = np.concatenate([[0], stop[:-1] + 1])
        number = _of_contig(text, start, contig)
        first = np.concatenate([[0], last[:-1] + 1])[:number]
        if (last[:number] - first < _TABS).any():
            raise NotByIndex(UNLIKE)
        tabs = [breaks[first + i] for i in range(_TABS)]
        position = _numbers(letters, tabs[0] + 1, tabs[1])
        if (np.diff(position) < 0).any():
            raise NotByIndex(UNLIKE)
        end = position + tabs[_REF] - tabs[_REF - 1] - 2
        if b"END=" in text:
            _extend(end, text, start[:number], tabs[_INFO - 1], tabs[_INFO])
        return cls(start[:number], stop[:number], position, end, number < len(start))


def _of_contig(text: bytes, start: np.ndarray, contig: bytes) -> int:
    """How many of the first lines are of a contig."""
    name = contig + b"\t"
    if text.startswith(name, int(start[-1])) and text.startswith(name):
        return len(start)
    others = (i for i, at in enumerate(start.tolist()) if not text.startswith(name, at))
    return next(others, len(start))


def _numbers(letters: np.ndarray, start: np.ndarray, stop: np.ndarray) -> np.ndarray:
    """The whole numbers that are written in some places; int64.

    Raises
    ------
    NotByIndex
        If anything else is written there.
    """
    length = stop - start
    numbers = np.zeros(len(start), np.int64)
    if len(start) and not 0 < length.min() <= length.max() <= _DIGITS:
        raise NotByIndex(UNLIKE)
    for i in range(int(length.max(initial=0))):
        there = length > i
        digits = letters[stop - 1 - np.minimum(i, length - 1)] - np.uint8(_ZERO)
        if (digits > 9).any():
            raise NotByIndex(UNLIKE)
        numbers += np.where(there, digits, 0).astype(np.int64) * 10**i
    return numbers


def _extend(
    end: np.ndarray, text: bytes, start: np.ndarray, info: np.ndarray, form: np.ndarray
) -> None:
    """Raise ``end`` of lines to their INFO END, in place.

    Parameters
    ----------
    end : ndarray of int64, (lines,)
    text : bytes
    start, info, form : ndarray of int64, (lines,)
        Where the lines start, and the tabs before and behind INFO.
    """
    fours = (np.frombuffer(text, "<u4", (len(text) - i) // 4, i) for i in range(4))
    at = np.concatenate([np.flatnonzero(words == _END) * 4 + i for i, words in enumerate(fours)])
    letters = np.frombuffer(text, np.uint8)
    line = np.searchsorted(start, at, side="right") - 1
    is_info = (at > info[line]) & (at < form[line])
    is_info &= (letters[at - 1] == _TAB) | (letters[at - 1] == _SEMICOLON)
    at, line = at[is_info] + 4, line[is_info]
    value, open_ = np.zeros(len(at), np.int64), np.ones(len(at), bool)
    for i in range(_DIGITS):
        digits = letters[np.minimum(at + i, len(letters) - 1)] - np.uint8(_ZERO)
        open_ &= digits <= 9
        value = np.where(open_, 10 * value + digits, value)
    np.maximum.at(end, line, value)


class BcfScan:
    """Records of BCF; see ``Scan``.

    Parameters
    ----------
    handle : file
    name : str
        Of the file, for messages.
    offset : int
        Virtual offset.
    contig : int
        Its number.
    names : BcfNames
    samples : int
    """

    def __init__(
        self, handle: BinaryIO, name: str, offset: int, contig: int, names: BcfNames, samples: int
    ) -> None:
        self._blocks = _blocks(handle, name, offset >> 16)
        self._content = BcfContent(_content(self._blocks, offset & 0xFFFF))
        self._contig, self._names, self._samples = contig, names, samples
        self._size, self._last = _FIRST, 0

    @property
    def end(self) -> int:
        return self._blocks.end

    def first(self) -> int | None:
        """See ``Scan``."""
        if not self._content.holds(_LENGTHS.size):
            return None
        shared, _, contig, position, _ = _LENGTHS.unpack_from(self._content.held, self._content.at)
        is_record = contig == self._contig and shared >= _MIN_SHARED
        return int(position) + 1 if is_record else None

    def next(self, wanted: Wanted) -> Found[BcfRecord]:
        """See ``Scan``."""
        content = self._content
        if not content.holds(1):
            return Found([], None)
        content.holds(max(self._size, self._next_size()))
        self._size = min(2 * self._size, _MOST)
        places, is_last = self._places(wanted)
        names, samples = self._names, self._samples
        try:
            records = [decode(content.held, *place, names, samples) for place in places]
        except Damage as error:
            raise NotByIndex(UNLIKE) from error
        return Found(records, None if is_last else self._last)

    def _next_size(self) -> int:
        """Bytes of the next record, if it can be told."""
        content = self._content
        if not content.holds(_LENGTH_BYTES):
            return 0
        shared, fields = _RECORD.unpack_from(content.held, content.at)
        return _LENGTH_BYTES + int(shared) + int(fields)

    def _places(self, wanted: Wanted) -> tuple[list[tuple[int, int, int]], bool]:
        """Where records that are asked for start, where their FORMAT does, and where they stop.

        And whether a record of another contig follows. One record at least is passed over.
        """
        content, contig, last, beyond = self._content, self._contig, self._last, wanted.beyond
        held, at, positions = content.held, content.at, wanted.listed
        following = bisect_left(positions, last)
        places, is_last, size = [], False, len(held)
        while at + _LENGTHS.size <= size:
            shared, fields, number, position, length = _LENGTHS.unpack_from(held, at)
            middle = at + _LENGTH_BYTES + shared
            stop = middle + fields
            position += 1
            if number != contig or stop > size:
                is_last = number != contig
                break
            if position < last or shared < _MIN_SHARED:
                raise NotByIndex(UNLIKE)
            while positions[following] < position:
                following += 1
            end = max(position, position + length - 1)
            if end >= positions[following] or end > beyond:
                places.append((at + _LENGTH_BYTES, middle, stop))
            at, last = stop, position
        if at == content.at and not is_last:
            raise NotByIndex(UNLIKE)
        content.at, self._last = at, last
        return places, is_last
