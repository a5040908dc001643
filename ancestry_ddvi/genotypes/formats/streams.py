"""Bytes and lines of files, decompressed and checked for truncation."""

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
_BGZF_EXTRA = b"BC\x02\x00"
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
            yield from _gunzipped(handle, piece, name)
            return
        while piece:
            yield piece
            piece = handle.read(_READ)
    except OSError as error:
        raise InputUnreadable(
            f"{name} cannot be read to its end: {error.strerror}", "Check the disk."
        ) from error


def _gunzipped(handle: BinaryIO, piece: bytes, name: str) -> Iterator[bytes]:
    member = zlib.decompressobj(wbits=31)
    try:
        while piece:
            yield member.decompress(piece)
            piece = member.unused_data or handle.read(_READ)
            if member.eof and piece:
                member = zlib.decompressobj(wbits=31)
    except zlib.error as error:
        raise InputUnreadable(f"{name} is damaged: {error}", _COPY_AGAIN) from error
    if not member.eof:
        raise InputUnreadable(f"{name} is cut short: its compressed data do not end", _COPY_AGAIN)


def lines(pieces: Iterator[bytes]) -> Iterator[bytes]:
    r"""Lines with their "\n" or "\r\n" removed; a last line without one keeps a "\0" instead.

    The mark distinguishes a line that may have been cut off from one that is whole.
    """
    held: list[bytes] = []
    for piece in pieces:
        *whole, rest = piece.split(b"\n")
        if whole:
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
        if _BGZF_EXTRA not in handle.read(18)[12:]:
            return
        handle.seek(max(0, path.stat().st_size - len(_BGZF_END)))
        if handle.read() != _BGZF_END:
            raise InputUnreadable(
                f"{path} is cut short: its end-of-file mark is missing", _COPY_AGAIN
            )
