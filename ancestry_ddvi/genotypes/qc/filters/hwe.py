"""Hardy-Weinberg equilibrium, where a test is asked for."""

from __future__ import annotations

from ..hardy import exact_p
from ..log import Kept, QCLog
from . import Filters


def keep(log: QCLog, filters: Filters) -> Kept | None:
    """Variants with an exact p-value of ``hwe`` or more among the samples still there."""
    if filters.hwe is None:
        return None
    return Kept(
        variants=exact_p(log.counts) >= filters.hwe, remark=f"exact p below {filters.hwe:g}"
    )
