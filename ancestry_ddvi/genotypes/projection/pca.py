"""Principal components of a cohort."""

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


@dataclass(frozen=True)
class PrincipalComponents:
    """Leading principal components of the samples in the fit.

    Attributes
    ----------
    loadings : ndarray of float64, (variants, components)
        Unit-norm weights on standardised dosages.
    eigenvalues : ndarray of float64, (components,)
        Squared singular values: the sum of squared scores of the samples in the fit.
    trace, squares : float
        Sum, and sum of squares, of the squared singular values of all components.
    samples : int
    """

    loadings: np.ndarray
    eigenvalues: np.ndarray
    trace: float
    squares: float
    samples: int

    def spread(self, count: int) -> float:
        """Relative standard deviation of the eigenvalues beyond the ``count`` largest."""
        others = max(self.samples - 1 - count, 1)
        mean = max(self.trace - self.eigenvalues[:count].sum(), 1e-12) / others
        squares = max(self.squares - (self.eigenvalues[:count] ** 2).sum(), 0.0)
        return float(np.sqrt(np.clip(squares / others / mean**2 - 1, 0, 1)))


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
    """

    def blocks() -> Iterator[np.ndarray]:
        start = 0
        for dosages in in_blocks(store, rows, samples):
            yield standardise(dosages, frequency[start : start + len(dosages)])
            start += len(dosages)

    observed = len(rows) * np.ones(len(samples))
    for x in blocks():
        observed -= np.isnan(x).sum(axis=0)
    weight = np.where(observed > 0, len(rows) / np.maximum(observed, 1), 0)[:, None]
    count = min(count, len(samples) - 1)
    if len(samples) <= GRAM_SAMPLES:
        eigenvalues, vectors, trace, squares = _from_gram(blocks, weight, count)
    else:
        eigenvalues, vectors, trace, squares = _from_products(blocks, weight, count, seed)
    loadings = _loadings(blocks, weight, vectors, eigenvalues)
    return PrincipalComponents(loadings, eigenvalues, trace, squares, len(samples))


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
    probes. That spread is a few per cent of the sum, so probes of the sum itself would be too
    noisy.
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
