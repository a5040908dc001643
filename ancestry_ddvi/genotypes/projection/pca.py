"""Principal components of a cohort."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import numpy as np

from ..algebra.eigen import Leading, leading, leading_of
from ..algebra.matrix import GenotypeMatrix

log = logging.getLogger(__name__)

EXACT, ROUGH = 1e-3, 4e-2
"""Relative residuals of components that carry structure, and of others. Their eigenvalues come out
exact to some 1e-6 and 1e-2; those of noise lie so close that more would take many passes."""


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


def tolerances(exact: int, count: int) -> np.ndarray:
    """Relative residuals of ``count`` components of which the first carry structure."""
    return np.asarray(np.where(np.arange(count) < exact, EXACT, ROUGH))


def principal_components(
    matrix: GenotypeMatrix, tolerance: np.ndarray, seed: int
) -> PrincipalComponents:
    """The leading components of standardised dosages, by products with them alone.

    Missing genotypes add nothing to the products of a sample, which are divided by its share of
    observed variants, and nothing to the loadings of a variant.

    Parameters
    ----------
    matrix : GenotypeMatrix
        Standardised dosages.
    tolerance : ndarray of float64, (count,)
        Relative residual of each component; at most samples - 1 are returned.
    seed : int
        Of the start of the iteration.
    """
    samples = matrix.shape[1]
    weight = _weight(matrix)[:, None]

    def apply(right: np.ndarray) -> np.ndarray:
        return np.asarray(weight * matrix.normal_times(weight * right))

    found = leading(apply, samples, tolerance[: samples - 1], seed)
    log.info("Components by %d passes over the genotypes.", found.products)
    trace = float(weight[:, 0] ** 2 @ matrix.squares())
    loadings = _loadings(matrix, weight, found.vectors, found.values)
    squares = _squares(found, trace)
    return PrincipalComponents(loadings, found.values, trace, squares, samples)


def from_products(
    matrix: GenotypeMatrix, products: np.ndarray, tolerance: np.ndarray, seed: int
) -> PrincipalComponents:
    """The same from all products of samples with each other, which few samples have at hand.

    Parameters
    ----------
    matrix, tolerance, seed
        See ``principal_components``.
    products : ndarray of float32, (samples, samples)
        ``matrix.gram()``.
    """
    samples = len(products)
    weight = _weight(matrix)[:, None]
    gram = products * (weight * weight.T)
    values, vectors = leading_of(gram, tolerance[: samples - 1], seed)
    trace, squares = float(np.trace(gram)), float((gram**2).sum())
    loadings = _loadings(matrix, weight, vectors, values)
    return PrincipalComponents(loadings, values, trace, squares, samples)


def _weight(matrix: GenotypeMatrix) -> np.ndarray:
    """One over the share of variants that were observed in each sample; (samples,)."""
    variants, observed = len(matrix.rows), matrix.observed()
    return np.where(observed > 0, variants / np.maximum(observed, 1), 0)


def _squares(found: Leading, trace: float) -> float:
    """Sum of all squared eigenvalues, by the product with a random start.

    It is that of the eigenvalues found, plus that of the others: their mean is known from the
    trace, and their spread about it is estimated by the random start. That spread is a few per
    cent of the sum, so that estimates of the sum itself would be too noisy.
    """
    n = len(found.vectors)
    known = np.linalg.qr(np.column_stack([found.vectors, np.ones(n)]))[0]
    others = n - known.shape[1]
    average = (trace - found.values.sum()) / others
    apart = found.image - average * found.start
    apart -= known @ (known.T @ apart)
    spread = n * (apart**2).sum(axis=0).mean()
    return float((found.values**2).sum() + others * average**2 + spread)


def _loadings(
    matrix: GenotypeMatrix, weight: np.ndarray, vectors: np.ndarray, eigenvalues: np.ndarray
) -> np.ndarray:
    even = weight / weight.mean()  # the mean is accounted for by the call rate of variants
    found = matrix.times(even * vectors / np.sqrt(np.maximum(eigenvalues, 1e-12)))
    call_rate = np.maximum(matrix.call_rate(), 1e-3)
    return _signed(found.astype(np.float64) / call_rate[:, None])


def _signed(loadings: np.ndarray) -> np.ndarray:
    """Fix each component's sign so that its largest loading is positive."""
    largest = np.abs(loadings).argmax(axis=0)
    return np.asarray(loadings * np.sign(loadings[largest, np.arange(loadings.shape[1])]))
