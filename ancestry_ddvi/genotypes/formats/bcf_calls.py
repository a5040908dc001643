"""GT of BCF records to dosages (VCF 4.3 specification, section 6.3.3).

An allele is coded as ``(index + 1) << 1 | phased``, and a missing one as 0 or 1. Negative values
end a call of fewer alleles than others of the record.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from ..variants import MISSING

HAPLOID, DIPLOID = 1, 2


def copies(values: np.ndarray, alt: int, ploidy: int) -> np.ndarray:
    """Copies of an ALT allele in calls of ``ploidy`` alleles, each REF or that ALT.

    Parameters
    ----------
    values : ndarray of integers, (samples, alleles)
        GT as it is stored.
    alt : int
        Index of the ALT allele, from 1.
    ploidy : int

    Returns
    -------
    ndarray of int8, (samples,)
        Other calls, among them all of another ploidy, are missing.
    """
    if values.dtype == np.int8 and values.shape[1] == DIPLOID:
        return _copies_in_pairs(alt, ploidy).take(values.view("<u2")[:, 0])
    return _copies(values, alt, ploidy)


@lru_cache(maxsize=8)
def _copies_in_pairs(alt: int, ploidy: int) -> np.ndarray:
    """``copies`` by the two bytes of a call: int8 (65536,)."""
    pairs = np.arange(1 << 16, dtype="<u2").view(np.int8).reshape(-1, DIPLOID)
    return _copies(pairs, alt, ploidy)


def _copies(values: np.ndarray, alt: int, ploidy: int) -> np.ndarray:
    if values.shape[1] < ploidy:
        return np.full(len(values), MISSING, np.int8)
    alleles = (values[:, :ploidy] >> 1) - 1
    is_alt = alleles == alt
    known = (is_alt | (alleles == 0)).all(axis=1) & (values[:, ploidy:] < 0).all(axis=1)
    return np.where(known, is_alt.sum(axis=1), MISSING).astype(np.int8)
