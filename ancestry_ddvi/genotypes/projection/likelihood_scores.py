"""Scores from genotype likelihoods, by quasi-likelihood.

The data of a variant are three likelihoods L_g, for g = 0, 1, 2 copies of ALT; three equal numbers
carry no information. A hard call has one likelihood that is not zero, and for hard calls the scores
are those of ``Projection.read``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from .marks import marked
from .own_noise import NOTHING, Noise, Stretches, expected_scores, of_noise, own_variance
from .scores import Projected, Projection, ridge

ERROR = 0.001
"""Added to every likelihood, the largest being 1: no measurement excludes a genotype."""

MIN_FREQUENCY = 0.005
"""Smallest distance of a sample's own allele frequency from 0 and 1."""

ITERATIONS = 6
"""The first starts from the frequencies of the panel, the others from the sample's own. At half a
read per variant the last changes scores by less than a hundredth of their standard deviation."""

_COPIES = np.arange(3.0)
_PHASES = np.array([1.0, 2.0, 1.0])


@dataclass(frozen=True)
class _Posterior:
    """The genotypes of a sample given expected scores; each float64 (variants,).

    Attributes
    ----------
    expected
        Standardised dosage expected from the scores alone.
    frequency
        The allele frequency that goes with it.
    mean, variance
        Posterior mean and variance of the dosage.
    information
        Share of the information of a hard call.
    """

    expected: np.ndarray
    frequency: np.ndarray
    mean: np.ndarray
    variance: np.ndarray
    information: np.ndarray


def scores_of(
    projection: Projection, samples: Iterable[np.ndarray], error: float = ERROR
) -> Projected:
    r"""Scores on all components, one sample at a time, whatever the other samples.

    With f the frequency of ALT in the panel, sd\ :sup:`2` = 2f(1 - f) and expected scores s, a
    sample's own frequency is p = f + sd v's / 2 (Conomos et al. 2016, PC-Relate), the genotype
    binomial, and its posterior in proportion to L_g C(2, g) p^g (1 - p)^(2 - g) with mean m and
    variance V. The observed information of p is the complete data's times i = 1 - V / 2p(1 - p)
    (Louis 1982), and Newton's step for the quasi-likelihood of ``Projection.read``, whose working
    variance is sd\ :sup:`2` everywhere, solves

        b = sum_j v_j (i_j v_j's + (m_j - 2 p_j) / sd_j),  A = sum_j i_j v_j v_j',  s = A^-1 b.

    The first step, from s = 0, is that of PCAngsd (Meisner & Albrechtsen 2018). i is clipped to
    [0, 1]: it may be negative at single variants, and A would not be positive definite.

    Parameters
    ----------
    projection : Projection
    samples : iterable of ndarray of float, (variants, 3)
        For each sample, likelihoods of 0, 1 and 2 copies of the model's ALT, up to a factor for
        each variant.
    error : float
        Added to likelihoods whose largest is 1.

    Returns
    -------
    Projected
        ``products`` is A, ``effective_variants`` the sum of i, ``length`` the expected squared
        length of the complete data, and ``observed`` the number of variants whose likelihoods
        differ. The working variance sd\ :sup:`2` decides the scores and not their noise: m has
        the variance i 2p(1 - p), so the covariance of b is that of hard calls times i.
    """
    found = [_sample_scores(projection, likelihoods, error) for likelihoods in samples]
    value, products, noise, level, length, observed, information, of_marks = map(
        np.array, zip(*found, strict=True)
    )
    diploid = np.zeros(len(found), dtype=bool)
    return Projected(
        value, products, noise, level, length, observed.astype(np.int64), information, diploid,
        of_marks,
    )  # fmt: skip


def own_frequency(frequency: np.ndarray, sd: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """A sample's own allele frequency, given its expected standardised dosage; any shape.

    Parameters
    ----------
    frequency, sd : ndarray of float64
        Frequency of ALT in the panel, and standard deviation of a dosage there.
    expected : ndarray of float64
    """
    return np.asarray(np.clip(frequency + sd * expected / 2, MIN_FREQUENCY, 1 - MIN_FREQUENCY))


def as_likelihoods(posteriors: np.ndarray, frequency: np.ndarray) -> np.ndarray:
    """Likelihoods from posteriors, with Hardy-Weinberg at the panel's frequencies as the prior.

    Imputation reports posteriors but not their prior, which is taken to be that of the panel.

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
    """Genotype probabilities of one sample from its dosages, widened to the right variance.

    A dosage does not show its uncertainty: 1.0 may be a heterozygote or a variant without any
    data. The result is a mixture of the narrowest distribution with that mean, on the whole
    numbers next to it, and a binomial one. Its weight is such that variances and squared means
    add up to the variance of a dosage over all variants of the sample (law of total
    variance). Dosages that are all whole are hard calls and do not change.

    Parameters
    ----------
    nearest : ndarray of float64, (variants, 3)
        Probabilities on the whole numbers next to the dosage; NaN where it is missing.
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


def informed(likelihoods: np.ndarray, frequency: np.ndarray) -> np.ndarray:
    """Share of the information of a hard call that the data of one sample have, by variant.

    Parameters
    ----------
    likelihoods : ndarray of float, (variants, 3)
    frequency : ndarray of float64, (variants,)
        Of ALT, by which a genotype is expected.

    Returns
    -------
    ndarray of float64, (variants,)
        0 where the likelihoods are equal, near 1 where one genotype is certain.
    """
    sd = np.sqrt(2 * frequency * (1 - frequency))
    flat = likelihoods.min(axis=1) == likelihoods.max(axis=1)
    found = _posterior(_floored(likelihoods, ERROR), frequency, sd, np.zeros(len(sd))).information
    return np.asarray(np.where(flat, 0.0, found))


def _floored(likelihoods: np.ndarray, error: float) -> np.ndarray:
    """Likelihoods whose largest is 1, and none smaller than ``error``."""
    relative = np.asarray(likelihoods, dtype=np.float64)
    relative = relative / relative.max(axis=1, keepdims=True, initial=0.0)
    return np.asarray((1 - error) * relative + error)


def _sample_scores(
    projection: Projection, likelihoods: np.ndarray, error: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray, float, float, int, float, np.ndarray]:
    """All columns of ``Projected`` but the last but one, of one sample."""
    seen = likelihoods.min(axis=1) < likelihoods.max(axis=1)
    floored = _floored(likelihoods[seen], error)
    loadings, frequency = projection.loadings[seen], projection.frequency[seen]
    sd = np.sqrt(2 * frequency * (1 - frequency))
    value = np.zeros(loadings.shape[1])
    for _ in range(ITERATIONS):
        posterior = _posterior(floored, frequency, sd, loadings @ value)
        root = loadings * np.sqrt(posterior.information)[:, None]
        products = root.T @ root
        residual = (posterior.mean - 2 * posterior.frequency) / sd
        b = loadings.T @ (posterior.information * posterior.expected + residual)
        value = np.linalg.solve(products + ridge(products), b)
    length = float(((((posterior.mean - 2 * frequency) ** 2) + posterior.variance) / sd**2).sum())
    count = int(seen.sum())
    scaled = length * len(seen) / max(count, 1)
    working = posterior.information * posterior.expected + residual
    noise = _noise(projection, seen, products, value, posterior.information, working)
    information = float(posterior.information.sum())
    return (
        value, products, noise.covariance[0], float(noise.level[0]), scaled, count, information,
        _marked(projection.marks[seen], root, posterior.information, working, loadings, value),
    )  # fmt: skip


def _marked(
    marks: np.ndarray,
    root: np.ndarray,
    information: np.ndarray,
    working: np.ndarray,
    loadings: np.ndarray,
    value: np.ndarray,
) -> np.ndarray:
    """Products of one sample with the marks; see ``_sample_scores``, whose arrays these are."""
    both = np.hstack([root, marks * np.sqrt(information)[:, None]])
    b = np.concatenate([working @ loadings, working @ marks])
    return np.asarray(marked(b[None], (both.T @ both)[None], value[None])[0])


def _noise(
    projection: Projection,
    seen: np.ndarray,
    products: np.ndarray,
    value: np.ndarray,
    information: np.ndarray,
    working: np.ndarray,
) -> Noise:
    """The noise of b (``own_noise``), of one sample.

    ``working`` are the terms of b without the loadings, and ``information`` what they have
    instead of 1 for each unit of the expected dosage.
    """
    kept = slice(0, projection.kept)
    loadings, frequency = projection.loadings[seen], projection.frequency[seen]
    sd = np.sqrt(2 * frequency * (1 - frequency))
    scores = expected_scores(products[None, kept, kept], value[None, kept], projection.signal)[0]
    dosage = np.clip(2 * frequency + sd * (loadings[:, kept] @ scores), 0, 2)
    variance = information * own_variance(frequency, sd, dosage)
    apart = working - information * (dosage - 2 * frequency) / sd
    noise = of_noise(loadings, projection.kept)
    squared = (noise**2).sum(axis=1)
    of_genome = Stretches.empty(1, noise.shape[1])
    stretch = projection.stretch[seen]
    for number in np.unique(stretch):
        of_it = stretch == number
        weight = variance[of_it] @ squared[of_it]
        of_genome.add((noise[of_it].T @ apart[of_it])[None], np.array([weight]))
        of_genome.close()
    root = loadings[:, kept] * np.sqrt(variance)[:, None]
    inflation = of_genome.inflation()
    level = (of_genome.weights + NOTHING) / (information @ squared + NOTHING) * inflation
    return Noise((root.T @ root)[None] * inflation, level)


def _posterior(
    likelihoods: np.ndarray, frequency: np.ndarray, sd: np.ndarray, expected: np.ndarray
) -> _Posterior:
    own = own_frequency(frequency, sd, expected)
    posterior = likelihoods * _binomial(own)
    posterior /= posterior.sum(axis=1, keepdims=True)
    mean = posterior @ _COPIES
    variance = np.maximum(posterior @ _COPIES**2 - mean**2, 0)
    information = np.clip(1 - variance / (2 * own * (1 - own)), 0, 1)
    # The expectation is that of the clipped frequency, so that a hard call keeps its dosage.
    return _Posterior(2 * (own - frequency) / sd, own, mean, variance, information)


def _binomial(frequency: np.ndarray) -> np.ndarray:
    """Probabilities of 0, 1 and 2 copies; float64 (variants, 3)."""
    p = frequency[:, None]
    return np.asarray(_PHASES * p**_COPIES * (1 - p) ** (2 - _COPIES))
