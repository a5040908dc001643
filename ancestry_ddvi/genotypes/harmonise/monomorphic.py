"""Monomorphic rows, reference calls without a named ALT, read against the alleles of a model."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..variants import NO_ALLELE, VariantTable
from .alleles import UNKNOWN_BASES, Match
from .matching import (
    ABSENT,
    MIN_SHARED,
    MISMATCH_CEILING,
    NOT_FOUND,
    Matching,
    MatchKey,
    by_id,
    by_position,
    same_alleles,
)


def with_monomorphic(
    model: VariantTable,
    file: VariantTable,
    called: np.ndarray,
    matching: Matching,
    key: MatchKey,
) -> Matching:
    """The matching of SNPs, with monomorphic rows where no SNP was found.

    Reference calls say little about which key is right: nearly every base is an allele of a
    variant on one of the strands. So the SNPs of a file decide, and reference calls follow. Where
    there are too few SNPs to decide, reference calls must fit on the strand of the model. Bases
    that a block does not say are used only where the file has the model's REF and ALT.

    Parameters
    ----------
    model : VariantTable
        With the positions of the chosen build.
    file : VariantTable
        All rows, SNPs and monomorphic ones.
    called : ndarray of int64, (file variants,)
        Samples with a call.
    matching : Matching
        Of the SNPs of the file by the chosen key; its rows count all rows of the file.
    key : "position" or "id"
    """
    single = np.flatnonzero(file.alt == NO_ALLELE)
    if not len(single) or not matching.plausible:
        return matching
    search = by_position if key == "position" else by_id
    found = search(model, file[single], called[single])
    rows = np.append(single, ABSENT)[found.rows]
    used = (matching.code == NOT_FOUND) & (rows != ABSENT)
    stated = used & ~np.isin(file.ref[rows], UNKNOWN_BASES)
    if matching.compatible < MIN_SHARED and not _same_strand(found.code[stated]):
        return matching
    code = np.where(stated, found.code, matching.code)
    unread = 0
    if not same_alleles(model, code):
        used, unread = stated, int(used.sum() - stated.sum())
    return replace(
        matching,
        unread=unread,
        rows=np.where(used, rows, matching.rows),
        code=np.where(used, found.code, matching.code),
    )


def _same_strand(code: np.ndarray) -> bool:
    """Whether nearly all bases are alleles of the model's variants on the model's strand."""
    same = np.isin(code, [Match.SAME, Match.SWAPPED])
    return len(code) >= MIN_SHARED and bool(same.mean() >= 1 - MISMATCH_CEILING)
