"""Blocks of a BGZF file, each checked as it is read (SAM specification, section 4.1)."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module
from typing import Any, Protocol

from ...errors import InputUnreadable

BLOCK_START = b"\x1f\x8b\x08\x04"
_EXTRA = b"\x06\x00BC\x02\x00"
_HEADER = struct.Struct("<4s6x6sH")
HEADER_BYTES = _HEADER.size

_MAX_CONTENT = 1 << 16
_COPY_AGAIN = "Copy or download it again; `gzip -t` tests a copy."


def _isal() -> Any:
    """ISA-L, which inflates three times as fast as zlib; None where there is no wheel of it."""
    try:
        return import_module("isal.isal_zlib")
    except ImportError:
        return None


isal_zlib = _isal()


class _Member(Protocol):
    """A decompressor of zlib or of ISA-L."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


def is_bgzf(start: bytes) -> bool:
    """Whether a file with these first 18 bytes or more is BGZF."""
    return start.startswith(BLOCK_START) and start[10:16] == _EXTRA


class BgzfBlocks:
    """The content of each block, at most 64 KiB, from the bytes of a file in pieces.

    Parameters
    ----------
    pieces : iterator of bytes
    name : str
        Of the file, for messages.
    start : int
        Where the pieces start in the file.

    Raises
    ------
    InputUnreadable
        If a block is damaged or cut off, anything lies between blocks, or the last block is not
        the empty one that marks the end of a file; the message gives the block's first byte.
    """

    def __init__(self, pieces: Iterator[bytes], name: str, start: int = 0) -> None:
        self._pieces, self._name = pieces, name
        self.end = start
        """Of the block that was given last, in the file."""

    def __iter__(self) -> Iterator[bytes]:
        held, content, name = b"", b"", self._name
        for piece in self._pieces:
            held += piece
            at, before = 0, self.end
            while size := _block_bytes(held, at, before, name):
                content = _content(held[at : at + size], before + at, name)
                at += size
                self.end = before + at
                yield content
            held = held[at:]
        if held:
            raise InputUnreadable(
                f"{name} is cut short: its BGZF block at byte {self.end:,} is not whole",
                _COPY_AGAIN,
            )
        if content:
            raise InputUnreadable(
                f"{name} is cut short: its end-of-file mark is missing", _COPY_AGAIN
            )


def _block_bytes(held: bytes, at: int, before: int, name: str) -> int:
    """Length of the block at ``at``; 0 if it is not yet held as a whole."""
    if len(held) - at < HEADER_BYTES:
        return 0
    start, extra, last = _HEADER.unpack_from(held, at)
    if start != BLOCK_START or extra != _EXTRA:
        raise _damaged(name, before + at, "no block starts there")
    return last + 1 if len(held) - at > last else 0


def _content(block: bytes, at: int, name: str) -> bytes:
    """The content of a block; where ISA-L does not read it, zlib says what is wrong."""
    if isal_zlib is not None:
        with suppress(isal_zlib.error):
            if (content := _inflated(isal_zlib.decompressobj(wbits=31), block)) is not None:
                return content
    try:
        content = _inflated(zlib.decompressobj(wbits=31), block)
    except zlib.error as error:
        raise _damaged(name, at, str(error)) from error
    if content is None:
        raise _damaged(name, at, "its length is wrong")
    return content


def _inflated(member: _Member, block: bytes) -> bytes | None:
    """The content of a gzip member; None if it is not all of the block, or too long."""
    content = member.decompress(block, _MAX_CONTENT + 1)
    whole = member.eof and not member.unused_data and len(content) <= _MAX_CONTENT
    return content if whole else None


def _damaged(name: str, at: int, why: str) -> InputUnreadable:
    return InputUnreadable(
        f"{name} is damaged in the compressed block at byte {at:,}: {why}", _COPY_AGAIN
    )


def content_between(
    pieces: Iterator[bytes], name: str, start: int, stop: int | None
) -> Iterator[bytes]:
    """The content between two virtual offsets; all from the first one on if there is no other.

    Parameters
    ----------
    pieces : iterator of bytes
        The file from the block on in which ``start`` lies.
    name : str
    start, stop : int

    Raises
    ------
    InputUnreadable
        See ``BgzfBlocks``, or if no block starts where an offset says.
    """
    blocks = BgzfBlocks(pieces, name, start >> 16)
    at, first = start >> 16, start & 0xFFFF
    for content in blocks:
        if stop is not None and at >= stop >> 16:
            if at > stop >> 16 or stop & 0xFFFF > len(content):
                break
            yield content[first : stop & 0xFFFF]
            return
        yield content[first:]
        at, first = blocks.end, 0
    if stop is not None:
        raise _damaged(name, stop >> 16, "no block starts there")
