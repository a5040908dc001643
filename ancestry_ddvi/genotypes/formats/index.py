"""Indexes of VCF and BCF files: .tbi and .csi, made by tabix and bcftools.

https://samtools.github.io/hts-specs/tabix.pdf, https://samtools.github.io/hts-specs/CSIv1.pdf
"""

from __future__ import annotations

import logging
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ...errors import InputUnreadable
from .streams import inflated, is_bgzf_file, open_bytes

log = logging.getLogger(__name__)

NOWHERE = 2**62
"""Beyond all positions."""

SUFFIXES = (".csi", ".tbi")
"""Of the names of indexes; of two the newer one is used."""

MIN_BYTES = 1 << 22
"""Smaller files are read as a whole, which takes a second."""

_TBI, _CSI = b"TBI\x01", b"CSI\x01"
_TBI_SHIFT, _TBI_DEPTH = 14, 5
_MAX_SHIFT, _MAX_DEPTH = 30, 10
"""More than any index has; what claims more is damaged."""

_NAMES_AT = 24
"""Where the length of the names is in the part of an index that describes a text."""

_LAST_BYTES = (1 << 16) + 28
"""Most bytes of the last block and the mark of the end."""

_INT = struct.Struct("<i")
_TBI_BIN, _CSI_BIN = struct.Struct("<Ii"), struct.Struct("<IQi")
_COUNTS = struct.Struct("<4Q")
_CHUNK_BYTES = 16


@dataclass(frozen=True)
class IndexedContig:
    """Where the records of a contig are.

    Attributes
    ----------
    windows : ndarray of int64
        Ascending positions, from 0.
    offsets : ndarray of uint64
        For each, the virtual offset of the first record that reaches this or a later position.
    records : int, optional
        Their number, if the index has it.
    end : int, optional
        The virtual offset at which they end, if the index has it.
    """

    windows: np.ndarray
    offsets: np.ndarray
    records: int | None
    end: int | None

    def start(self, position: int) -> tuple[int, int]:
        """Where to read from for a position, which counts from 1.

        Returns
        -------
        offset : int
            No record before this virtual offset reaches the position.
        latest : int
            The record there starts at this position or before it, as it does not reach the next
            window.
        """
        window = max(0, int(np.searchsorted(self.windows, position - 1, side="right")) - 1)
        offset = self.offsets[window]
        beyond = self.windows[np.searchsorted(self.offsets, offset, side="right") :]
        return int(offset), int(beyond[0]) if len(beyond) else NOWHERE


@dataclass(frozen=True)
class Index:
    """An index of a VCF or BCF.

    Attributes
    ----------
    path : Path
    names : tuple of str
        Of the contigs, as the text has them; empty for BCF, where the header has them.
    contigs : tuple of IndexedContig
    """

    path: Path
    names: tuple[str, ...]
    contigs: tuple[IndexedContig, ...]

    @property
    def records(self) -> int | None:
        """Records in the file, if the index has their number."""
        numbers = [contig.records for contig in self.contigs if len(contig.offsets)]
        known = [number for number in numbers if number is not None]
        return sum(known) if len(known) == len(numbers) else None

    def fits(self, size: int) -> bool:
        """Whether the records may end where a file of so many bytes does, as far as it is known."""
        ends = [contig.end for contig in self.contigs if contig.end is not None]
        return not ends or 0 <= size - (max(ends) >> 16) <= _LAST_BYTES

    def in_order(self) -> list[int]:
        """The numbers of contigs with records, in the order of the file."""
        there = [i for i, contig in enumerate(self.contigs) if len(contig.offsets)]
        return sorted(there, key=lambda i: int(self.contigs[i].offsets[0]))


def parts_of(path: Path, index: Index, size: int) -> list[tuple[int, int | None]]:
    """Virtual offsets between which about ``size`` bytes of a file lie; the last part is open."""
    offsets = np.unique(np.concatenate([contig.offsets for contig in index.contigs]))
    blocks = (offsets >> np.uint64(16)).astype(np.int64)
    rows = np.searchsorted(blocks, np.arange(size, path.stat().st_size, size))
    edges = [0, *(int(offsets[row]) for row in np.unique(rows[rows < len(offsets)]))]
    return list(zip(edges, [*edges[1:], None], strict=True))


def usable_index(path: Path) -> Index | None:
    """The index beside a large BGZF file.

    None if there is none, or, with a warning, if it is damaged, older than the file, or of another
    size of it.
    """
    there = [found for end in SUFFIXES if (found := Path(f"{path}{end}")).is_file()]
    if not there or path.stat().st_size < MIN_BYTES or not is_bgzf_file(path):
        return None
    newest = max(there, key=lambda found: found.stat().st_mtime_ns)
    if newest.stat().st_mtime_ns < path.stat().st_mtime_ns:
        log.warning(
            "%s is older than %s and is not used: all records are read. Make it again with "
            "`bcftools index -f`.", newest, path,
        )  # fmt: skip
        return None
    try:
        index = read_index(newest)
    except InputUnreadable as error:
        log.warning("%s and is not used: all records are read.", error.problem)
        return None
    if not index.fits(path.stat().st_size):
        log.warning(
            "%s is not the index of %s as it is and is not used: all records are read. Make it "
            "again with `bcftools index -f`.", newest, path,
        )  # fmt: skip
        return None
    return index


def read_index(path: Path) -> Index:
    """Read an index.

    Raises
    ------
    InputUnreadable
        If it is damaged.
    """
    with open_bytes(str(path)) as handle:
        content = b"".join(inflated(handle, str(path)))
    try:
        if content.startswith(_TBI):
            return _read_tbi(path, content)
        if content.startswith(_CSI):
            return _read_csi(path, content)
    except (struct.error, ValueError, IndexError) as error:
        raise _damaged(path) from error
    raise _damaged(path)


def _damaged(path: Path) -> InputUnreadable:
    return InputUnreadable(f"{path} is damaged", "Make it again with `bcftools index -f`.")


def _read_tbi(path: Path, content: bytes) -> Index:
    (contigs,) = _INT.unpack_from(content, 4)
    names, at = _names(content, 8)
    found = []
    for _ in range(contigs):
        bins, at = _bins(content, at, _TBI_BIN, _pseudo_bin(_TBI_DEPTH))
        (windows,) = _INT.unpack_from(content, at)
        if windows < 0:
            raise ValueError
        offsets = np.frombuffer(content, "<u8", windows, at + 4)
        at += 4 + 8 * windows
        starts = np.arange(windows, dtype=np.int64) << _TBI_SHIFT
        found.append(_contig(starts, offsets, bins))
    return Index(path, names, tuple(found))


def _read_csi(path: Path, content: bytes) -> Index:
    shift, depth, described = struct.unpack_from("<iii", content, 4)
    if not (0 <= shift <= _MAX_SHIFT and 0 <= depth <= _MAX_DEPTH and described >= 0):
        raise ValueError
    at = 16 + described
    names = _names(content, 16)[0] if described > _NAMES_AT else ()
    (contigs,) = _INT.unpack_from(content, at)
    at += 4
    found = []
    for _ in range(contigs):
        bins, at = _bins(content, at, _CSI_BIN, _pseudo_bin(depth))
        starts = _bin_starts(np.array(bins.numbers, np.int64), shift, depth)
        offsets = np.array(bins.offsets, np.uint64)
        order = np.lexsort((offsets, starts))
        found.append(_contig(starts[order], offsets[order], bins))
    return Index(path, names, tuple(found))


def _contig(starts: np.ndarray, offsets: np.ndarray, bins: _Bins) -> IndexedContig:
    """Windows before the first record may have the offset 0."""
    there = offsets > 0
    return IndexedContig(starts[there], offsets[there], bins.records, bins.end)


def _names(content: bytes, at: int) -> tuple[tuple[str, ...], int]:
    """The names of the contigs, and where they end; the description of the text is at ``at``."""
    (size,) = _INT.unpack_from(content, at + _NAMES_AT)
    start = at + _NAMES_AT + 4
    words = content[start : start + size].split(b"\0")[:-1]
    return tuple(word.decode() for word in words), start + size


class _Bins(NamedTuple):
    """The bins of a contig: their numbers, and their smallest offsets in .csi; its records."""

    numbers: list[int]
    offsets: list[int]
    records: int | None
    end: int | None


def _bins(content: bytes, at: int, layout: struct.Struct, pseudo: int) -> tuple[_Bins, int]:
    """The bins at ``at``, and where they end; the one with number ``pseudo`` has counts."""
    (number,) = _INT.unpack_from(content, at)
    at += 4
    numbers, offsets, records, end = [], [], None, None
    for _ in range(number):
        name, *offset, chunks = layout.unpack_from(content, at)
        at += layout.size
        if chunks < 0:
            raise ValueError
        if name == pseudo and chunks > 1:
            _, end, *counts = _COUNTS.unpack_from(content, at)
            records = sum(counts)
        elif name != pseudo:
            numbers.append(name)
            offsets += offset
        at += _CHUNK_BYTES * chunks
    return _Bins(numbers, offsets, records, end), at


def _pseudo_bin(depth: int) -> int:
    """The number of the bin that holds counts of records instead of chunks."""
    return ((1 << 3 * (depth + 1)) - 1) // 7 + 1


def _bin_starts(numbers: np.ndarray, shift: int, depth: int) -> np.ndarray:
    """The first position of each bin, from 0."""
    first = ((1 << 3 * np.arange(depth + 1)) - 1) // 7
    level = np.searchsorted(first, numbers, side="right") - 1
    starts: np.ndarray = (numbers - first[level]) << (shift + 3 * (depth - level))
    return starts
