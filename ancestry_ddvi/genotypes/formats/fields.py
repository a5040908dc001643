"""FORMAT fields that say more than a call: PL, GL, GP and DS as three numbers per genotype.

VCF 4.3 specification, section 1.6.2.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

GT = "GT"

_OFF_ONE = 0.05
"""How far the rounded probabilities of a genotype may miss the sum of 1."""

_BEYOND = 0.001
"""How far a rounded dosage may miss the range from 0 to 2."""


def triples(field: str, values: np.ndarray | None, alts: int, alt: int) -> np.ndarray | None:
    """What a record says of 0, 1 and 2 copies of an allele, for everyone.

    Parameters
    ----------
    field : "PL", "GL", "GP" or "DS"
    values : ndarray, (samples, numbers), or None
        As cyvcf2 gives them: missing is negative in PL and not a number elsewhere.
    alts : int
        Alleles in the ALT column of the record.
    alt : int
        Which of them is meant, from 1. Of a gVCF's symbolic allele nothing is read.

    Returns
    -------
    ndarray of float64, (samples, 3), or None
        Likelihoods, the largest of a sample being 1, from PL and GL; probabilities from GP and
        DS, the latter on the whole numbers beside the dosage; not a number where missing or not
        those of a diploid. None if no sample has any.
    """
    columns = [alt - 1] if field == "DS" else [0, _pair(0, alt), _pair(alt, alt)]
    width = alts if field == "DS" else _pair(alts, alts) + 1
    if values is None or values.dtype.kind not in "if" or values.shape[1] != width:
        return None
    numbers = values[:, columns].astype(np.float64)
    with np.errstate(invalid="ignore"):
        found = _READ[field](numbers)
    found[~np.isfinite(found).all(axis=1)] = np.nan
    return None if np.isnan(found).all() else found


def _pair(a: int, b: int) -> int:
    """Place of genotype a/b, a <= b, among all genotypes."""
    return b * (b + 1) // 2 + a


def _phred(values: np.ndarray) -> np.ndarray:
    return _log10(np.where(values < 0, np.nan, values) / -10)


def _log10(values: np.ndarray) -> np.ndarray:
    return np.asarray(10 ** (values - values.max(axis=1, keepdims=True)))


def _probabilities(values: np.ndarray) -> np.ndarray:
    """As they are; not those of old files, which are in phred units."""
    total = values.sum(axis=1, keepdims=True)
    sound = (values.min(axis=1, keepdims=True) >= 0) & (np.abs(total - 1) <= _OFF_ONE)
    return np.where(sound, values / total, np.nan)


def _dosage(values: np.ndarray) -> np.ndarray:
    """All probability on the two whole numbers beside the dosage, or on the dosage itself."""
    sound = (values >= -_BEYOND) & (values <= 2 + _BEYOND)
    apart = np.abs(np.clip(values, 0, 2) - np.arange(3))
    return np.where(sound, np.maximum(1 - apart, 0), np.nan)


_READ: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "PL": _phred,
    "GL": _log10,
    "GP": _probabilities,
    "DS": _dosage,
}

LIKELIHOOD_FIELDS = tuple(_READ)
"""In the order of preference: what the reads said, then what imputation made of it."""

POSTERIORS = frozenset({"GP", "DS"})
"""Fields that hold probabilities of the genotypes after a prior."""
