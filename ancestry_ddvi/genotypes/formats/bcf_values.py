"""Typed values in BCF records (VCF 4.3 specification, section 6.3.3).

Every length is checked against the end of the part of the record before it is used.
"""

from __future__ import annotations

from typing import Any

import numpy as np

INTEGERS: dict[int, np.dtype[Any]] = {1: np.dtype("i1"), 2: np.dtype("<i2"), 3: np.dtype("<i4")}
"""Types of integers by their codes."""

FLOAT = 5
CHARACTER = 7

_SIZES = {
    0: 0,
    **{code: dtype.itemsize for code, dtype in INTEGERS.items()},
    FLOAT: 4,
    CHARACTER: 1,
}
_LONG = 15
_ONE = {0x11: 1, 0x12: 2, 0x13: 4}
_KEY, _NEGATIVE = 0x11, 0x80
_SHORT = [
    1 + (byte >> 4) * _SIZES[byte & 15] if byte >> 4 < _LONG and _SIZES.get(byte & 15) else 0
    for byte in range(256)
]
_RESERVED = 8
"""How many of the smallest integers of each type are no numbers, as missing and end of vector."""


class Damage(Exception):
    """Why a record cannot be read."""


def integer(content: bytes, at: int, end: int) -> tuple[int, int]:
    """One typed integer at ``at``, and where it ends.

    Raises
    ------
    Damage
        If there is none before ``end``.
    """
    if at + 1 >= end:
        raise Damage("a value reaches beyond its end")
    size = _ONE.get(content[at])
    if size is None:
        raise Damage("a key or length is not an integer")
    stop = at + 1 + size
    if stop > end:
        raise Damage("a value reaches beyond its end")
    return int.from_bytes(content[at + 1 : stop], "little", signed=True), stop


def vector(content: bytes, at: int, end: int, times: int = 1) -> tuple[int, int, int, int]:
    """Type code, number of values, start and stop of the typed vector at ``at``.

    Parameters
    ----------
    times : int
        How many vectors follow the one descriptor: 1, or the number of samples.

    Raises
    ------
    Damage
        If its type does not exist, or it ends after ``end``.
    """
    if at >= end:
        raise Damage("a value reaches beyond its end")
    code, count, start = content[at] & 15, content[at] >> 4, at + 1
    if count == _LONG:
        count, start = integer(content, start, end)
    size = _SIZES.get(code)
    if size is None or (count and not size):
        raise Damage(f"the type code {code} with {count} values does not exist")
    stop = start + times * count * size
    if count < 0 or stop > end:
        raise Damage("a value reaches beyond its end")
    return code, count, start, stop


def entry(content: bytes, at: int, end: int) -> tuple[int, int, int]:
    """The key of an INFO field, and where its value starts and stops.

    Raises
    ------
    Damage
        See ``integer`` and ``vector``.
    """
    if at + 2 < end and content[at] == _KEY and content[at + 1] < _NEGATIVE:
        key, start = content[at + 1], at + 2
    else:
        key, start = integer(content, at, end)
    short = _SHORT[content[start]] if start < end else 0
    stop = start + short if short else vector(content, start, end)[-1]
    if stop > end:
        raise Damage("a value reaches beyond its end")
    return key, start, stop


def integers(content: bytes, code: int, count: int, start: int) -> list[int]:
    """The values of a vector of integers.

    Raises
    ------
    Damage
        If they are of another type.
    """
    if not count:
        return []
    if code not in INTEGERS:
        raise Damage(f"values of type code {code} are not integers")
    size = _SIZES[code]
    starts = range(start, start + count * size, size)
    return [int.from_bytes(content[at : at + size], "little", signed=True) for at in starts]


def numbers(values: np.ndarray) -> np.ndarray:
    """As float64, with NaN for what is missing or pads a vector."""
    if values.dtype.kind == "f":
        with np.errstate(invalid="ignore"):  # the missing value is a signalling NaN
            return values.astype(np.float64)
    smallest = np.iinfo(values.dtype).min
    return np.where(values < smallest + _RESERVED, np.nan, values)
