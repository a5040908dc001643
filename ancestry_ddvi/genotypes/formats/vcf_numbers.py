"""Numeric FORMAT fields of a VCF line: one field of all samples, as an array.

In files of many samples the texts of the field are cut out of the line together.
"""

from __future__ import annotations

import numpy as np

_TAB, _COLON, _COMMA, _DOT = b"\t:,."
_ZERO, _NINE = np.uint8(48), np.uint8(9)
_FEW = 16
"""With fewer samples the columns are split one by one."""

_DIGITS = 15
"""Characters of a number that is read together with others, at most."""

_POWERS = 10.0 ** np.arange(_DIGITS + 1)
_CHARACTERS = b"0123456789.,+-eEinfaINFA"


def numbers_of(columns: bytes, at: int, samples: int) -> np.ndarray:
    """One field of the sample columns of a line.

    Parameters
    ----------
    columns : bytes
        All sample columns.
    at : int
        Index of the field in FORMAT.
    samples : int

    Returns
    -------
    ndarray of float64, (samples, largest number of values)
        NaN where missing.

    Raises
    ------
    ValueError
        If a value is not a number, with its text, or there are not as many columns as samples.
    """
    found = _together(columns, at, samples) if samples >= _FEW else None
    return found if found is not None else _one_by_one(columns, at, samples)


def _one_by_one(columns: bytes, at: int, samples: int) -> np.ndarray:
    """The columns one after the other, whatever their numbers of values."""
    parts = [column.split(b":", at + 1) for column in columns.split(b"\t")]
    if len(parts) != samples:
        raise ValueError(b"")
    values = [_values(part[at]) if at < len(part) else [] for part in parts]
    found = np.full((samples, max(1, *map(len, values))), np.nan)
    for i, some in enumerate(values):
        found[i, : len(some)] = some
    return found


def _values(text: bytes) -> list[float]:
    if text.translate(None, _CHARACTERS):
        raise ValueError(text)
    try:
        return [np.nan if value in (b".", b"") else float(value) for value in text.split(b",")]
    except ValueError as error:
        raise ValueError(text) from error


def _together(columns: bytes, at: int, samples: int) -> np.ndarray | None:
    """All columns at once; None if the samples have different numbers of values."""
    text = np.frombuffer(columns + b"\t", np.uint8)
    tabs = np.flatnonzero(text == _TAB)
    if len(tabs) != samples:
        raise ValueError(b"")
    start, stop = _spans(text, tabs, at)
    present = (stop > start) & ~(
        (stop == start + 1) & (text[np.minimum(start, len(text) - 1)] == _DOT)
    )
    if not present.any():
        return np.full((samples, 1), np.nan)
    values = _parsed(_cut_out(text, start[present], stop[present]), int(present.sum()))
    if values is None or present.all():
        return values
    found = np.full((samples, values.shape[1]), np.nan)
    found[present] = values
    return found


def _spans(text: np.ndarray, tabs: np.ndarray, at: int) -> tuple[np.ndarray, np.ndarray]:
    """Where the field starts and stops in every column; an empty span where it was dropped."""
    begin = np.empty_like(tabs)
    begin[0] = 0
    np.add(tabs[:-1], 1, out=begin[1:])
    colons = np.flatnonzero(text == _COLON)
    each, rest = divmod(len(colons), len(tabs))
    if each and not rest and at <= each:
        columns = colons.reshape(-1, each)
        if (columns[:, 0] >= begin).all() and (columns[:, -1] < tabs).all():
            start = columns[:, at - 1] + 1 if at else begin
            return start, columns[:, at] if at < each else tabs
    colons = np.append(colons, [len(text)] * (at + 1))
    first = np.searchsorted(colons, begin)
    start = np.minimum(colons[first + at - 1] + 1, tabs) if at else begin
    return start, np.minimum(colons[first + at], tabs)


def _cut_out(text: np.ndarray, start: np.ndarray, stop: np.ndarray) -> bytes:
    """The spans, each with the character after it, which is a tab or colon, made a tab."""
    lengths = stop - start + 1
    ends = np.cumsum(lengths)
    within = np.arange(ends[-1]) - np.repeat(ends - lengths, lengths)
    found = text[np.repeat(start, lengths) + within]
    found[ends - 1] = _TAB
    return bytes(found.tobytes())


def _parsed(texts: bytes, count: int) -> np.ndarray | None:
    """Numbers of ``count`` texts, each followed by a tab; None if their counts differ."""
    characters = np.frombuffer(texts, np.uint8)
    stops = np.flatnonzero((characters == _COMMA) | (characters == _TAB))
    if len(stops) % count:
        return None
    ends = characters[stops].reshape(count, -1)
    if (ends[:, -1] != _TAB).any() or (ends[:, :-1] != _COMMA).any():
        return None
    flat = texts.replace(b"\t", b",")
    values = _fixed_point(flat, stops)
    return None if values is None else values.reshape(count, -1)


def _fixed_point(texts: bytes, stops: np.ndarray) -> np.ndarray | None:
    """Numbers, each followed by a comma; None if any is not digits with a point or a sign.

    They are read as whole numbers and divided by a power of ten, which is exact for so few digits.
    """
    longest = int((stops[1:] - stops[:-1]).max(initial=stops[0] + 1))
    characters = np.frombuffer(texts, np.uint8)
    whole = np.count_nonzero(characters - _ZERO > _NINE) == len(stops)
    digits = texts if whole else texts.translate(None, b".")
    if longest > _DIGITS or b",," in b"," + digits or not (whole or _has_signs_before(digits)):
        return None
    values = np.fromstring(digits[:-1], np.int64, sep=",").astype(np.float64)
    if len(digits) == len(texts):
        return values
    points = np.flatnonzero(characters == _DOT)
    of = np.searchsorted(stops, points)
    if (of[1:] == of[:-1]).any():
        return None
    values[of] /= _POWERS[stops[of] - points - 1]
    return values


def _has_signs_before(digits: bytes) -> bool:
    """Whether texts, each followed by a comma, are of digits with or without a sign before."""
    after = b"," + digits
    signs = after.count(b",-")
    return (
        not digits.translate(None, b"0123456789,-")
        and after.count(b"-") == signs
        and b"-," not in after
    )
