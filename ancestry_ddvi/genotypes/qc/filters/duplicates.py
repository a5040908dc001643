"""Each variant once."""

from __future__ import annotations

import numpy as np

from ...variants import VariantTable
from ..log import Kept, QCLog
from . import Filters


def keep(log: QCLog, filters: Filters) -> Kept:
    """The first record of every variant."""
    return Kept(variants=_first_records(log.variants))


def _first_records(variants: VariantTable) -> np.ndarray:
    """False for a variant whose chromosome, position and two alleles came before; bool."""
    _, codes = np.unique(variants.chromosome.astype(str), return_inverse=True)
    _, site, shared = np.unique(
        codes << 40 | variants.position, return_inverse=True, return_counts=True
    )
    first = np.ones(len(variants), dtype=bool)
    known = set()
    for row in np.flatnonzero(shared[site] > 1):
        key = (site[row], frozenset((variants.ref[row], variants.alt[row])))
        first[row] = key not in known
        known.add(key)
    return first
