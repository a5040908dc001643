"""Regions of long-range LD of the human genome."""

from __future__ import annotations

from ..log import Kept, QCLog
from ..long_range_ld import in_regions, long_range_ld
from . import Filters


def keep(log: QCLog, filters: Filters) -> Kept | None:
    """Variants outside the regions of the build that the data are found to be of."""
    if not filters.used("ld_regions"):
        return None
    regions = long_range_ld(log.build)
    remark = "build not recognised: none known"
    if log.build is not None:
        remark = f"{len(regions)} regions of {log.build}"
    return Kept(variants=~in_regions(log.variants, regions), remark=remark)
