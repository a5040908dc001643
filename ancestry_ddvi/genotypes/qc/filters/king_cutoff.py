"""Relatives."""

from __future__ import annotations

import numpy as np

from ..degrees import DUPLICATE, SECOND_DEGREE
from ..kinship import king_robust, resolvable, unrelated
from ..log import Kept, QCLog
from . import Filters


def keep(log: QCLog, filters: Filters) -> Kept:
    """A set of samples no two of which are related at ``king_cutoff`` or closer.

    The cutoff is raised where the variants are too few to distinguish such relatives from
    unrelated samples; see ``resolvable``.
    """
    samples = np.flatnonzero(log.samples)
    floor = min(resolvable(len(log.rows), len(samples)), DUPLICATE)
    cutoff = max(filters.king_cutoff, floor)
    found = king_robust(log.store, log.rows, samples, min(cutoff, max(SECOND_DEGREE, floor)))
    pairs = found[found["kinship"] >= cutoff]
    duplicates = pairs[pairs["kinship"] >= DUPLICATE]
    remark = f"{len(pairs):,} pairs of {cutoff:.3g} or more, {len(duplicates):,} of them duplicates"
    if cutoff > filters.king_cutoff:
        remark += f"; {len(log.rows):,} variants do not resolve {filters.king_cutoff:g}"
    flags = np.full(len(log.samples), "related", dtype=object)
    flags[np.union1d(duplicates["i"], duplicates["j"])] = "duplicate"
    kept = unrelated(pairs, log.call_rate, len(log.samples), cutoff)
    return Kept(samples=kept, remark=remark, flags=flags, relatives=found)
