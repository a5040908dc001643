"""No A/T and C/G SNPs."""

from __future__ import annotations

from ...harmonise.alleles import is_ambiguous
from ..log import Kept, QCLog
from . import Filters


def keep(log: QCLog, filters: Filters) -> Kept | None:
    """Variants whose alleles show the strand."""
    if not filters.used("drop_ambiguous"):
        return None
    return Kept(variants=~is_ambiguous(log.variants.ref, log.variants.alt), remark="A/T and C/G")
