"""Minor allele frequency, before and after relatives are left out."""

from __future__ import annotations

from ..counts import minor
from ..log import Kept, QCLog
from . import Filters

LARGE_COHORT = 500


def keep(log: QCLog, filters: Filters) -> Kept:
    """Variants with a frequency of ``maf`` or more among the samples still there."""
    return _common(log, *_thresholds(filters, int(log.samples.sum())))


def keep_among_unrelated(log: QCLog, filters: Filters) -> Kept:
    """The same with the same thresholds, now that relatives are left out."""
    return _common(log, *_thresholds(filters, log.step("maf").samples_after))


def _thresholds(filters: Filters, samples: int) -> tuple[float, int]:
    """Smallest minor allele frequency and count; at least 1, or the variant does not vary."""
    if filters.maf is not None:
        return filters.maf, 1
    return (0.01, 20) if samples >= LARGE_COHORT else (0.05, 1)


def _common(log: QCLog, maf: float, mac: int) -> Kept:
    count, frequency = minor(log.counts)
    remark = f"below {maf:g}" + (f" or {mac} copies" if mac > 1 else "")
    return Kept(variants=(frequency >= maf) & (count >= mac), remark=remark)
