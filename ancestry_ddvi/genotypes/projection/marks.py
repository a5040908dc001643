"""Marks of the samples of a panel: directions of noise in which they, and no others, stand out.

A mark is a sum of the genotypes of the panel with random signs, without what the components say of
them. A sample of the panel has a product with it that holds its own squared length; one of another
sample is noise. Each sample enters with the inverse root of its noise, so all stand out alike:
in the leading components of noise those with rare variants do.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...seeding import stream
from ..algebra.matrix import GenotypeMatrix
from .leave_one_out import alike, times

MARKS = 16
NOTHING = 1e-9
MIN_LEVEL = 0.05
"""Least variance of a standardised dosage about its expectation, for samples of few alleles."""


@dataclass(frozen=True)
class Marks:
    """Marks of a panel.

    Attributes
    ----------
    loadings : ndarray of float64, (variants, marks)
        Orthonormal, and orthogonal to the components.
    recurrence : ndarray of float64, (marks,)
        Mean squared product of samples of the panel, relative to that of new samples.
    """

    loadings: np.ndarray
    recurrence: np.ndarray

    @classmethod
    def of(cls, matrix: GenotypeMatrix, components: np.ndarray, seed: int) -> Marks:
        """Marks of all samples of a matrix.

        Parameters
        ----------
        matrix : GenotypeMatrix
            Standardised dosages.
        components : ndarray of float64, (variants, components)
            Loadings that marks are orthogonal to.
        seed : int
        """
        variants, samples = matrix.shape
        observed = matrix.observed()
        share = variants / np.maximum(observed, 1)
        scores = share[:, None] * matrix.transposed_times(components)
        explained = (scores**2).sum(axis=1) / share
        level = residual_level(matrix.squares(), explained, observed, components.shape[1])
        count = max(0, min(MARKS, samples - 1 - components.shape[1]))
        signs = stream(seed, "marks").choice([-1.0, 1.0], (samples, count))
        drawn = signs / np.sqrt(level)[:, None]
        basis = np.linalg.qr(scores)[0]
        drawn -= basis @ (basis.T @ drawn)
        sums = matrix.times(share[:, None] * drawn).astype(np.float64)
        sums -= components @ (components.T @ sums)
        loadings = np.linalg.qr(sums)[0]
        found = share[:, None] * matrix.transposed_times(loadings)
        recurrence = (found**2 / level[:, None]).mean(axis=0)
        return cls(loadings, np.maximum(recurrence, 1.0))


def residual_level(
    squared: np.ndarray, explained: np.ndarray, observed: np.ndarray, components: int
) -> np.ndarray:
    """Residual variance of a standardised dosage about what least-squares scores say; (samples,).

    Parameters
    ----------
    squared, explained : ndarray of float64, (samples,)
        Squared length of the observed dosages, and of what the scores say of them.
    observed : ndarray, (samples,)
        Number of observed variants.
    components : int
        Number of scores.
    """
    left = np.maximum(observed - components, 1)
    return np.asarray(np.maximum((squared - explained) / left, MIN_LEVEL))


def marked(b: np.ndarray, products: np.ndarray, value: np.ndarray) -> np.ndarray:
    """Products of samples with the marks, beside their scores; (samples, marks).

    For noise of unit variance their variance is 1, whichever variants are observed.

    Parameters
    ----------
    b : ndarray of float64, (samples, components + marks)
    products : ndarray of float64, (samples, components + marks, components + marks)
        Of the loadings over the observed variants.
    value : ndarray of float64, (samples, components)
        Least-squares scores.
    """
    components = value.shape[1]
    across = products[:, components:, :components]
    apart = b[:, components:] - times(across, value)
    some = products[:1] if alike(products) else products
    inside, between = some[:, :components, :components], some[:, :components, components:]
    solved = np.linalg.solve(inside + NOTHING * np.eye(components), between)
    own = np.diagonal(some, axis1=1, axis2=2)[:, components:]
    left = np.maximum(own - (between * solved).sum(axis=1), NOTHING)
    return np.asarray(apart / np.sqrt(left))
