"""A/T and C/G SNPs, whose alleles do not show the strand."""

from __future__ import annotations

import logging

import numpy as np

from ...harmonise.alleles import is_ambiguous
from ..log import Kept, QCLog
from . import Filters

log = logging.getLogger(__name__)

MIN_EXCESS = 0.005
"""Smallest lack of heterozygotes by which a file is taken to hold two strands. In files of one
strand it is up to 0.002; where one in thirty samples is on the other strand, 0.008 or more."""

ERRORS = 4.0
"""Standard errors that it must exceed."""


def keep(cohort: QCLog, filters: Filters) -> Kept:
    """All variants; not A/T and C/G if these are on two strands, or are to be dropped."""
    ambiguous = is_ambiguous(cohort.variants.ref, cohort.variants.alt)
    if filters.drop_ambiguous:
        return Kept(variants=~ambiguous, remark="A/T and C/G")
    excess, error = lack_of_heterozygotes(cohort.counts, ambiguous)
    mixed = excess > max(MIN_EXCESS, ERRORS * error)
    if mixed:
        log.warning(
            "A/T and C/G variants lack %.1f %% of heterozygotes that others have: perhaps some "
            "samples are on the other strand there, as after a merge of arrays. These variants "
            "are dropped.",
            100 * excess,
        )
    return Kept(variants=~(ambiguous & mixed), remark="A/T and C/G if on two strands")


def lack_of_heterozygotes(counts: np.ndarray, chosen: np.ndarray) -> tuple[float, float]:
    """Inbreeding coefficient over chosen variants less that over others, and its standard error.

    On the other strand both alleles of a variant change places. Such samples have other frequencies
    than the rest, and together they have fewer heterozygotes than their frequencies say (Wahlund
    1928). Structure of the cohort lowers heterozygotes at all variants alike.

    Parameters
    ----------
    counts : ndarray of int64, (variants, 4)
        Samples with dosage 0, 1, 2 and missing.
    chosen : ndarray of bool, (variants,)

    Returns
    -------
    excess, error : float
        0 and infinity where no variant of either part varies. The error is about the coefficient
        of all variants, so that a few variants never exceed it by far.
    """
    called = np.maximum(counts[:, :3].sum(axis=1), 1)
    p = (counts[:, 1] / 2 + counts[:, 2]) / called
    expected, found = 2 * p * (1 - p), counts[:, 1] / called
    parts = [expected[chosen].sum(), expected[~chosen].sum()]
    if not min(parts) > 0:
        return 0.0, np.inf
    lacking = expected * (found.sum() / expected.sum()) - found
    excess = lacking[chosen].sum() / parts[0] - lacking[~chosen].sum() / parts[1]
    squared = [(lacking[part] ** 2).sum() for part in (chosen, ~chosen)]
    return float(excess), float(np.sqrt(squared[0] / parts[0] ** 2 + squared[1] / parts[1] ** 2))
