"""Swapped alleles, strands and ambiguous SNPs: pure functions on arrays of alleles."""

from __future__ import annotations

from enum import IntEnum

import numpy as np

from ..variants import MISSING, NO_ALLELE

_BASES = np.array(["A", "C", "G", "T"], dtype=object)
_CODES = {base: code for code, base in enumerate(_BASES)}
_NOT_A_BASE = -1

UNKNOWN_BASES = (NO_ALLELE, "N")
"""REF where a file does not say the base of the reference genome."""


class Match(IntEnum):
    """How the two alleles of a file's variant relate to those of the model's variant.

    In order of preference: where two are possible, the smaller code is used.
    """

    SAME = 0
    SWAPPED = 1
    FLIPPED = 2
    FLIPPED_SWAPPED = 3
    MISMATCH = 4


def complement(alleles: np.ndarray) -> np.ndarray:
    """The bases on the other strand, A-T and C-G; other alleles stay as they are.

    Parameters
    ----------
    alleles : ndarray of object (str)

    Returns
    -------
    ndarray of object (str), same shape
    """
    code = _code(alleles)
    return np.where(code == _NOT_A_BASE, alleles, _BASES[3 - code.clip(0)])


def is_ambiguous(ref: np.ndarray, alt: np.ndarray) -> np.ndarray:
    """Whether the two alleles are each other's complement (A/T or C/G).

    Such a variant on the other strand looks like the same variant with REF and ALT swapped, so
    the alleles alone do not tell a flip from a swap.

    Parameters
    ----------
    ref, alt : ndarray of object (str), shape (variants,)

    Returns
    -------
    ndarray of bool, shape (variants,)
    """
    ref_code, alt_code = _code(ref), _code(alt)
    bases = (ref_code != _NOT_A_BASE) & (alt_code != _NOT_A_BASE)
    return np.asarray(bases & (ref_code == 3 - alt_code))


def orient(
    model_ref: np.ndarray, model_alt: np.ndarray, file_ref: np.ndarray, file_alt: np.ndarray
) -> np.ndarray:
    """How the alleles of each variant of a file relate to those of the model's variant.

    For an ambiguous variant (see ``is_ambiguous``) only the order of the letters is compared:
    SAME may also be a flip with a swap, and SWAPPED may also be a flip.

    Parameters
    ----------
    model_ref, model_alt, file_ref, file_alt : ndarray of object (str), shape (variants,)

    Returns
    -------
    ndarray of int8, shape (variants,)
        Codes of ``Match``. MISMATCH where the alleles differ on both strands, where one of the
        four is not a single base, and where a variant has the same allele twice.
    """
    m_ref, m_alt, f_ref, f_alt = map(_code, (model_ref, model_alt, file_ref, file_alt))
    usable = (np.minimum.reduce([m_ref, m_alt, f_ref, f_alt]) >= 0) & (m_ref != m_alt)
    relations = [
        (f_ref == m_ref) & (f_alt == m_alt),
        (f_ref == m_alt) & (f_alt == m_ref),
        (f_ref == 3 - m_ref) & (f_alt == 3 - m_alt),
        (f_ref == 3 - m_alt) & (f_alt == 3 - m_ref),
    ]
    matches = [Match.SAME, Match.SWAPPED, Match.FLIPPED, Match.FLIPPED_SWAPPED]
    chosen = np.select([usable & r for r in relations], matches, Match.MISMATCH)
    return chosen.astype(np.int8)


def orient_seen(model_ref: np.ndarray, model_alt: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """How the one allele that a file has seen relates to the two of the model's variant.

    Where every call is homozygous for the reference a file names no other allele.

    Parameters
    ----------
    model_ref, model_alt, seen : ndarray of object (str), shape (variants,)
        ``seen`` is "." or "N" where a reference block does not say its bases; then it is taken to
        be the model's REF.

    Returns
    -------
    ndarray of int8, shape (variants,)
        Codes of ``Match``: SAME if it is the model's REF, SWAPPED if it is its ALT, and so on the
        other strand. MISMATCH where it is neither, or one of the model's is not a single base.
    """
    m_ref, m_alt, base = map(_code, (model_ref, model_alt, seen))
    usable = (np.minimum(m_ref, m_alt) >= 0) & (m_ref != m_alt)
    relations = [
        (base == m_ref) | np.isin(seen, UNKNOWN_BASES),
        base == m_alt,
        (base == 3 - m_ref) & (base >= 0),
        (base == 3 - m_alt) & (base >= 0),
    ]
    matches = [Match.SAME, Match.SWAPPED, Match.FLIPPED, Match.FLIPPED_SWAPPED]
    chosen = np.select([usable & r for r in relations], matches, Match.MISMATCH)
    return chosen.astype(np.int8)


def recode(dosages: np.ndarray, swapped: np.ndarray) -> np.ndarray:
    """Dosages of the other allele at swapped variants: g becomes 2 - g, missing stays missing.

    Parameters
    ----------
    dosages : ndarray of int8, shape (variants, samples), values 0, 1, 2 or ``MISSING``
    swapped : ndarray of bool, shape (variants,)

    Returns
    -------
    ndarray of int8, shape (variants, samples)
    """
    changed = swapped[:, None] & (dosages != MISSING)
    return np.where(changed, 2 - dosages, dosages).astype(np.int8)


def _code(alleles: np.ndarray) -> np.ndarray:
    """A, C, G, T as 0 to 3, so that the complement of c is 3 - c; anything else as -1."""
    return np.fromiter((_CODES.get(each, _NOT_A_BASE) for each in alleles), np.int64, len(alleles))
