"""Four genotypes to the byte, as in a PLINK 1 .bed file with ALT as its first allele.

Codes, least significant pair first: 00 two copies of ALT, 01 missing, 10 one copy, 11 none.
https://www.cog-genomics.org/plink/1.9/formats#bed
"""

from __future__ import annotations

import mmap
from pathlib import Path
from typing import Any

import numpy as np

from ..variants import MISSING

CODE_TO_DOSAGE = np.array([2, MISSING, 1, 0], np.int8)

_BYTES = np.arange(256, dtype=np.uint8)
_PAIRS = (_BYTES[:, None] >> np.array([0, 2, 4, 6], np.uint8)) & np.uint8(3)
_UNPACKED = np.ascontiguousarray(CODE_TO_DOSAGE[_PAIRS]).view("<u4")[:, 0]
_DOSAGE_TO_CODE = np.argsort(CODE_TO_DOSAGE.view(np.uint8) & 3).astype(np.uint8)
_RECODED = (_DOSAGE_TO_CODE[_PAIRS] << np.array([0, 2, 4, 6], np.uint8)).sum(1, dtype=np.uint8)
_GATHER = np.uint32(1 << 24 | 1 << 18 | 1 << 12 | 1 << 6)
SNP, ONLY_REF, ONLY_ALT = np.arange(3, dtype=np.uint8)
"""Alleles that a row of a fileset names: two, REF alone, or ALT alone."""

_AS_SEEN = np.array(
    [[0, 1, 2, MISSING], [0, MISSING, MISSING, MISSING], [MISSING, MISSING, 0, MISSING]], np.int8
)
_CODES_AS_SEEN = _DOSAGE_TO_CODE[_AS_SEEN[:, CODE_TO_DOSAGE] & 3]
_BYTES_AS_SEEN = (_CODES_AS_SEEN[:, _PAIRS] << np.array([0, 2, 4, 6], np.uint8)).sum(
    axis=2, dtype=np.uint8
)
_LOW_BITS = np.uint64(0x5555555555555555)
_BLOCK_BYTES = 1 << 22
_GENOTYPES_AT_ONCE = 1 << 25


def packed_width(samples: int) -> int:
    """Bytes that hold one variant of ``samples`` samples."""
    return -(-samples // 4)


def variants_at_once(wanted: int, samples: int) -> int:
    """How many variants to unpack at a time: fewer than wanted if there are very many samples."""
    return min(wanted, max(1, _GENOTYPES_AT_ONCE // samples))


def pack(dosages: np.ndarray) -> np.ndarray:
    """Pack int8 dosages (variants, samples) into uint8 (variants, ceil(samples / 4)).

    Padding bits are zero, as PLINK requires. Dosages have to be 0, 1, 2 or ``MISSING``; this
    is not checked.
    """
    variants, samples = dosages.shape
    width = packed_width(samples)
    padded = np.zeros((variants, 4 * width), np.int8)
    padded[:, :samples] = dosages
    padded[:, samples:] = CODE_TO_DOSAGE[0]
    # The low two bits differ between the four dosages; one product packs four pairs in a byte.
    pairs = padded.view("<u4") & np.uint32(0x03030303)
    packed: np.ndarray = _RECODED[(pairs * _GATHER) >> np.uint32(24)]
    return packed


def unpack(packed: np.ndarray, samples: int) -> np.ndarray:
    """Dosages, int8 (variants, samples), from packed bytes (variants, ceil(samples / 4))."""
    dosages: np.ndarray = _UNPACKED[packed].view(np.int8)[:, :samples]
    return dosages


def unpack_some(packed: np.ndarray, samples: np.ndarray) -> np.ndarray:
    """Dosages of chosen samples, int8 (variants, chosen), without unpacking the others."""
    codes = packed.take(samples // 4, axis=1)
    codes >>= (2 * (samples % 4)).astype(np.uint8)
    codes &= np.uint8(3)
    dosages: np.ndarray = CODE_TO_DOSAGE[codes]
    return dosages


def as_seen(dosages: np.ndarray, alleles: np.ndarray) -> np.ndarray:
    """Dosages of rows whose allele alone is REF: 0 where it is homozygous, else missing.

    A call of the allele that the row does not name is damage.

    Parameters
    ----------
    dosages : ndarray of int8, shape (variants, samples)
        Dosages of ALT as the file has them.
    alleles : ndarray of uint8, shape (variants,)
        ``SNP``, ``ONLY_REF`` or ``ONLY_ALT``.
    """
    seen: np.ndarray = _AS_SEEN[alleles[:, None], dosages] if alleles.any() else dosages
    return seen


def byte_tables(levels: np.ndarray) -> np.ndarray:
    """What each byte stands for: four values of a variant, float32 (variants, 256, 4).

    Parameters
    ----------
    levels : ndarray of float, shape (variants, 4)
        Values of dosage 0, 1, 2 and of a missing genotype.
    """
    by_code = np.asarray(levels, np.float32)[:, CODE_TO_DOSAGE]
    pairs = np.empty((len(levels), 4, 4, 2), np.float32)
    pairs[..., 0], pairs[..., 1] = by_code[:, None, :], by_code[:, :, None]
    halves = pairs.reshape(-1, 16, 2)
    tables = np.empty((len(levels), 16, 16, 4), np.float32)
    tables[..., :2], tables[..., 2:] = halves[:, None], halves[:, :, None]
    return tables.reshape(-1, 256, 4)


def look_up(packed: np.ndarray, levels: np.ndarray, into: np.ndarray) -> None:
    """Write the values that packed genotypes stand for, by ``byte_tables``.

    Parameters
    ----------
    packed : ndarray of uint8, shape (variants, bytes)
    levels : ndarray of float, shape (variants, 4)
    into : ndarray of float32, shape (variants, 4 * bytes)
        Of the samples, then of the padding.
    """
    tables = byte_tables(levels).view(np.complex128)[..., 0]  # four values move as one
    for table, row, values in zip(tables, packed, into.view(np.complex128), strict=True):
        table.take(row, out=values, mode="clip")


class PackedRows:
    """Selected rows of a packed array or memory map, read when indexed.

    Parameters
    ----------
    packed : ndarray or memmap of uint8, shape (all variants, bytes)
    rows : ndarray of int, optional
        The selected rows; all by default.
    alleles : ndarray of uint8, shape (selected rows,), optional
        ``SNP``, ``ONLY_REF`` or ``ONLY_ALT``: the last two are read as by ``as_seen``.
    """

    def __init__(
        self,
        packed: np.ndarray,
        rows: np.ndarray | None = None,
        alleles: np.ndarray | None = None,
    ) -> None:
        self._packed = packed
        self._rows = rows
        self._alleles = alleles if alleles is not None and alleles.any() else None

    def __reduce__(self) -> tuple[Any, ...]:
        """Another process maps the file itself, and is not sent its content."""
        packed = self._packed
        if not isinstance(packed, np.memmap):
            return PackedRows, (packed, self._rows, self._alleles)
        return _mapped, (packed.filename, packed.offset, packed.shape, self._rows, self._alleles)

    def release(self) -> None:
        """Let the system take back the memory of a mapped file, which is read again if needed."""
        if isinstance(self._packed, np.memmap) and hasattr(mmap, "MADV_DONTNEED"):
            self._packed._mmap.madvise(mmap.MADV_DONTNEED)  # type: ignore[attr-defined]

    @property
    def shape(self) -> tuple[int, int]:
        return len(self), self._packed.shape[1]

    def __len__(self) -> int:
        return len(self._packed if self._rows is None else self._rows)

    def __getitem__(self, rows: slice | np.ndarray) -> np.ndarray:
        """Packed bytes of some rows, uint8 (rows, bytes); a slice may be a view."""
        return self.columns(rows, slice(None))

    def columns(self, rows: slice | np.ndarray, part: slice) -> np.ndarray:
        """A part of the bytes of some rows, uint8 (rows, bytes); a slice may be a view."""
        chosen = rows if self._rows is None else self._rows[rows]
        packed = np.asarray(self._packed[chosen, part])
        if self._alleles is None:
            return packed
        recoded: np.ndarray = _BYTES_AS_SEEN[self._alleles[rows][:, None], packed]
        return recoded


def _mapped(
    path: Path, offset: int, shape: tuple[int, int], *chosen: np.ndarray | None
) -> PackedRows:
    return PackedRows(np.memmap(path, np.uint8, "r", offset, shape), *chosen)


def genotype_counts(
    packed: np.ndarray | PackedRows, samples: int, chosen: np.ndarray | None = None
) -> np.ndarray:
    """Numbers of samples with 0, 1, 2 copies of ALT and missing: int64 (variants, 4).

    Counted on the packed bytes, a few MiB at a time; padding is not counted.

    Parameters
    ----------
    packed : ndarray of uint8 or PackedRows, shape (variants, ceil(samples / 4))
    samples : int
    chosen : ndarray of bool, shape (samples,), optional
        The samples to count; all by default.
    """
    counts = np.empty((len(packed), 4), np.int64)
    counted = samples if chosen is None else int(chosen.sum())
    everyone = np.ones(samples, bool) if chosen is None else chosen
    # No bit is set for two copies of ALT, so those masked by it are not among the others.
    mask = _padding_cleared(pack(np.where(everyone, 0, 2).astype(np.int8)[None]), samples)
    step = max(1, _BLOCK_BYTES // max(1, packed_width(samples)))
    for start in range(0, len(packed), step):
        words = _padding_cleared(packed[start : start + step], samples) & mask
        low, high = words & _LOW_BITS, (words >> np.uint64(1)) & _LOW_BITS
        none = _ones(low & high)
        one, missing = _ones(high) - none, _ones(low) - none
        two = counted - none - one - missing
        counts[start : start + step] = np.stack([none, one, two, missing], axis=1)
    return counts


def _padding_cleared(packed: np.ndarray, samples: int) -> np.ndarray:
    """A copy as 8-byte words whose bits beyond the last sample are zero."""
    width = packed_width(samples)
    wide = np.zeros((len(packed), -(-width // 8) * 8), np.uint8)
    wide[:, :width] = packed
    if samples % 4:
        wide[:, width - 1] &= np.uint8((1 << 2 * (samples % 4)) - 1)
    return wide.view(np.uint64)


def _ones(words: np.ndarray) -> np.ndarray:
    """Bits set in each row."""
    ones: np.ndarray = np.bitwise_count(words).sum(axis=1, dtype=np.int64)
    return ones
