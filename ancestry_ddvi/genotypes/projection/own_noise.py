"""The noise of a sample's scores, from its own expected allele frequencies and from linkage.

A dosage has the binomial variance of the sample's own allele frequency, not that of the average
sample: where a population lacks an allele there is no variance, and where the allele is common
there is more than in the panel. Variants on the same chromosome are not independent either, by
linkage and, in admixed samples, by tracts of one ancestry.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from .exact_sums import SINGLE, grid_step, to_grid
from .leave_one_out import times

MIN_FREQUENCY = 0.001
"""Smallest distance of a sample's own allele frequency from 0 and 1."""

MIN_STRETCHES = 20
"""Chromosomes are cut into stretches of the genome where there are fewer."""

PRIOR_FREEDOM = 60.0
"""Degrees of freedom with which a sample's inflation by linkage is taken to be 1."""

SCORE_STEPS, DOSAGE_STEPS, VARIANCE_STEPS = 2**8, 2**8, 2**8
"""Steps per unit to which scores, residual dosages and variances of a dosage are rounded, so that
sums over variants are exact and do not depend on other samples (``exact_sums``)."""

LARGEST_SCORE, LARGEST_VARIANCE = 2**12, 2**8

NOTHING = 1e-9
"""Weight of variants that counts as none; the noise of nothing is that of the average sample."""

VARIANTS_AT_ONCE, SAMPLES_AT_ONCE = 256, 256
"""Variants and samples of a tile, which stays in the cache; so many variants are a window."""


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
    b = times(products, value)
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

    Sums over a window of variants are exact in float32, and sums of these in float64.

    Attributes
    ----------
    kept, noise : ndarray of float64, (variants, ...)
        Loadings on the kept components; on dosages, of the components of noise.
    rise : ndarray of float64, (variants, kept + 1)
        Expected dosage for each step of a score; the last is that of 1 for all samples.
    scale : ndarray of float64, (variants,)
        Variance of a standardised dosage for each unit of q (2 - q), with q the expected dosage.
    squared : ndarray of float64, (variants,)
        Sum of squared loadings over the components of noise.
    most : ndarray of float64, (variants,)
        Largest steps of q (2 - q), where the variance is ``LARGEST_VARIANCE``.
    stretch : ndarray of int64, (variants,)
    product_step, squared_step, slope_step : float
        What products of loadings, ``squared`` and ``noise`` are rounded to.
    """

    kept: np.ndarray
    noise: np.ndarray
    rise: np.ndarray
    scale: np.ndarray
    squared: np.ndarray
    most: np.ndarray
    stretch: np.ndarray
    product_step: float
    squared_step: float
    slope_step: float

    @classmethod
    def of(
        cls, loadings: np.ndarray, frequency: np.ndarray, stretch: np.ndarray, kept: int
    ) -> Loadings:
        """Of all components, of which the first ``kept`` decide what is expected."""
        sd = np.sqrt(2 * frequency * (1 - frequency))
        rise = np.column_stack([loadings[:, :kept] * sd[:, None], 2 * frequency]) / SCORE_STEPS
        largest = np.append(np.full(kept, LARGEST_SCORE * SCORE_STEPS), SCORE_STEPS)
        bound = float((np.abs(rise) * largest).sum(axis=1).max(initial=0.0))
        first, scale, noise = loadings[:, :kept], 0.5 / sd**2, of_noise(loadings, kept)
        squared, slope = (noise**2).sum(axis=1), noise / sd[:, None]
        most = np.minimum(VARIANCE_STEPS, VARIANCE_STEPS * LARGEST_VARIANCE / scale)
        variance = (most * scale)[:, None]
        return cls(
            first, slope, to_grid(rise, grid_step(bound)), scale, squared, most, stretch,
            _step(np.abs(first) * variance, np.abs(first)),
            _step(squared[:, None], variance),
            _step(np.abs(slope), np.full_like(variance, 2 * DOSAGE_STEPS)),
        )  # fmt: skip

    def rounding(self, observed: np.ndarray) -> np.ndarray:
        """A variance above that by which rounded sums over observed variants may be too small.

        It matters for samples of a few variants alone, in directions of which they say next to
        nothing; variances of more variants are far larger.

        Parameters
        ----------
        observed : ndarray of int64, (samples,)
        """
        kept = self.kept.shape[1]
        return np.asarray(2 * self.product_step * np.sqrt(kept * np.minimum(observed, 4 * kept)))

    def window(self, rows: slice) -> tuple[np.ndarray, np.ndarray]:
        """Rounded products of pairs of loadings with, last, ``squared``, and rounded ``noise``.

        float32 (kept (kept + 1) / 2 + 1, rows) and (components of noise, rows); for each step of
        what they are multiplied with. ``rows`` are in one window. What is rounded off at one
        variant is added at the next, so that small products are not lost.
        """
        start = rows.start - rows.start % VARIANTS_AT_ONCE
        whole = slice(start, start + VARIANTS_AT_ONCE)
        some = slice(rows.start - start, rows.stop - start)
        kept, scale = np.ascontiguousarray(self.kept[whole].T), self.scale[whole]
        products = _carried(of_pairs(kept, kept * scale), self.product_step)
        squared = _carried(self.squared[None, whole] * scale, self.squared_step)
        slope = to_grid(self.noise[rows].T, self.slope_step)
        return (
            (np.concatenate([products, squared])[:, some] / VARIANCE_STEPS).astype(np.float32),
            (slope / DOSAGE_STEPS).astype(np.float32),
        )


def _carried(weights: np.ndarray, step: float) -> np.ndarray:
    """Weights on a grid whose sums along rows, from the first on, are nearest to the true ones."""
    total = to_grid(np.cumsum(weights, axis=1), step)
    total[:, 1:] -= total[:, :-1].copy()
    return total


def _step(left: np.ndarray, right: np.ndarray) -> float:
    """The step that keeps sums of products of columns exact in float32, over any window.

    ``left`` and ``right`` are the largest absolute values, (variants, ...).
    """
    starts = range(0, len(left), VARIANTS_AT_ONCE)
    windows = (slice(start, start + VARIANTS_AT_ONCE) for start in starts)
    sums = (float((left[w].T @ right[w]).max(initial=0.0)) for w in windows)
    return grid_step(max(sums, default=0.0), SINGLE)


def of_noise(loadings: np.ndarray, kept: int) -> np.ndarray:
    """Loadings on the components of noise, or on all where there are none."""
    return loadings[:, kept:] if loadings.shape[1] > kept else loadings


def own_noise(
    known: Loadings,
    blocks: Iterable[tuple[slice, np.ndarray]],
    expected: np.ndarray,
    factor: np.ndarray,
    average: np.ndarray,
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
    average : ndarray of float64, (samples,)
        Sum of ``Loadings.squared`` over the observed variants.
    """
    samples, kept = expected.shape
    steps = np.rint(np.vstack([expected.T, np.ones(samples)]) * SCORE_STEPS)
    sums = np.zeros((kept * (kept + 1) // 2, samples))
    seen = Stretches.empty(samples, known.noise.shape[1])
    previous = None
    for rows, dosages in _windows(known.stretch, blocks):
        if previous is not None and known.stretch[rows.start] != previous:
            seen.close()
        previous = known.stretch[rows.start]
        _add(known, rows, dosages, steps, sums, seen)
    seen.close()
    inflation = factor * seen.inflation(factor)
    level = (seen.weights + NOTHING) / (average + NOTHING) * inflation
    return Noise(symmetric(sums.T, kept) * inflation[:, None, None], level)


def typical_noise(known: Loadings, expected: np.ndarray) -> np.ndarray:
    """Covariance of the sums V' x from all variants, were they independent.

    ``own_noise`` without the genotypes: linkage inflates it by a few hundredths.

    Parameters
    ----------
    known : Loadings
    expected : ndarray of float64, (samples, kept)
        Expected scores.

    Returns
    -------
    ndarray of float64, (samples, kept, kept)
    """
    samples, kept = expected.shape
    steps = np.rint(np.vstack([expected.T, np.ones(samples)]) * SCORE_STEPS)
    sums = np.zeros((kept * (kept + 1) // 2, samples))
    seen = Stretches.empty(samples, known.noise.shape[1])
    for start in range(0, len(known.kept), VARIANTS_AT_ONCE):
        rows = slice(start, min(start + VARIANTS_AT_ONCE, len(known.kept)))
        _add(known, rows, np.zeros((rows.stop - start, samples), np.int8), steps, sums, seen)
    return symmetric(sums.T, kept)


def _add(
    known: Loadings,
    rows: slice,
    dosages: np.ndarray,
    steps: np.ndarray,
    sums: np.ndarray,
    seen: Stretches,
) -> None:
    """Add a window of variants to all sums."""
    products, slope = known.window(rows)
    whole, most = bool((dosages >= 0).all()), known.most[rows, None].astype(np.float32)
    rare = bool((most < VARIANCE_STEPS).any())
    size = len(dosages), min(SAMPLES_AT_ONCE, steps.shape[1])
    wide, all_single = np.empty(size), np.empty((3, *size), dtype=np.float32)
    for start in range(0, steps.shape[1], SAMPLES_AT_ONCE):
        some = slice(start, min(start + SAMPLES_AT_ONCE, steps.shape[1]))
        exact, single = (each[..., : some.stop - start] for each in (wide, all_single))
        dosage, apart, variance = single
        np.matmul(known.rise[rows], steps[:, some], out=exact)
        np.clip(exact, 2 * MIN_FREQUENCY, 2 - 2 * MIN_FREQUENCY, out=dosage, casting="same_kind")
        np.copyto(apart, dosages[:, some])
        _in_steps(dosage, apart, variance, most if rare else None)
        if not whole:
            absent = dosages[:, some] < 0
            np.copyto(single[1:], 0, where=absent)
        found = (products @ variance).astype(np.float64)
        sums[:, some] += found[:-1]
        seen.weight[some] += found[-1]
        seen.current[some] += (slope @ apart).T


def _in_steps(
    dosage: np.ndarray, apart: np.ndarray, variance: np.ndarray, most: np.ndarray | None
) -> None:
    """Turn calls to residual dosages, and find q (2 - q) with q the expected dosage; in steps."""
    np.subtract(apart, dosage, out=apart)
    np.multiply(apart, np.float32(DOSAGE_STEPS), out=apart)
    np.rint(apart, out=apart)
    np.subtract(np.float32(2), dosage, out=variance)
    np.multiply(variance, dosage, out=variance)
    np.multiply(variance, np.float32(VARIANCE_STEPS), out=variance)
    if most is not None:
        np.minimum(variance, most, out=variance)
    np.rint(variance, out=variance)


def _windows(
    stretch: np.ndarray, blocks: Iterable[tuple[slice, np.ndarray]]
) -> Iterator[tuple[slice, np.ndarray]]:
    """Blocks cut at multiples of 256 variants and between stretches."""
    for variants, dosages in blocks:
        start, stop = variants.start or 0, (variants.start or 0) + len(dosages)
        edges = np.flatnonzero(np.diff(stretch[start:stop])) + 1 + start
        whole = np.arange(start + -start % VARIANTS_AT_ONCE, stop, VARIANTS_AT_ONCE)
        for first, last in pairwise(np.unique([start, *edges, *whole, stop]).tolist()):
            yield slice(first, last), dosages[first - start : last - start]


def of_pairs(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Products of rows i of ``left`` and j >= i of ``right``, in the order of ``symmetric``."""
    size, start = len(left), 0
    found = np.empty((size * (size + 1) // 2, left.shape[1]))
    for i in range(size):
        np.multiply(left[i], right[i:], out=found[start : start + size - i])
        start += size - i
    return found


def symmetric(upper: np.ndarray, size: int) -> np.ndarray:
    """Symmetric matrices from their upper triangles, row by row; (samples, size, size)."""
    first, second = np.triu_indices(size)
    found = np.empty((len(upper), size, size))
    found[:, first, second] = upper
    found[:, second, first] = upper
    return found
