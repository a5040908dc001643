"""The normals of cells: samples of a reference panel with the same labels on all levels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from .normals import Normals
from .observed import ObservedScores

MIN_GROUP_SIZE = 5
"""Fewest samples of a group: the mean of fewer would reveal coordinates of single samples."""

ROUNDS = 30

MAP_SHRINKAGE = 6.0
"""Weight of the common covariance in the covariance of every cell in the map, in samples."""

MAP_FLOOR = 5e-4
"""Smallest variance of a cell along each axis of the map, in units of the prior's."""

SCORE_ROUNDS = 15

SCORE_FLOOR = 1e-3
"""Added to the variance of a cell on each component, in units of the noise of scores from all
variants."""

MAX_OF_A_CELL = 1_000
"""The normal of a cell is found from so many of its samples at most."""


class WeightedDraws(Protocol):
    """Weighted posterior draws of samples, and the log density of the prior at each."""

    @property
    def draws(self) -> np.ndarray:
        """(samples, draws, dims)."""

    @property
    def weight(self) -> np.ndarray:
        """(samples, draws); rows sum to 1."""

    @property
    def belief(self) -> np.ndarray:
        """Log density of the prior at each draw; (samples, draws)."""


@dataclass(frozen=True)
class Members:
    """The cells of labelled samples, and which samples are in each.

    Attributes
    ----------
    cells : tuple of tuple of str
        The label of each cell on each level, sorted; cells of fewer than ``MIN_GROUP_SIZE``
        samples are left out.
    rows : tuple of ndarray of int
        Samples of each cell.
    """

    cells: tuple[tuple[str, ...], ...]
    rows: tuple[np.ndarray, ...]

    @classmethod
    def of(cls, labels: Sequence[tuple[str, ...] | None]) -> Members:
        """The cells of the labels of each sample on each level, None where it has none."""
        members: dict[tuple[str, ...], list[int]] = {}
        for row, label in enumerate(labels):
            if label is not None:
                members.setdefault(label, []).append(row)
        cells = [cell for cell in sorted(members) if len(members[cell]) >= MIN_GROUP_SIZE]
        return cls(tuple(cells), tuple(np.array(members[cell], dtype=int) for cell in cells))


def coordinate_normals(rows: Sequence[np.ndarray], posterior: WeightedDraws) -> Normals:
    """The normal of each cell in the map, weighted by its share of the samples.

    It describes true coordinates, not posterior means: expectation maximisation over the draws,
    reweighted from the prior of the model to the cell, removes the width of every posterior.
    Covariances are shrunk towards the common one, which keeps those of small cells well
    conditioned.

    Parameters
    ----------
    rows : sequence of ndarray of int
        Samples of each cell.
    posterior : WeightedDraws
        On the axes of the coordinates.
    """
    log_ratio = np.log(np.maximum(posterior.weight, 1e-300)) - posterior.belief
    draws, ratios = ([each[some] for some in rows] for each in (posterior.draws, log_ratio))
    normals = _in_map(draws, [np.full(z.shape[:2], 1 / z.shape[1]) for z in draws])
    for _ in range(ROUNDS):
        closeness = [
            normals[k : k + 1].log_density(z) + ratio
            for k, (z, ratio) in enumerate(zip(draws, ratios, strict=True))
        ]
        normals = _in_map(draws, [_softmax(each) for each in closeness])
    return normals


def _in_map(draws: Sequence[np.ndarray], weights: Sequence[np.ndarray]) -> Normals:
    """The normal of each cell, from the draws of its samples and their weights."""
    size = np.array([len(z) for z in draws])
    flat = [z.reshape(-1, z.shape[2]) for z in draws]
    even = [w.reshape(-1, 1) for w in weights]
    mean = np.array([w[:, 0] @ z / n for z, w, n in zip(flat, even, size, strict=True)])
    apart = [z - m for z, m in zip(flat, mean, strict=True)]
    scatter = np.array([(w * z).T @ z for z, w in zip(apart, even, strict=True)])
    common = scatter.sum(axis=0) / size.sum()
    covariance = (scatter + MAP_SHRINKAGE * common) / (size + MAP_SHRINKAGE)[:, None, None]
    return Normals(size / size.sum(), mean, covariance + MAP_FLOOR * np.eye(mean.shape[1]))


def _softmax(values: np.ndarray) -> np.ndarray:
    """Weights in proportion to exp(values); rows sum to 1."""
    found = np.exp(values - values.max(axis=1, keepdims=True))
    return np.asarray(found / found.sum(axis=1, keepdims=True))


@dataclass(frozen=True)
class ScoreCells:
    """The normal of expected scores of each cell, not yet shrunk.

    Attributes
    ----------
    size : ndarray of float64, (cells,)
        Number of samples.
    region : ndarray of int, (cells,)
        Group of each cell on the coarsest level; the same for all where there is one level.
    mean : ndarray of float64, (cells, kept)
    error : ndarray of float64, (cells, kept, kept)
        Covariance of ``mean`` about the mean of the population.
    covariance : ndarray of float64, (cells, kept, kept)
    """

    size: np.ndarray
    region: np.ndarray
    mean: np.ndarray
    error: np.ndarray
    covariance: np.ndarray

    @classmethod
    def of(cls, members: Members, observed: ObservedScores) -> ScoreCells:
        """By maximum likelihood, without the noise of any sample (``_without_noise``)."""
        coarse = [cell[-1] if len(cell) > 1 else "" for cell in members.cells]
        found = [_without_noise(observed[_some(rows)]) for rows in members.rows]
        mean, error, covariance = (np.array(each) for each in zip(*found, strict=True))
        return cls(
            np.array([len(rows) for rows in members.rows], dtype=np.float64),
            np.unique(coarse, return_inverse=True)[1],
            mean,
            error,
            covariance,
        )

    def shrunk(self, strength: float) -> Normals:
        """Predictive normals of new samples, with covariances shrunk towards common ones.

        The covariance of a cell is shrunk towards that within the cells of its group on the
        coarsest level, and this towards that within all cells. That of the mean is added.

        Parameters
        ----------
        strength : float
            Weight of the common covariance, in samples.
        """
        size = self.size[:, None, None]
        common = (size * self.covariance).sum(axis=0) / self.size.sum()
        within = np.empty_like(self.covariance)
        for region in np.unique(self.region):
            some = self.region == region
            scatter = (size[some] * self.covariance[some]).sum(axis=0)
            within[some] = (scatter + strength * common) / (self.size[some].sum() + strength)
        covariance = (size * self.covariance + strength * within) / (size + strength)
        floor = SCORE_FLOOR * np.eye(self.mean.shape[1])
        return Normals(self.size / self.size.sum(), self.mean, covariance + self.error + floor)


def _some(rows: np.ndarray) -> np.ndarray:
    """Samples of a cell, at most ``MAX_OF_A_CELL``, evenly spread."""
    count = min(len(rows), MAX_OF_A_CELL)
    return np.asarray(rows[np.linspace(0, len(rows) - 1, count).round().astype(int)])


def _without_noise(observed: ObservedScores) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean of expected scores, its covariance, and the covariance of expected scores.

    A sample of a cell with mean m and covariance S has scores of the distribution N(m, S + C),
    with C the covariance of its own noise. Expectation maximisation over expected scores finds
    S; given S the mean has a closed form.
    """
    value, noise = observed.value, observed.covariance
    apart = value - value.mean(axis=0)
    covariance = _positive(apart.T @ apart / len(value) - noise.mean(axis=0))
    for _ in range(SCORE_ROUNDS):
        precision = np.linalg.inv(covariance + noise)
        error = np.linalg.inv(precision.sum(axis=0))
        mean = error @ np.einsum("nij,nj->i", precision, value)
        gain = covariance @ precision
        expected = np.einsum("nij,nj->ni", gain, value - mean)
        left = covariance - (gain @ covariance).mean(axis=0)
        covariance = expected.T @ expected / len(value) + (left + left.T) / 2
    return mean, (error + error.T) / 2, covariance


def _positive(matrix: np.ndarray) -> np.ndarray:
    """The matrix with eigenvalues of a fiftieth of the noise at least, from where they can grow."""
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    return np.asarray((vectors * np.maximum(values, 0.02)) @ vectors.T)
