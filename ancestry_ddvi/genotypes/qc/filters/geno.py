"""Missing calls of variants."""

from __future__ import annotations

from ..counts import by_variant, missing_by_sample, missing_by_variant
from ..log import Kept, QCLog
from . import Filters

GROSS = 0.2
"""Share of missing calls above which a sample or a variant is not counted here."""


def keep(log: QCLog, filters: Filters) -> Kept:
    """Variants missing in at most ``geno`` of the samples.

    A few failed samples must not cost all the variants, so only samples with calls at 80 % of
    the variants count, of those variants at which 80 % of the samples have calls. Arrays and deep
    sequencing miss few calls, reduced representation, as with ``allow_extra_chr``, many.
    """
    most = filters.used("geno")
    sound = log.rows[missing_by_variant(log.counts) <= GROSS]
    counted = missing_by_sample(log.store, sound) <= GROSS
    counts, remark = log.counts, f"missing in more than {most:g}"
    if not counted.all() and counted.any():
        counts = by_variant(log.store, log.rows, counted)
        remark += f" of {counted.sum():,} samples that are not grossly missing themselves"
    return Kept(variants=missing_by_variant(counts) <= most, remark=remark)
