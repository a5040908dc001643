"""FORMAT fields beyond hard calls: PL, GL, GP and DS as three numbers per genotype.

VCF 4.3 specification, section 1.6.2.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

GT = "GT"

_SMALLEST_NORMAL = 2.0**-14
_SUBNORMALS = 2.0**24
"""Of float16: the smallest normal number, and the reciprocal of the spacing below it."""

_SUM_TOLERANCE = 0.05
"""How far rounded genotype probabilities may be from a sum of 1."""

_DOSAGE_TOLERANCE = 0.001
"""How far a rounded dosage may be outside the range from 0 to 2."""


def triples(field: str, values: np.ndarray, alts: int, alt: int) -> np.ndarray | None:
    """Likelihoods or probabilities of 0, 1 and 2 copies of an allele, for all samples.

    Parameters
    ----------
    field : "PL", "GL", "GP" or "DS"
    values : ndarray of float64, (samples, numbers)
        NaN where missing, and after the last number of a sample.
    alts : int
        Alleles in the ALT column of the record.
    alt : int
        The index of the allele among them, from 1; that of a gVCF's symbolic allele is not read.

    Returns
    -------
    ndarray of float64, (samples, 3), or None
        From PL and GL likelihoods, the largest of a sample being 1; from GP probabilities; from
        DS probabilities on the two whole numbers next to the dosage. NaN where missing or not
        of a diploid. None if no sample has any.
    """
    columns = [alt - 1] if field == "DS" else [0, _pair(0, alt), _pair(alt, alt)]
    width = alts if field == "DS" else _pair(alts, alts) + 1
    if values.shape[1] < width:
        return None
    with np.errstate(invalid="ignore", over="ignore"):
        found = _CONVERT[field](values[:, :3] if columns == [0, 1, 2] else values[:, columns])
    finite = np.isfinite(found)
    if not finite.all():
        found[~finite.all(axis=1)] = np.nan
    if values.shape[1] > width:
        found[~np.isnan(values[:, width:]).all(axis=1)] = np.nan
    return found if finite.any() and not np.isnan(found).all() else None


def _pair(a: int, b: int) -> int:
    """Index of genotype a/b, a <= b, among all genotypes (VCF 4.3, section 1.6.2)."""
    return b * (b + 1) // 2 + a


def _phred(values: np.ndarray) -> np.ndarray:
    scaled = values / -10
    scaled[values < 0] = np.nan
    return _log10(scaled)


def _log10(values: np.ndarray) -> np.ndarray:
    # Column by column: over rows of three a reduction is slow.
    largest = np.maximum(np.maximum(values[:, 0], values[:, 1]), values[:, 2])
    return np.asarray(10 ** (values - largest[:, None]))


def _probabilities(values: np.ndarray) -> np.ndarray:
    """As given; phred-scaled probabilities, as in VCF before 4.3, are treated as missing."""
    total = values.sum(axis=1, keepdims=True)
    sound = (values.min(axis=1, keepdims=True) >= 0) & (np.abs(total - 1) <= _SUM_TOLERANCE)
    return np.where(sound, values / total, np.nan)


def _dosage(values: np.ndarray) -> np.ndarray:
    """All probability on the two whole numbers next to the dosage, or on a whole dosage."""
    sound = (values >= -_DOSAGE_TOLERANCE) & (values <= 2 + _DOSAGE_TOLERANCE)
    apart = np.abs(np.clip(values, 0, 2) - np.arange(3))
    return np.where(sound, np.maximum(1 - apart, 0), np.nan)


_CONVERT: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "PL": _phred,
    "GL": _log10,
    "GP": _probabilities,
    "DS": _dosage,
}

LIKELIHOOD_FIELDS = tuple(_CONVERT)
"""In order of preference: likelihoods from reads, then results of imputation."""

FIELDS = (*LIKELIHOOD_FIELDS, GT)
"""All fields that genotypes are read from, the most informative first."""

NOTHING = 255
"""Instead of the index of a field: a sample has none of them."""

POSTERIORS = frozenset({"GP", "DS"})
"""Fields that hold posterior probabilities of genotypes."""


def as_half(values: np.ndarray) -> np.ndarray:
    """Numbers from 0 to 1 as float16, NaN kept; subnormal results by hand, which is much faster."""
    small = values < _SMALLEST_NORMAL
    found = np.where(small, 0, values).astype(np.float16)
    bits = np.rint(np.where(small, values, 0) * _SUBNORMALS).astype(np.uint16)
    return (found.view(np.uint16) + bits).view(np.float16)


def one_hot(dosages: np.ndarray) -> np.ndarray:
    """Calls as likelihoods of 0, 1 and 2 copies: float16 (..., 3), NaN where missing."""
    found: np.ndarray = (dosages[..., None] == np.arange(3)).astype(np.float16)
    found[dosages < 0] = np.nan
    return found
