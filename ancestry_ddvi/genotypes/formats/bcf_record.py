"""One record of a BCF file (VCF 4.3 specification, section 6.3)."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..variants import MISSING
from .bcf_calls import DIPLOID, HAPLOID, copies
from .bcf_header import BcfNames
from .bcf_values import (
    CHARACTER,
    FLOAT,
    INTEGERS,
    Damage,
    entry,
    integer,
    integers,
    numbers,
    vector,
)
from .variant_filter import printable

FIXED = struct.Struct("<iiifHHI")
"""CHROM, POS, rlen, QUAL, number of INFO fields, of alleles, and of samples and FORMAT fields."""

_MAX_POS = (1 << 31) - 1
_MAX_SAMPLES = (1 << 24) - 1
_TYPES: dict[int, np.dtype[Any]] = {**INTEGERS, FLOAT: np.dtype("<f4")}


@dataclass(slots=True)
class BcfRecord:
    """A record whose lengths and keys were checked; its calls and numbers are read when asked for.

    Attributes
    ----------
    chromosome : str
    position : int
        From 1.
    ref : str
    alts : tuple of str
        Empty if ALT is ".".
    filters : str
        FILTER as in VCF: names divided by ";", "PASS", or "." if no filter was applied.
    end : int
        INFO/END if the record has it, else the position of the last base of REF.
    """

    chromosome: str
    position: int
    ref: str
    alts: tuple[str, ...]
    filters: str
    end: int
    _samples: int
    _id: bytes
    _content: bytes
    _fields: dict[str, tuple[int, int, int]]

    @property
    def id(self) -> str:
        """The ID, "." if missing; bytes that are not printable text are shown as escapes."""
        return printable(self._id)

    @property
    def has_gt(self) -> bool:
        """Whether GT is in FORMAT; if its vectors have no values, all calls are missing."""
        return "GT" in self._fields

    def calls(self, alt_index: int) -> np.ndarray:
        """Copies of an ALT allele, from index 1, in calls of two alleles. See ``copies``."""
        return self._copies(alt_index, DIPLOID)

    def haploid(self, alt_index: int) -> np.ndarray:
        """Copies of an ALT allele, from index 1, in calls of one allele. See ``copies``."""
        return self._copies(alt_index, HAPLOID)

    def numbers(self, field: str) -> np.ndarray | None:
        """A FORMAT field, float64 (samples, values), NaN where missing.

        None if the record has no numbers in it.
        """
        values = self._values(field)
        return None if values is None else numbers(values)

    def _copies(self, alt_index: int, ploidy: int) -> np.ndarray:
        values = self._values("GT")
        if values is None:
            return np.full(self._samples, MISSING, np.int8)
        return copies(values, alt_index, ploidy)

    def _values(self, field: str) -> np.ndarray | None:
        code, count, start = self._fields.get(field, (0, 0, 0))
        if not count or code not in _TYPES:
            return None
        number = self._samples * count
        values: np.ndarray = np.frombuffer(self._content, _TYPES[code], number, start)
        return values.reshape(self._samples, count)


def decode(
    content: bytes, start: int, middle: int, stop: int, names: BcfNames, samples: int
) -> BcfRecord:
    """The record whose shared part is ``content[start:middle]``, and FORMAT ``[middle:stop]``.

    Raises
    ------
    Damage
        If a length, type or key is wrong, or text is not UTF-8.
    """
    chrom, pos, _, _, infos, alleles, last = FIXED.unpack_from(content, start)
    if chrom not in names.contigs:
        raise Damage(f"CHROM {chrom} is not in the header")
    if not -1 <= pos < _MAX_POS:
        raise Damage(f"POS {pos + 1} is out of range")
    if last & _MAX_SAMPLES != samples:
        raise Damage(f"it has {last & _MAX_SAMPLES} samples, and the header {samples}")
    name, at = _bytes(content, start + FIXED.size, middle, "ID")
    ref, alts, at = _alleles(content, at, middle, alleles)
    filters, at = _filters(content, at, middle, names)
    end = _end(content, at, middle, infos, names)
    fields = _fields(content, middle, stop, last >> 24, names, samples)
    if end is None or end <= pos:
        end = pos + len(ref)
    return BcfRecord(
        names.contigs[chrom], pos + 1, ref, alts, filters, end, samples, name, content, fields
    )


def _bytes(content: bytes, at: int, end: int, what: str) -> tuple[bytes, int]:
    code, _, start, stop = vector(content, at, end)
    if code not in (0, CHARACTER):
        raise Damage(f"{what} is not text")
    return content[start:stop], stop


def _alleles(content: bytes, at: int, end: int, alleles: int) -> tuple[str, tuple[str, ...], int]:
    texts = []
    for i in range(alleles):
        what = f"ALT allele {i}" if i else "REF"
        written, at = _bytes(content, at, end, what)
        try:
            texts.append(written.decode() or ".")
        except UnicodeDecodeError as error:
            raise Damage(f"{what} is not UTF-8 text") from error
    if not texts:
        raise Damage("it has no REF")
    ref, *alts = texts
    return ref, () if alts == ["."] else tuple(alts), at


def _filters(content: bytes, at: int, end: int, names: BcfNames) -> tuple[str, int]:
    code, count, start, stop = vector(content, at, end)
    if count > len(names.strings):
        raise Damage(f"it has {count} filters, and the header fewer")
    keys = integers(content, code, count, start)
    for key in keys:
        if key not in names.strings:
            raise Damage(f"FILTER {key} is not in the header")
    return ";".join([names.strings[key] for key in keys]) or ".", stop


def _end(content: bytes, at: int, end: int, infos: int, names: BcfNames) -> int | None:
    """The value of INFO/END; all other values are passed over."""
    found = None
    for _ in range(infos):
        key, start, at = entry(content, at, end)
        if key not in names.strings:
            raise Damage(f"INFO field {key} is not in the header")
        if key == names.end:
            code, count, start, _ = vector(content, start, end)
            found = next(iter(integers(content, code, min(count, 1), start)), None)
    if at != end:
        raise Damage(f"{end - at} bytes are left over after its INFO")
    return found


def _fields(
    content: bytes, at: int, end: int, fields: int, names: BcfNames, samples: int
) -> dict[str, tuple[int, int, int]]:
    """Type code, values per sample and start of each FORMAT field."""
    found: dict[str, tuple[int, int, int]] = {}
    for _ in range(fields):
        key, at = integer(content, at, end)
        name = names.strings.get(key)
        if name is None:
            raise Damage(f"FORMAT field {key} is not in the header")
        code, count, start, at = vector(content, at, end, samples)
        if name == "GT" and count and code not in INTEGERS:
            raise Damage("its GT are not integers")
        found.setdefault(name, (code, count, start))
    if at != end:
        raise Damage(f"{end - at} bytes are left over after its FORMAT fields")
    return found
