"""Missing calls of samples."""

from __future__ import annotations

from ..counts import missing_by_sample
from ..log import Kept, QCLog
from . import Filters


def keep(log: QCLog, filters: Filters) -> Kept:
    """Samples missing at most ``mind`` of the variants; measures the call rate of all."""
    most = filters.used("mind")
    missing = missing_by_sample(log.store, log.rows)
    return Kept(
        samples=missing <= most,
        remark=f"missing more than {most:g}",
        flags="low_call_rate",
        call_rate=1 - missing,
    )
