"""Bytes and lines of files, decompressed and checked for truncation and damage."""

from __future__ import annotations

import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from ...errors import InputUnreadable

STANDARD_INPUT = "-"
GZIP_MAGIC = b"\x1f\x8b"

_READ = 1 << 16
_BGZF_START = b"\x1f\x8b\x08\x04"
_BGZF_EXTRA = b"\x06\x00BC\x02\x00"
_BGZF_HEADER = 18
_BGZF_END = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")
_COPY_AGAIN = "Copy or download it again; `gzip -t` tests a copy."


def display_name(path: str) -> str:
    """The path as it is shown in messages."""
    return "standard input" if path == STANDARD_INPUT else path


def open_bytes(path: str) -> BinaryIO:
    """The file, or standard input for "-", opened for reading bytes.

    Raises
    ------
    InputUnreadable
        If it cannot be opened.
    """
    if path == STANDARD_INPUT:
        return sys.stdin.buffer
    try:
        return Path(path).open("rb")
    except OSError as error:
        raise InputUnreadable(
            f"{path} cannot be opened: {error.strerror}", "Check the path and its permissions."
        ) from error


def inflated(handle: BinaryIO, name: str) -> Iterator[bytes]:
    """Pieces of the content, decompressed if it is gzip or BGZF.

    Raises
    ------
    InputUnreadable
        If the compressed data are damaged or end too early.
    """
    try:
        piece = handle.read(_READ)
        if piece.startswith(GZIP_MAGIC):
            yield from _Members(handle, name).pieces(piece)
            return
        while piece:
            yield piece
            piece = handle.read(_READ)
    except OSError as error:
        raise InputUnreadable(
            f"{name} cannot be read to its end: {error.strerror}", "Check the disk."
        ) from error


def start_of(pieces: Iterator[bytes], size: int) -> bytes:
    """The next ``size`` bytes or more; fewer where there are no more."""
    start = b""
    while len(start) < size and (piece := next(pieces, None)) is not None:
        start += piece
    return start


class _Members:
    """The members of a gzip or BGZF file, one after the other."""

    def __init__(self, handle: BinaryIO, name: str) -> None:
        self._handle, self._name = handle, name
        self._start = 0
        """Where the member begins, in bytes from the start of the file."""

    def pieces(self, piece: bytes) -> Iterator[bytes]:
        """The content of all members; ``piece`` has been read of the first."""
        while piece:
            if not piece.startswith(GZIP_MAGIC):
                raise self._damaged("no gzip header")
            size = self._block_size(piece)
            done, empty = 0, True
            member = zlib.decompressobj(wbits=31)
            while piece and not member.eof:
                content = self._next(member, piece)
                yield content
                done, empty = done + len(piece), empty and not content
                piece = member.unused_data or self._handle.read(_READ)
            if not member.eof:
                raise InputUnreadable(
                    f"{self._name} is cut short: its compressed data do not end", _COPY_AGAIN
                )
            done -= len(member.unused_data)
            if size and size != done:
                raise self._damaged(f"a BGZF block of {done:,} bytes that states {size:,}")
            self._start += done
            piece = self._header(piece)
        if size and not empty:
            raise _without_end(self._name)

    def _next(self, member: zlib._Decompress, piece: bytes) -> bytes:
        try:
            return member.decompress(piece)
        except zlib.error as error:
            raise self._damaged(str(error)) from error

    def _header(self, piece: bytes) -> bytes:
        """The piece, with more read until the header of a member is in it."""
        while 0 < len(piece) < _BGZF_HEADER and (more := self._handle.read(_READ)):
            piece += more
        return piece

    def _block_size(self, piece: bytes) -> int:
        """The size that a BGZF block states (SAM specification, section 4.1); 0 for gzip."""
        if not piece.startswith(_BGZF_START) or piece[10:16] != _BGZF_EXTRA:
            return 0
        return int.from_bytes(piece[16:18], "little") + 1

    def _damaged(self, why: str) -> InputUnreadable:
        return InputUnreadable(
            f"{self._name} is damaged in the compressed block at byte {self._start:,}: {why}",
            _COPY_AGAIN,
        )


def lines(pieces: Iterator[bytes], name: str) -> Iterator[bytes]:
    r"""Lines with their "\n" or "\r\n" removed; a last line without one keeps a "\0" instead.

    The mark distinguishes a line that may have been cut off from one that is whole.

    Raises
    ------
    InputUnreadable
        If a zero byte is in the text.
    """
    held: list[bytes] = []
    before = 0
    for piece in pieces:
        if b"\0" in piece:
            number = before + piece[: piece.index(b"\0")].count(b"\n") + 1
            raise InputUnreadable(
                f"{name}, line {number}: a zero byte, which text does not have",
                "Copy the file again; it is damaged.",
            )
        *whole, rest = piece.split(b"\n")
        if whole:
            before += len(whole)
            whole[0] = b"".join([*held, whole[0]])
            held.clear()
        for line in whole:
            yield line[:-1] if line.endswith(b"\r") else line
        held.append(rest)
    if rest := b"".join(held):
        yield rest + b"\0"


def check_bgzf_end(path: Path) -> None:
    """Check that a BGZF file ends with an empty block; without it the file was cut.

    Raises
    ------
    InputUnreadable
        If the file is BGZF and its last block is not empty.
    """
    with open_bytes(str(path)) as handle:
        if not handle.read(_BGZF_HEADER)[10:].startswith(_BGZF_EXTRA):
            return
        handle.seek(max(0, path.stat().st_size - len(_BGZF_END)))
        if handle.read() != _BGZF_END:
            raise _without_end(str(path))


def _without_end(name: str) -> InputUnreadable:
    return InputUnreadable(f"{name} is cut short: its end-of-file mark is missing", _COPY_AGAIN)
