"""Each variant once."""

from __future__ import annotations

import numpy as np

from ...variants import VariantTable
from ..log import Kept, QCLog
from . import Filters


def keep(log: QCLog, filters: Filters) -> Kept:
    """Of several records of a variant the one with most calls; the first of equals."""
    del filters
    return Kept(variants=_best_records(log.variants, log.counts[:, :3].sum(axis=1)))


def _best_records(variants: VariantTable, called: np.ndarray) -> np.ndarray:
    """False for a variant of which another record has more calls, or as many before; bool.

    Records are of one variant if they agree in chromosome, position and the set of two alleles.
    """
    _, codes = np.unique(variants.chromosome.astype(str), return_inverse=True)
    _, site, shared = np.unique(
        codes << 40 | variants.position, return_inverse=True, return_counts=True
    )
    best: dict[tuple[int, frozenset[str]], int] = {}
    kept = np.ones(len(variants), dtype=bool)
    for row in np.flatnonzero(shared[site] > 1).tolist():
        key = (int(site[row]), frozenset((variants.ref[row], variants.alt[row])))
        other = best.setdefault(key, row)
        if other != row:
            worse = row if called[row] <= called[other] else other
            kept[worse] = False
            best[key] = row + other - worse
    return kept
