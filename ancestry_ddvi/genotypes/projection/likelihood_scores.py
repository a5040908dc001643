"""Evidence: likelihoods of the three genotypes at each variant to scores, by quasi-likelihood.

What is known of a variant, whatever it was measured by, is a triple of likelihoods L_g, g = 0, 1, 2
copies of ALT; a triple of equal numbers says nothing. A hard call is the triple with one number
that is not zero, and for hard calls the scores are those of ``Projection.read``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from .scores import Projection, Scores, ridge

ERROR = 0.001
"""Added to every likelihood, the largest being 1: no measurement excludes a genotype altogether."""

RAREST = 0.005
"""Closest a sample's own allele frequency comes to 0 or 1."""

ROUNDS = 6
"""The first starts from the panel's frequencies, each other from the sample's own. At half a read
per variant the last moves scores by less than a hundredth of their standard deviation."""

_COPIES = np.arange(3.0)
_WAYS = np.array([1.0, 2.0, 1.0])


@dataclass(frozen=True)
class _Belief:
    """What a sample's variants say, given expected scores; each float64 (variants,).

    ``expected`` is the standardised dosage expected before cnn_classifier, ``frequency`` the allele
    frequency that goes with it, ``mean`` and ``variance`` those of the dosage after cnn_classifier, and
    ``information`` the share of a hard call's that the variant carries.
    """

    expected: np.ndarray
    frequency: np.ndarray
    mean: np.ndarray
    variance: np.ndarray
    information: np.ndarray


def scores_of(
    projection: Projection, samples: Iterable[np.ndarray], error: float = ERROR
) -> Scores:
    r"""Scores on all components, one sample at a time, so that company changes no bit.

    With f the frequency of ALT in the panel, sd\ :sup:`2` = 2f(1 - f) and expected scores s, a
    sample's own frequency is p = f + sd v's / 2 (Conomos et al. 2016, PC-Relate), the genotype
    binomial, and its posterior in proportion to L_g C(2, g) p^g (1 - p)^(2 - g) with mean m and
    variance V. The observed information of p is the complete data's times i = 1 - V / 2p(1 - p)
    (Louis 1982), and Newton's step for the quasi-likelihood of ``Projection.read``, whose working
    variance is sd\ :sup:`2` everywhere, solves

        b = sum_j v_j (i_j v_j's + (m_j - 2 p_j) / sd_j),  A = sum_j i_j v_j v_j',  s = A^-1 b.

    The first step, from s = 0, is that of PCAngsd (Meisner & Albrechtsen 2018). i is cut to 0 to
    1: single variants may fall below 0, and a sum with them may be no precision at all.

    Parameters
    ----------
    projection : Projection
    samples : iterable of ndarray of float, (variants, 3)
        Likelihoods of 0, 1 and 2 copies of the model's ALT, for each sample, up to a factor per
        variant.
    error : float
        Added to likelihoods whose largest is 1.

    Returns
    -------
    Scores
        ``precision`` is A / dispersion / temperature, ``information`` the sum of i, ``length``
        the expected squared length of the complete data, ``observed`` the number of unequal
        triples.
    """
    found = [_one(projection, likelihoods, error) for likelihoods in samples]
    value, precision, length, observed, information = map(np.array, zip(*found, strict=True))
    diploid = np.zeros(len(found), dtype=bool)
    return Scores(value, precision, length, observed.astype(np.int64), information, diploid)


def own_frequency(frequency: np.ndarray, sd: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """A sample's own allele frequency where the standardised dosage v's is expected; any shape.

    Parameters
    ----------
    frequency, sd : ndarray of float64
        Of ALT in the panel, and of a dosage there.
    expected : ndarray of float64
    """
    return np.asarray(np.clip(frequency + sd * expected / 2, RAREST, 1 - RAREST))


def as_likelihoods(posteriors: np.ndarray, frequency: np.ndarray) -> np.ndarray:
    """Likelihoods from posteriors under Hardy-Weinberg at the panel's frequencies.

    Imputation reports posteriors. Its prior is not reported, and taken for that of the panel.

    Parameters
    ----------
    posteriors : ndarray of float, (variants, 3)
    frequency : ndarray of float64, (variants,)

    Returns
    -------
    ndarray of float64, (variants, 3)
    """
    return np.asarray(posteriors / _binomial(frequency))


def spread(nearest: np.ndarray, frequency: np.ndarray) -> np.ndarray:
    """Posteriors of one sample with the same means, as wide as their means are unlike each other.

    An expected dosage leaves open how sure it is: 1.0 may be a plain heterozygote or a variant of
    which nothing is known. Between the narrowest law with that mean, on the whole numbers beside
    it, and a binomial one, the mixture is taken whose variances and squared means together make
    the variance of a dosage, over all variants of the sample (law of total variance). Dosages that
    are all whole are calls, and stay as they are.

    Parameters
    ----------
    nearest : ndarray of float64, (variants, 3)
        Probabilities on the whole numbers beside the dosage; not a number where it is missing.
    frequency : ndarray of float64, (variants,)

    Returns
    -------
    ndarray of float64, (variants, 3)
    """
    mean = nearest @ _COPIES
    narrow = nearest @ _COPIES**2 - mean**2
    if not np.nansum(narrow):
        return nearest
    wide = mean * (2 - mean) / 2
    lacking = 2 * frequency * (1 - frequency) - (mean - 2 * frequency) ** 2 - narrow
    share = np.clip(np.nansum(lacking) / np.nansum(wide - narrow), 0, 1)
    return np.asarray((1 - share) * nearest + share * _binomial(mean / 2))


def _one(
    projection: Projection, likelihoods: np.ndarray, error: float
) -> tuple[np.ndarray, np.ndarray, float, int, float]:
    """Value, precision, length, observed and information of one sample."""
    seen = likelihoods.min(axis=1) < likelihoods.max(axis=1)
    relative = np.asarray(likelihoods[seen], dtype=np.float64)
    relative = relative / relative.max(axis=1, keepdims=True, initial=0.0)
    floored = (1 - error) * relative + error
    loadings, frequency = projection.loadings[seen], projection.frequency[seen]
    sd = np.sqrt(2 * frequency * (1 - frequency))
    value = np.zeros(loadings.shape[1])
    for _ in range(ROUNDS):
        belief = _believe(floored, frequency, sd, loadings @ value)
        root = loadings * np.sqrt(belief.information)[:, None]
        products = root.T @ root
        surprise = (belief.mean - 2 * belief.frequency) / sd
        b = loadings.T @ (belief.information * belief.expected + surprise)
        value = np.linalg.solve(products + ridge(products), b)
    length = float(((((belief.mean - 2 * frequency) ** 2) + belief.variance) / sd**2).sum())
    count = int(seen.sum())
    scaled = length * len(seen) / max(count, 1)
    information = float(belief.information.sum())
    precision = products / projection.dispersion / projection.temperature
    return value, precision, scaled, count, information


def _believe(
    likelihoods: np.ndarray, frequency: np.ndarray, sd: np.ndarray, expected: np.ndarray
) -> _Belief:
    own = own_frequency(frequency, sd, expected)
    posterior = likelihoods * _binomial(own)
    posterior /= posterior.sum(axis=1, keepdims=True)
    mean = posterior @ _COPIES
    variance = np.maximum(posterior @ _COPIES**2 - mean**2, 0)
    information = np.clip(1 - variance / (2 * own * (1 - own)), 0, 1)
    # Where the frequency was held back, so is the expectation: a hard call says what it says.
    return _Belief(2 * (own - frequency) / sd, own, mean, variance, information)


def _binomial(frequency: np.ndarray) -> np.ndarray:
    """Probabilities of 0, 1 and 2 copies; float64 (variants, 3)."""
    p = frequency[:, None]
    return np.asarray(_WAYS * p**_COPIES * (1 - p) ** (2 - _COPIES))
