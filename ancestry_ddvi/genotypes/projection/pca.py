"""Principal components of a cohort, and their leave-one-out shrinkage."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from ...seeding import stream
from ..blocks import GenotypeReader, in_blocks
from .standardise import standardise

GRAM_SAMPLES = 3_000
"""With more samples the samples x samples matrix is applied, but not formed."""

TRACY_WIDOM_95 = 0.9793
"""The 95 % point of the Tracy-Widom distribution (beta = 1)."""


@dataclass(frozen=True)
class PrincipalComponents:
    """Leading principal components of the samples in the fit.

    Attributes
    ----------
    loadings : ndarray of float64, (variants, components)
        Unit-norm weights on standardised dosages.
    eigenvalues : ndarray of float64, (components,)
        Squared singular values: the sum of squared scores of the samples in the fit.
    significant : int
        How many leading components pass the Tracy-Widom test.
    trace, squares : float
        Sum, and sum of squares, of the squared singular values of all components.
    samples : int
    """

    loadings: np.ndarray
    eigenvalues: np.ndarray
    significant: int
    trace: float
    squares: float
    samples: int

    def shrinkage(self, kept: int) -> np.ndarray:
        """Leave-one-out shrinkage of scores on the leading components; (kept,).

        Leaving sample i out of a decomposition with squared singular values d_j changes it by
        one rank: to first order in the rotation of component k towards the others, the score of
        the sample left out is c_k / (1 + sum_{j > kept} c_j^2 / (d_k - d_j)), with c the
        sample's scores. The c_j^2 are in proportion to d_j on average, so the sum is the
        sample's squared length outside the kept components, times

            shrinkage_k = sum_j [d_j / (d_k - d_j)] / sum_j d_j,

        over the Marchenko-Pastur distribution of the noise. Far above the noise it is 1 / d_k;
        near its edge, where component k rotates most easily, it is several times that.
        """
        others = max(self.samples - 1 - kept, 1)
        trace = max(self.trace - self.eigenvalues[:kept].sum(), 1e-12)
        squares = self.squares - (self.eigenvalues[:kept] ** 2).sum()
        aspect = others / effective_markers(trace, squares, others)
        above = self.eigenvalues[:kept] * others / trace
        root = np.sqrt(np.maximum((above - 1 - aspect) ** 2 - 4 * aspect, 0))
        share = (above - 1 - aspect - root) / (2 * aspect)
        return np.asarray(share * others / trace)


def principal_components(
    store: GenotypeReader,
    rows: np.ndarray,
    samples: np.ndarray,
    frequency: np.ndarray,
    count: int,
    seed: int,
) -> PrincipalComponents:
    """The leading components of standardised dosages at ``rows`` among ``samples``.

    Missing genotypes add nothing to the products of a sample, which are divided by its share of
    observed variants, and nothing to the loadings of a variant.

    Parameters
    ----------
    store : GenotypeReader
    rows : ndarray of int64, (variants,)
    samples : ndarray of int64, (samples,)
    frequency : ndarray of float64, (variants,)
        ALT allele frequency used to standardise.
    count : int
        Number of components; at most samples - 1 are returned.
    seed : int
        Of the start of the iteration with more than ``GRAM_SAMPLES`` samples.

    Notes
    -----
    Significance: Patterson, Price & Reich (2006), "Population structure and eigenanalysis",
    equations 5-10, with their effective number of markers.
    """

    def blocks() -> Iterator[np.ndarray]:
        start = 0
        for dosages in in_blocks(store, rows, samples):
            yield standardise(dosages, frequency[start : start + len(dosages)])
            start += len(dosages)

    observed = len(rows) * np.ones(len(samples))
    for x in blocks():
        observed -= np.isnan(x).sum(axis=0)
    weight = (len(rows) / np.maximum(observed, 1))[:, None]
    count = min(count, len(samples) - 1)
    if len(samples) <= GRAM_SAMPLES:
        eigenvalues, vectors, trace, squares = _from_gram(blocks, weight, count)
    else:
        eigenvalues, vectors, trace, squares = _from_products(blocks, weight, count, seed)
    passed = significant(eigenvalues, trace, squares, len(samples))
    loadings = _loadings(blocks, weight, vectors, eigenvalues)
    return PrincipalComponents(loadings, eigenvalues, passed, trace, squares, len(samples))


def significant(eigenvalues: np.ndarray, trace: float, squares: float, samples: int) -> int:
    """Number of leading eigenvalues that are larger than those of noise.

    Patterson et al. (2006): after removing the eigenvalues already accepted, the others are
    rescaled by an effective number of markers and the largest is compared to Tracy-Widom.
    """
    for k, value in enumerate(eigenvalues):
        m = samples - 1 - k
        if m < 3 or trace <= 0:
            return k
        markers = effective_markers(trace, squares, m)
        root, rest = np.sqrt(max(markers - 1, 1.0)), np.sqrt(m)
        centre = (root + rest) ** 2 / markers
        scale = (root + rest) / markers * (1 / root + 1 / rest) ** (1 / 3)
        if (m * value / trace - centre) / scale < TRACY_WIDOM_95:
            return k
        trace, squares = trace - value, squares - value**2
    return len(eigenvalues)


def effective_markers(trace: float, squares: float, count: int) -> float:
    """Number of independent markers with the same spread of ``count`` noise eigenvalues.

    Patterson et al. (2006), equation 10, from the sum and the sum of squares of eigenvalues.
    """
    return (count + 2) * trace**2 / max(count * squares - trace**2, 1e-12)


def _filled(x: np.ndarray) -> np.ndarray:
    """Standardised dosages with 0 where missing, so that they add nothing to a product."""
    return np.asarray(np.nan_to_num(x, copy=False, nan=0.0))


def _from_gram(
    blocks: Callable[[], Iterator[np.ndarray]], weight: np.ndarray, count: int
) -> tuple[np.ndarray, np.ndarray, float, float]:
    from scipy.linalg import eigh

    n = len(weight)
    gram = np.zeros((n, n), dtype=np.float64)
    for x in blocks():
        filled = _filled(x)
        gram += filled.T @ filled
    gram *= weight * weight.T
    values, vectors = eigh(gram, subset_by_index=[n - count, n - 1])
    return values[::-1], vectors[:, ::-1], float(np.trace(gram)), float((gram**2).sum())


def _from_products(
    blocks: Callable[[], Iterator[np.ndarray]], weight: np.ndarray, count: int, seed: int
) -> tuple[np.ndarray, np.ndarray, float, float]:
    """The same from products with the matrix alone.

    The sum of squared eigenvalues is that of the eigenvalues found, plus that of the others:
    their mean is known from the trace, and their spread about it is estimated by random
    probes. The test depends on that spread, a few per cent of the sum, so probes of the sum
    itself would be too noisy.
    """
    from scipy.sparse.linalg import LinearOperator, lobpcg

    n = len(weight)

    def apply(right: np.ndarray) -> np.ndarray:
        right = (weight * right.reshape(n, -1)).astype(np.float32)
        total = np.zeros(right.shape)
        for x in blocks():
            filled = _filled(x)
            total += filled.T @ (filled @ right)
        return weight * total

    probes = stream(seed, "components").standard_normal((n, count + 10))
    image = apply(probes)
    tolerance = 1e-3 * np.sqrt((image**2).mean())
    operator = LinearOperator((n, n), matvec=apply, matmat=apply, dtype=np.float64)
    with warnings.catch_warnings():  # of the last ten, which only speed up the others
        warnings.simplefilter("ignore", UserWarning)
        values, vectors = lobpcg(operator, image, tol=tolerance, maxiter=30)
    trace = float(sum(np.square(_filled(x) * weight[:, 0]).sum(dtype=np.float64) for x in blocks()))
    found = np.linalg.qr(np.column_stack([vectors, np.ones(n)]))[0]
    others = n - found.shape[1]
    average = (trace - values.sum()) / others
    apart = image - average * probes
    apart -= found @ (found.T @ apart)
    spread = (apart**2).sum(axis=0).mean()
    squares = float((values**2).sum() + others * average**2 + spread)
    return values[:count], vectors[:, :count], trace, squares


def _loadings(
    blocks: Callable[[], Iterator[np.ndarray]],
    weight: np.ndarray,
    vectors: np.ndarray,
    eigenvalues: np.ndarray,
) -> np.ndarray:
    even = weight / weight.mean()  # the mean is accounted for by the call rate of variants
    right = (even * vectors / np.sqrt(np.maximum(eigenvalues, 1e-12))).astype(np.float32)
    parts = []
    for x in blocks():
        call_rate = 1 - np.isnan(x).mean(axis=1, keepdims=True)
        parts.append(_filled(x) @ right / np.maximum(call_rate, 1e-3))
    return _signed(np.concatenate(parts).astype(np.float64))


def _signed(loadings: np.ndarray) -> np.ndarray:
    """Fix each component's sign so that its largest loading is positive."""
    largest = np.abs(loadings).argmax(axis=0)
    return np.asarray(loadings * np.sign(loadings[largest, np.arange(loadings.shape[1])]))
