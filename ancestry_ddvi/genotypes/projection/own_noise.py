"""The noise of a sample's scores, from its own expected allele frequencies and from linkage.

A dosage has the binomial variance of the sample's own allele frequency, not that of the average
sample: where a population lacks an allele there is no variance, and where the allele is common
there is more than in the panel. Variants on the same chromosome are not independent either, by
linkage and, in admixed samples, by tracts of one ancestry.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from .exact_sums import on_grid

MIN_FREQUENCY = 0.001
"""Smallest distance of a sample's own allele frequency from 0 and 1."""

MIN_STRETCHES = 20
"""Chromosomes are cut into stretches of the genome where there are fewer."""

PRIOR_FREEDOM = 60.0
"""Degrees of freedom with which a sample's inflation by linkage is taken to be 1."""

SCORE_STEPS, FREQUENCY_STEPS, VARIANCE_STEPS = 2**8, 2**8, 2**6
"""Steps per unit to which scores, expected dosages and variances are rounded, so that sums over
variants are exact and do not depend on other samples (``exact_sums``)."""

LARGEST_SCORE, LARGEST_VARIANCE = 2**12, 2**8

NOTHING = 1e-9
"""Weight of variants that counts as none; the noise of nothing is that of the average sample."""

SAMPLES_AT_ONCE = 1024


def stretches(chromosome: np.ndarray) -> np.ndarray:
    """Number of the stretch of the genome of each variant: its chromosome, or a part of it.

    Parameters
    ----------
    chromosome : ndarray of str, (variants,)
        In runs.

    Returns
    -------
    ndarray of int64, (variants,)
        Never decreasing.
    """
    edges = np.flatnonzero(chromosome[1:] != chromosome[:-1]) + 1
    bounds = [0, *edges.tolist(), len(chromosome)]
    parts = -(-MIN_STRETCHES // (len(bounds) - 1))
    number, found = 0, np.zeros(len(chromosome), dtype=np.int64)
    for start, stop in pairwise(bounds):
        cuts = np.linspace(start, stop, min(parts, stop - start) + 1).astype(np.int64)
        for left, right in pairwise(cuts):
            found[left:right] = number
            number += 1
    return found


def own_variance(frequency: np.ndarray, sd: np.ndarray, dosage: np.ndarray) -> np.ndarray:
    """Variance of a standardised dosage whose expectation is known; any shape.

    Parameters
    ----------
    frequency, sd : ndarray of float64
        Frequency of ALT in the panel, and standard deviation of a dosage there.
    dosage : ndarray of float64
        Expected dosage of the sample, twice its own allele frequency (Conomos et al. 2016).
    """
    p = np.clip(dosage / 2, MIN_FREQUENCY, 1 - MIN_FREQUENCY)
    return np.asarray(np.minimum(2 * p * (1 - p) / sd**2, LARGEST_VARIANCE))


def expected_scores(products: np.ndarray, value: np.ndarray, signal: np.ndarray) -> np.ndarray:
    """Scores shrunk by their uncertainty: posterior means under a normal prior.

    Parameters
    ----------
    products : ndarray of float64, (samples, kept, kept)
        V_o' V_o.
    value : ndarray of float64, (samples, kept)
        Least-squares scores.
    signal : ndarray of float64, (kept,)
        Variance of expected scores over the panel.
    """
    b = np.einsum("nij,nj->ni", products, value)
    found = np.linalg.solve(products + np.diag(1 / signal), b[..., None])[..., 0]
    return np.asarray(np.clip(found, -LARGEST_SCORE, LARGEST_SCORE))


@dataclass
class Stretches:
    """Sums over stretches of the genome, for the inflation of variances by linkage.

    On stretch b the residual dosages r of a sample have the products e_b = V_b' r_b with the
    loadings V of noise. Were variants independent, the sum over components of e_b^2 would be w_b
    on average, with w_b the sum of v^2 times the sample's own variances.

    Attributes
    ----------
    current, total : ndarray of float64, (samples, components)
        e of the current stretch, and sum of e over all stretches.
    squares, crossed : ndarray of float64, (samples, ...)
        Sums over stretches of e^2, and of w e.
    weight, weights, weights_squared : ndarray of float64, (samples,)
        w of the current stretch; sums over stretches of w and w^2.
    """

    current: np.ndarray
    total: np.ndarray
    squares: np.ndarray
    crossed: np.ndarray
    weight: np.ndarray
    weights: np.ndarray
    weights_squared: np.ndarray

    @classmethod
    def empty(cls, samples: int, components: int) -> Stretches:
        """No stretch yet."""
        wide = [np.zeros((samples, components)) for _ in range(4)]
        return cls(*wide, *(np.zeros(samples) for _ in range(3)))

    def add(self, product: np.ndarray, weight: np.ndarray) -> None:
        """Add variants to the current stretch."""
        self.current = self.current + product
        self.weight = self.weight + weight

    def close(self) -> None:
        """End the current stretch."""
        self.total += self.current
        self.squares += self.current**2
        self.crossed += self.weight[:, None] * self.current
        self.weights += self.weight
        self.weights_squared += self.weight**2
        self.current, self.weight = np.zeros_like(self.current), np.zeros_like(self.weight)

    def inflation(self, factor: np.ndarray | float = 1.0) -> np.ndarray:
        """Variance of sums over stretches, relative to that of independent variants; (samples,).

        ``factor`` multiplies the variances of variants.

        The share of the total that belongs to a stretch by its weight is taken out first: the
        loadings of a panel carry the noise of its samples, evenly spread over the genome. With
        few stretches the estimate is drawn to 1.
        """
        sum_of_weights = np.maximum(self.weights, 1e-12)
        share = self.weights_squared / sum_of_weights**2
        about = self.squares - 2 * self.total * self.crossed / sum_of_weights[:, None]
        about += share[:, None] * self.total**2
        expected = np.maximum(sum_of_weights * (1 - share), 1e-12)
        freedom = self.total.shape[1] * np.maximum(1 / np.maximum(share, 1e-12) - 1, 0)
        freedom = np.where(share > 0, freedom, 0.0)
        found = about.sum(axis=1) / expected / factor
        return np.asarray((freedom * found + PRIOR_FREEDOM) / (freedom + PRIOR_FREEDOM))


@dataclass(frozen=True)
class Noise:
    """The noise of the sums V_o' x_o of samples.

    Attributes
    ----------
    covariance : ndarray of float64, (samples, kept, kept)
        On the kept components: V_o' diag(h) V_o times the inflation by linkage, with h the
        sample's own variances.
    level : ndarray of float64, (samples,)
        Mean variance of a standardised dosage, on the components of noise, times the same.
    """

    covariance: np.ndarray
    level: np.ndarray


@dataclass(frozen=True)
class Loadings:
    """What the noise of scores needs of a projection, rounded for exact sums.

    Attributes
    ----------
    frequency, sd : ndarray of float64, (variants,)
    stretch : ndarray of int64, (variants,)
    rise : ndarray of float64, (kept, variants)
        Expected dosage for each unit of a score.
    slope : ndarray of float64, (variants, components of noise)
        Loadings on dosages; of all components where none holds noise.
    products : ndarray of float64, (variants, kept (kept + 1) / 2)
        Products of pairs of loadings.
    squared : ndarray of float64, (variants,)
        Sum of squared loadings over the components of noise.
    """

    frequency: np.ndarray
    sd: np.ndarray
    stretch: np.ndarray
    rise: np.ndarray
    slope: np.ndarray
    products: np.ndarray
    squared: np.ndarray

    @classmethod
    def of(
        cls, loadings: np.ndarray, frequency: np.ndarray, stretch: np.ndarray, kept: int
    ) -> Loadings:
        """Of all components, of which the first ``kept`` decide what is expected."""
        sd = np.sqrt(2 * frequency * (1 - frequency))
        first, second = np.triu_indices(kept)
        largest = LARGEST_VARIANCE * VARIANCE_STEPS
        noise = of_noise(loadings, kept)
        return cls(
            frequency,
            sd,
            stretch,
            on_grid((loadings[:, :kept] * sd[:, None]).T, LARGEST_SCORE * SCORE_STEPS),
            on_grid(noise / sd[:, None], 2 * FREQUENCY_STEPS),
            on_grid(loadings[:, first] * loadings[:, second], largest),
            on_grid((noise**2).sum(axis=1), largest),
        )


def of_noise(loadings: np.ndarray, kept: int) -> np.ndarray:
    """Loadings on the components of noise, or on all where there are none."""
    return loadings[:, kept:] if loadings.shape[1] > kept else loadings


def own_noise(
    known: Loadings,
    blocks: Iterable[tuple[slice, np.ndarray]],
    expected: np.ndarray,
    factor: np.ndarray,
) -> Noise:
    """The noise of the sums V_o' x_o of samples with hard calls.

    Parameters
    ----------
    known : Loadings
    blocks : iterable of (slice of variants, int8 (variants, samples))
    expected : ndarray of float64, (samples, kept)
        Expected scores.
    factor : ndarray of float64, (samples,)
        Of binomial variances: 1, or 2 for one allele written twice.
    """
    steps = np.rint(expected * SCORE_STEPS)
    samples, kept = expected.shape
    sums = np.zeros((samples, known.products.shape[1]))
    average = np.zeros(samples)
    seen = Stretches.empty(samples, known.slope.shape[1])
    previous = None
    for variants, dosages in blocks:
        rows = np.arange(variants.start or 0, (variants.start or 0) + len(dosages))
        for run in _runs(known.stretch[rows]):
            if previous is not None and known.stretch[rows[run.start]] != previous:
                seen.close()
            previous = known.stretch[rows[run.start]]
            _add(known, rows[run], dosages[run], steps, sums, seen)
            average += (dosages[run] >= 0).T @ known.squared[rows[run]]
    seen.close()
    inflation = factor * seen.inflation(factor)
    level = (seen.weights + NOTHING) / (average + NOTHING) * inflation
    return Noise(symmetric(sums, kept) * inflation[:, None, None], level)


def _add(
    known: Loadings,
    rows: np.ndarray,
    dosages: np.ndarray,
    steps: np.ndarray,
    sums: np.ndarray,
    seen: Stretches,
) -> None:
    """Add the variants of one stretch to all sums."""
    frequency, sd = known.frequency[rows], known.sd[rows]
    product = np.zeros((len(steps), known.slope.shape[1]))
    weight = np.zeros(len(steps))
    for start in range(0, len(steps), SAMPLES_AT_ONCE):
        some = slice(start, start + SAMPLES_AT_ONCE)
        called = (dosages[:, some] >= 0).T
        dosage = 2 * frequency + steps[some] @ known.rise[:, rows] / SCORE_STEPS
        variance = np.rint(own_variance(frequency, sd, dosage) * VARIANCE_STEPS) * called
        apart = dosages[:, some].T - np.clip(dosage, 0, 2)
        apart = np.rint(apart * FREQUENCY_STEPS) * called
        sums[some] += variance @ known.products[rows] / VARIANCE_STEPS
        weight[some] = variance @ known.squared[rows] / VARIANCE_STEPS
        product[some] = apart @ known.slope[rows] / FREQUENCY_STEPS
    seen.add(product, weight)


def symmetric(upper: np.ndarray, size: int) -> np.ndarray:
    """Symmetric matrices from their upper triangles, row by row; (samples, size, size)."""
    first, second = np.triu_indices(size)
    found = np.empty((len(upper), size, size))
    found[:, first, second] = upper
    found[:, second, first] = upper
    return found


def _runs(numbers: np.ndarray) -> Iterable[slice]:
    """Slices of equal numbers in a row."""
    edges = np.flatnonzero(numbers[1:] != numbers[:-1]) + 1
    for start, stop in pairwise([0, *edges.tolist(), len(numbers)]):
        yield slice(start, stop)
