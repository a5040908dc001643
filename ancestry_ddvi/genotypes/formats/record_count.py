"""How many records a VCF or BCF has, extrapolated from its first ones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from .streams import inflated, open_bytes
from .vcf_header import BCF_START

CONTENT = 4 << 20
"""Bytes of content, decompressed, that are read; more until a record is whole."""

MAX_CONTENT = 64 << 20

_LENGTHS = 8


class RecordCount(NamedTuple):
    """A number of records, and whether all of them were counted."""

    records: int
    exact: bool


def count_records(path: Path) -> RecordCount | None:
    """The number of records of a VCF or BCF; None if it cannot be told.

    Records of a small file are counted. Of others the size on disk is divided by that of the first
    records.

    Parameters
    ----------
    path : Path
        A regular file.

    Raises
    ------
    InputUnreadable
        If the compressed data are damaged.
    """
    found = _first(path)
    records, header = _count(found.content)
    if found.read is None:
        return RecordCount(records, exact=True)
    if not records:
        return None
    each = found.read * (1 - header / len(found.content)) / records
    return RecordCount(records + round((path.stat().st_size - found.read) / each), exact=False)


class _First(NamedTuple):
    """The first bytes of a file, decompressed, and how many were read for them; None for all."""

    content: bytearray
    read: int | None


def _first(path: Path) -> _First:
    content, before = bytearray(), 0
    with open_bytes(str(path)) as handle:
        for piece in inflated(handle, str(path)):
            if handle.tell() != before:  # what was inflated is all that had been read
                enough = len(content) >= CONTENT and _count(content)[0] > 0
                if enough or len(content) > MAX_CONTENT:
                    return _First(content, before)
                before = handle.tell()
            content += piece
    return _First(content, None)


def _count(content: bytearray) -> tuple[int, int]:
    """Records in the first bytes of a file, and the size of its header."""
    count: Callable[[bytearray], tuple[int, int]]
    count = _count_bcf if content.startswith(BCF_START) else _count_lines
    return count(content)


def _count_lines(content: bytearray) -> tuple[int, int]:
    header = 0
    while content.startswith(b"#", header) and (end := content.find(b"\n", header)) >= 0:
        header = end + 1
    if content.startswith(b"#", header):
        return 0, len(content)
    lines = content.count(b"\n", header)
    cut_off = len(content) > header and not content.endswith(b"\n")
    return lines + cut_off, header


def _count_bcf(content: bytearray) -> tuple[int, int]:
    text = len(BCF_START) + 1
    header = place = text + 4 + int.from_bytes(content[text : text + 4], "little")
    records = 0
    while place + _LENGTHS <= len(content):
        lengths = (content[place : place + 4], content[place + 4 : place + _LENGTHS])
        place += _LENGTHS + sum(int.from_bytes(length, "little") for length in lengths)
        records += 1
    return records, header
