"""Bytes and lines of files, decompressed and checked for truncation and damage."""

from __future__ import annotations

import sys
import zlib
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from ...errors import InputUnreadable
from .bgzf import HEADER_BYTES, BgzfBlocks, is_bgzf

STANDARD_INPUT = "-"
GZIP_MAGIC = b"\x1f\x8b"

TEXT_AT_ONCE = 1 << 19
"""Bytes in a block; text that fits the processor cache is read twice as fast."""

_READ = 1 << 16
_BGZF_END = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")
_COPY_AGAIN = "Copy or download it again; `gzip -t` tests a copy."


def display_name(path: str) -> str:
    """The path as it is shown in messages."""
    return "standard input" if path == STANDARD_INPUT else path


def is_pipe(path: str) -> bool:
    """Whether what a path leads to can be read only once."""
    return Path(path).exists() and not (Path(path).is_file() or Path(path).is_dir())


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
    pieces = pieces_of(handle, name)
    first = start_of(pieces, HEADER_BYTES)
    content = chain([first], pieces) if first else pieces
    if is_bgzf(first):
        yield from BgzfBlocks(content, name)
    elif first.startswith(GZIP_MAGIC):
        yield from _members(content, name)
    else:
        yield from content


def pieces_of(handle: BinaryIO, name: str) -> Iterator[bytes]:
    """The bytes of a file from where it stands, in pieces.

    Raises
    ------
    InputUnreadable
        If they cannot be read to the end.
    """
    try:
        while piece := handle.read(_READ):
            yield piece
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


def _members(pieces: Iterator[bytes], name: str) -> Iterator[bytes]:
    """The content of all members of a gzip file, one after the other."""
    start, done = 0, 0
    member = zlib.decompressobj(wbits=31)
    for piece in pieces:
        while piece:
            if member.eof:
                start, done, member = start + done, 0, zlib.decompressobj(wbits=31)
            try:
                yield member.decompress(piece)
            except zlib.error as error:
                raise InputUnreadable(
                    f"{name} is damaged in the compressed block at byte {start:,}: {error}",
                    _COPY_AGAIN,
                ) from error
            done += len(piece) - len(member.unused_data)
            piece = member.unused_data
    if not member.eof:
        raise InputUnreadable(f"{name} is cut short: its compressed data do not end", _COPY_AGAIN)


class Lines(Iterator[bytes]):
    r"""Lines of a text that is read once, with their "\n" or "\r\n" removed.

    Parameters
    ----------
    pieces : iterator of bytes
        The text.
    name : str
        Of the file, for messages.
    size : int
        Bytes that are held at least, if there are as many.
    """

    def __init__(self, pieces: Iterator[bytes], name: str, size: int = TEXT_AT_ONCE) -> None:
        self._pieces, self._name, self.size = pieces, name, size
        self._held, self._at, self._rest = b"", 0, b""
        self.number = 0
        """Of the line that was given last."""

    def __next__(self) -> bytes:
        if self._at == len(self._held) and not self._fill():
            raise StopIteration
        stop = self._held.find(b"\n", self._at)
        line = self._held[self._at : stop] if stop >= 0 else self._held[self._at :]
        self._at = stop + 1 if stop >= 0 else len(self._held)
        self.number += 1
        if b"\0" in line:
            raise zero_byte(self._name, self.number)
        return line[:-1] if stop >= 0 and line.endswith(b"\r") else line

    def ahead(self) -> bytes:
        """The next line, which is given again; empty at the end."""
        if self._at == len(self._held) and not self._fill():
            return b""
        stop = self._held.find(b"\n", self._at)
        return self._held[self._at : stop] if stop >= 0 else self._held[self._at :]

    def buffers(self) -> Iterator[bytes]:
        r"""All other lines as they are, ``size`` bytes or more at a time.

        Every buffer ends with "\n", but for the last if the text does not.
        """
        if self._at < len(self._held):
            yield self._held[self._at :]
        while self._fill():
            yield self._held

    def _fill(self) -> bool:
        """Hold the next lines; False if there are none."""
        parts, size = [self._rest], len(self._rest)
        self._rest, self._at = b"", 0
        for piece in self._pieces:
            size += len(piece)
            if size >= self.size and (end := piece.rfind(b"\n") + 1):
                parts.append(piece[:end])
                self._rest = piece[end:]
                break
            parts.append(piece)
        self._held = b"".join(parts)
        return bool(self._held)


def zero_byte(name: str, number: int) -> InputUnreadable:
    """The error for a line with a zero byte."""
    return InputUnreadable(
        f"{name}, line {number}: a zero byte, which text does not have",
        "Copy the file again; it is damaged.",
    )


def is_bgzf_file(path: Path) -> bool:
    """Whether a file starts with a BGZF block."""
    with open_bytes(str(path)) as handle:
        return is_bgzf(handle.read(HEADER_BYTES))


def check_bgzf_end(path: Path) -> None:
    """Check that a BGZF file ends with an empty block; without it the file was cut.

    Raises
    ------
    InputUnreadable
        If the file is BGZF and its last block is not empty.
    """
    if not is_bgzf_file(path):
        return
    with open_bytes(str(path)) as handle:
        handle.seek(max(0, path.stat().st_size - len(_BGZF_END)))
        if handle.read() != _BGZF_END:
            raise InputUnreadable(
                f"{path} is cut short: its end-of-file mark is missing", _COPY_AGAIN
            )
