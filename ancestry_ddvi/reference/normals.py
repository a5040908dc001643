"""Mixtures of normals: a density of many samples that holds no single one's coordinates."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Normals:
    """A mixture of normals.

    Attributes
    ----------
    weight : ndarray of float64, (normals,)
        Sum to 1.
    mean : ndarray of float64, (normals, dims)
    covariance : ndarray of float64, (normals, dims, dims)
    """

    weight: np.ndarray
    mean: np.ndarray
    covariance: np.ndarray

    @property
    def spread(self) -> np.ndarray:
        """Covariance of the whole mixture; (dims, dims)."""
        apart = self.mean - self.weight @ self.mean
        within = np.einsum("k,kij->ij", self.weight, self.covariance)
        return np.asarray(within + np.einsum("k,ki,kj->ij", self.weight, apart, apart))

    def log_densities(self, points: np.ndarray) -> np.ndarray:
        """Log of weight times density of each normal; (..., dims) -> (..., normals)."""
        inverse = np.linalg.inv(np.linalg.cholesky(self.covariance))
        log_det = np.log(np.diagonal(inverse, axis1=1, axis2=2)).sum(axis=1)
        apart = points[..., None, :] - self.mean
        whitened = np.einsum("kij,...kj->...ki", inverse, apart)
        constant = np.log(self.weight) + log_det - 0.5 * points.shape[-1] * math.log(2 * math.pi)
        return np.asarray(constant - 0.5 * (whitened**2).sum(axis=-1))

    def log_density(self, points: np.ndarray) -> np.ndarray:
        """Log density of the mixture; (..., dims) -> (...)."""
        from scipy.special import logsumexp

        return np.asarray(logsumexp(self.log_densities(points), axis=-1))

    def sample(self, count: int, chance: np.random.Generator) -> np.ndarray:
        """Draws from the mixture; (count, dims)."""
        which = chance.choice(len(self.weight), count, p=self.weight)
        normal = chance.standard_normal((count, self.mean.shape[1]))
        factor = np.linalg.cholesky(self.covariance)[which]
        return np.asarray(self.mean[which] + np.einsum("nij,nj->ni", factor, normal))

    def __getitem__(self, some: slice) -> Normals:
        """Some of the normals, with their weights unchanged."""
        return Normals(self.weight[some], self.mean[some], self.covariance[some])

    def as_json(self) -> dict[str, Any]:
        """Plain lists."""
        return {name: value.tolist() for name, value in vars(self).items()}


def log_mean(values: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Log of the weighted mean of exp(values) over the draws; (samples, ...).

    Parameters
    ----------
    values : ndarray, (samples, draws, ...)
    weight : ndarray, (samples, draws)
        Rows sum to 1.
    """
    from scipy.special import logsumexp

    with np.errstate(divide="ignore"):
        log_weight = np.log(weight)
    return np.asarray(
        logsumexp(values + log_weight.reshape(*weight.shape, *[1] * (values.ndim - 2)), axis=1)
    )
