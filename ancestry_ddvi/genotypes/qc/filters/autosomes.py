"""Human autosomes only."""

from __future__ import annotations

from ...chromosomes import autosome
from ..log import Kept, QCLog
from . import Filters


def keep(log: QCLog, filters: Filters) -> Kept | None:
    """Variants on chromosomes 1 to 22."""
    if filters.allow_extra_chr:
        return None
    return Kept(variants=autosome(log.variants.chromosome) > 0)
