"""Mixtures of normals: a density of many samples that holds no single one's coordinates."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

DENSITIES_AT_ONCE = 2**14

NUMBERS_AT_ONCE = 2**21
"""Of the covariances of normals widened by the noise of samples."""


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
        flat = np.asarray(points, dtype=np.float64).reshape(-1, points.shape[-1])
        found = np.empty((len(flat), len(self.weight)))
        for some, densities in self._in_pieces(flat):
            found[some] = densities.T
        return found.reshape(*points.shape[:-1], -1)

    def log_density(self, points: np.ndarray) -> np.ndarray:
        """Log density of the mixture; (..., dims) -> (...)."""
        flat = np.asarray(points, dtype=np.float64).reshape(-1, points.shape[-1])
        found = np.empty(len(flat))
        for some, densities in self._in_pieces(flat):
            highest = densities.max(axis=0)
            densities -= highest
            np.exp(densities, out=densities)
            found[some] = np.log(densities.sum(axis=0)) + highest
        return found.reshape(points.shape[:-1])

    def _in_pieces(self, points: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
        """Log of weight times density of each normal, of some points at a time.

        float64 (normals, points). Every point by itself, whatever the others: the terms of a
        matrix product may be added in another order.
        """
        inverse = np.linalg.inv(np.linalg.cholesky(self.covariance))
        log_det = np.log(np.diagonal(inverse, axis1=1, axis2=2)).sum(axis=1)
        constant = np.log(self.weight) + log_det - 0.5 * points.shape[-1] * math.log(2 * math.pi)
        step = max(1, DENSITIES_AT_ONCE // len(self.weight))
        for start in range(0, len(points), step):
            some = slice(start, start + step)
            apart = points[some].T - self.mean[:, :, None]
            squared = np.zeros((len(self.weight), apart.shape[2]))
            for i in range(apart.shape[1]):
                whitened = inverse[:, i, 0, None] * apart[:, 0]
                for j in range(1, i + 1):
                    whitened += inverse[:, i, j, None] * apart[:, j]
                squared += whitened**2
            squared *= -0.5
            squared += constant[:, None]
            yield some, squared

    def widened(self, points: np.ndarray, noise: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Distances from the normals, each widened by the noise of the point in question.

        Every point by itself, whatever the others.

        Parameters
        ----------
        points : ndarray of float64, (points, dims)
        noise : ndarray of float64, (points, dims, dims)
            Covariance of each point about its expectation.

        Returns
        -------
        squared : ndarray of float64, (points, normals)
            Squared Mahalanobis distances.
        highest : ndarray of float64, (points, normals)
            Log of weight times density at the means: densities are its sum with
            ``-squared / 2``.
        """
        dims = points.shape[1]
        squared, log_det = (np.empty((len(points), len(self.weight))) for _ in range(2))
        step = max(1, NUMBERS_AT_ONCE // self.covariance.size)
        for start in range(0, len(points), step):
            some = slice(start, start + step)
            factor = np.linalg.cholesky(self.covariance + noise[some, None])
            apart = points[some, None] - self.mean
            whitened = np.linalg.solve(factor, apart[..., None])[..., 0]
            squared[some] = (whitened**2).sum(axis=-1)
            log_det[some] = np.log(np.diagonal(factor, axis1=2, axis2=3)).sum(axis=-1)
        return squared, np.log(self.weight) - log_det - 0.5 * dims * math.log(2 * math.pi)

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
    with np.errstate(divide="ignore"):
        log_weight = np.log(weight).reshape(*weight.shape, *[1] * (values.ndim - 2))
    found = np.empty((len(values), *values.shape[2:]))
    step = max(1, DENSITIES_AT_ONCE // max(1, values[:1].size))
    for start in range(0, len(values), step):
        some = slice(start, start + step)
        terms = values[some] + log_weight[some]
        highest = terms.max(axis=1)
        highest[~np.isfinite(highest)] = 0
        terms -= highest[:, None]
        np.exp(terms, out=terms)
        with np.errstate(divide="ignore"):
            found[some] = np.log(terms.sum(axis=1)) + highest
    return found
