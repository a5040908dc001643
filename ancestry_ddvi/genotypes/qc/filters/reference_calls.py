"""Samples whose homozygous calls were left out, as in a file of variants alone."""

from __future__ import annotations

import numpy as np

from ...blocks import in_blocks, positions, thin_evenly
from ...harmonise.reference_calls import left_out
from ...variants import MISSING
from ..counts import alt_frequency, by_sample
from ..log import Kept, QCLog
from . import Filters

MAX_VARIANTS = 20_000
"""More variants are thinned evenly."""


def keep(log: QCLog, filters: Filters) -> Kept:
    """Samples that are homozygous for REF, and for ALT, at some of the variants observed in them.

    A file that lists the variants of a sample has no call that is homozygous for REF. PLINK 1 may
    write its REF as the counted allele, so that dosage 2 is what is left out.
    """
    del filters
    rows = thin_evenly(log.rows, MAX_VARIANTS)
    frequency = np.nan_to_num(alt_frequency(log.store.counts()[rows]))
    expected_share = np.stack([(1 - frequency) ** 2, frequency**2])
    found = np.zeros((2, len(log.samples)), dtype=np.int64)
    expected = np.tile(expected_share.sum(axis=1)[:, None], len(log.samples))
    start = 0
    for dosages in in_blocks(log.store, rows):
        variant, sample = positions(dosages == MISSING)
        for share, sums in zip(expected_share[:, start:], expected, strict=True):
            sums -= np.bincount(sample, share[variant], len(sums))
        found += np.stack([by_sample(dosages == g) for g in (0, 2)])
        start += len(dosages)
    lacking = np.asarray(left_out(found, expected).any(axis=0))
    return Kept(
        samples=np.logical_not(lacking), remark="variants alone", flags="no_reference_calls"
    )
