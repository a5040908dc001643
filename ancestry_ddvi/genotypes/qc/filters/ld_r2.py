"""Linkage disequilibrium within a window."""

from __future__ import annotations

import numpy as np

from ..counts import minor
from ..ld import prune
from ..log import Kept, QCLog
from . import Filters


def keep(log: QCLog, filters: Filters) -> Kept:
    """Variants of which no two correlate among the samples still there; see ``prune``."""
    kept = prune(
        log.store,
        log.rows,
        minor(log.counts)[1],
        r2=filters.ld_r2,
        window_kb=filters.ld_window_kb,
        samples=np.flatnonzero(log.samples),
    )
    remark = f"r2 of {filters.ld_r2:g} or more within {filters.ld_window_kb:g} kb"
    return Kept(variants=np.isin(log.rows, kept), remark=remark)
