"""The sample columns of VCF lines to dosages: all of a block at once, or one call at a time.

A call of two one-character alleles ("0/1", "1|.", "./.") and the tab after it are a word of
32 bits, a call of one allele ("0", ".") is a word of 16, and there are 21 such words. Where every
call has two alleles and nothing follows GT, the text is an array of words; otherwise the words
after the tabs are collected.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from ..variants import MISSING
from .ploidy import HAPLOID_REF

_TAB, _COLON = 9, 58
_LONGEST = 16
"""Longer texts of GT are not remembered."""
_GT_FIRST = re.compile(rb"(?:^|\t)([^\t:]*)")
_WORDS_AT_ONCE = 1 << 15
"""Larger arrays cost more in pages from the system than in arithmetic."""

_WORDS_ADDED_AT_ONCE = 1 << 18

_REFERENCE, _ALT, _PHASE = np.uint32(0x09300030), np.uint32(0x00010001), np.uint32(0x0000FF00)
_PHASES = (ord("/") << 8, ord("|") << 8)
"""The word "0?0" with its tab, the bits in which allele 1 differs from 0, and those of the phase.
A product with the second has in its upper half the sum of the two."""

_FEW = 8
"""Words that are looked up one by one, of so many."""

# Found by search: the products of the 21 words differ in their top bytes.
_MIX, _SHIFT = np.uint32(0xC2094CAD), np.uint32(24)


class Dosages(dict[bytes, int]):
    """Dosage of an ALT allele by the text of GT, computed when first looked up.

    Two observed alleles, each REF or that allele, make a dosage; one makes ``HAPLOID_REF`` or
    ``HAPLOID_ALT``; other genotypes are ``MISSING``. The phase that VCF 4.4 writes before the
    first allele is not read. Text that is not a genotype raises ValueError.

    Parameters
    ----------
    alt : int
        Index of the allele, from 1.
    """

    def __init__(self, alt: int = 1) -> None:
        self._alt = b"%d" % alt

    def __missing__(self, call: bytes) -> int:
        alleles = re.split(rb"[/|]", call[1:] if call[:1] in (b"/", b"|") else call)
        if not all(allele == b"." or allele.isdigit() for allele in alleles):
            raise ValueError(call)
        alleles = [allele.lstrip(b"0") or allele[-1:] for allele in alleles]
        dosage = MISSING
        if {b"0", self._alt}.issuperset(alleles):
            copies = alleles.count(self._alt)
            if len(alleles) <= 2:
                dosage = copies if len(alleles) == 2 else HAPLOID_REF - copies
        if len(call) <= _LONGEST:
            self[call] = dosage
        return dosage


def _word_tables() -> tuple[np.ndarray, np.ndarray]:
    """The 21 words and their dosages, each in the slot of its hash."""
    calls = [b"%c%c%c" % (a, phase, b) for a in b"01." for phase in b"/|" for b in b"01."]
    calls += [b"0", b"1", b"."]
    words = np.array([int.from_bytes(call + b"\t", "little") for call in calls], np.uint32)
    word_at, dosage_at = np.zeros(256, np.uint32), np.zeros(256, np.int8)
    word_at[(words * _MIX) >> _SHIFT] = words
    dosage_at[(words * _MIX) >> _SHIFT] = [Dosages()[call] for call in calls]
    return word_at, dosage_at


_WORD_AT, _DOSAGE_AT = _word_tables()


def look_up(words: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Dosages, int8 (lines, samples), and which lines hold only the 21 words, bool (lines,)."""
    dosages, known = np.empty(words.shape, np.int8), np.empty(len(words), bool)
    step = max(1, _WORDS_AT_ONCE // words.shape[1])
    for start in range(0, len(words), step):
        some = words[start : start + step]
        slots = ((some * _MIX) >> _SHIFT).astype(np.intp)
        dosages[start : start + step] = _DOSAGE_AT.take(slots)
        known[start : start + step] = (_WORD_AT.take(slots) == some).all(axis=1)
    return dosages, known


def add_up_or_look_up(words: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """As ``look_up``, and faster where most words are of the alleles 0 and 1 and phased alike."""
    dosages, known = add_up(words)
    if known.all():
        return dosages, known
    others = np.flatnonzero(_copies(words) & ~_ALT != 0)
    if _FEW * len(others) > words.size or not _is_phased(words).all():
        return look_up(words)
    found, is_known = look_up(words.reshape(-1, 1)[others])
    dosages.reshape(-1)[others] = found[:, 0]
    known[:] = True
    known[others[~is_known] // words.shape[1]] = False
    return dosages, known


def add_up(words: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """As ``look_up``, and lines are known whose calls have the alleles 0 and 1 and one phase.

    Each word is then that of "0/0" or of "0|0", but for the lowest bits of the two alleles.
    """
    dosages, known = np.empty(words.shape, np.int8), np.empty(len(words), bool)
    step = max(1, _WORDS_ADDED_AT_ONCE // words.shape[1])
    for start in range(0, len(words), step):
        copies = _copies(some := words[start : start + step])
        others = np.bitwise_or.reduce(copies, axis=1) & ~_ALT
        known[start : start + step] = (others == 0) & _is_phased(some)
        copies *= _ALT
        copies >>= np.uint32(16)
        dosages[start : start + step] = copies
    return dosages, known


def _copies(words: np.ndarray) -> np.ndarray:
    """Words without what they share with a call of two alleles 0, phased as the first of a line."""
    copies: np.ndarray = words ^ (words[:, :1] & _PHASE | _REFERENCE)
    return copies


def _is_phased(words: np.ndarray) -> np.ndarray:
    """Whether the first call of each line has a sign of its phase: bool (lines,)."""
    phase = words[:, 0] & _PHASE
    return np.asarray((phase == _PHASES[0]) | (phase == _PHASES[1]))


def words_of_equal_width(columns: Sequence[bytes | memoryview], samples: int) -> np.ndarray:
    """Words of lines whose calls are all three characters wide: uint32 (lines, samples)."""
    return np.frombuffer(b"\t".join([*columns, b""]), "<u4").reshape(-1, samples)


def words_after_tabs(columns: Sequence[bytes | memoryview], samples: int) -> np.ndarray | None:
    """Words at the starts of the columns: uint32 (lines, samples).

    None if the number of columns in a line is not the number of samples.
    """
    text = np.frombuffer(b"\t".join(columns) + b"\t\0\0\0", np.uint8)
    tabs = np.flatnonzero(text == _TAB)
    line_ends = np.cumsum([len(line) + 1 for line in columns]) - 1
    if not np.array_equal(tabs[samples - 1 :: samples], line_ends):
        return None
    starts = np.concatenate([[0], tabs[:-1] + 1])
    first, second, third, fourth = (text[starts + i] for i in range(4))
    words = np.stack([first, second, third, _colon_as_tab(fourth)], axis=1).view("<u4")[:, 0]
    one_allele = _colon_as_tab(second) == _TAB
    words[one_allele] = first[one_allele] | np.uint32(_TAB << 8)
    return words.reshape(-1, samples)


def _colon_as_tab(characters: np.ndarray) -> np.ndarray:
    """Tabs instead of colons, since both end GT."""
    return np.where(characters == _COLON, np.uint8(_TAB), characters)


def genotypes(form: bytes, columns: bytes) -> list[bytes]:
    """The text of GT in every column; ``form`` is the FORMAT of the record."""
    fields = form.split(b":")
    if fields[0] == b"GT":
        return _GT_FIRST.findall(columns)
    at = fields.index(b"GT")
    parts = (column.split(b":") for column in columns.split(b"\t"))
    return [part[at] if at < len(part) else b"." for part in parts]
