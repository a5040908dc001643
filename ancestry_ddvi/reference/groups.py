"""Labelled groups of the reference panel, and the probability that a sample belongs to each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from .normals import Normals, log_mean

MIN_GROUP_SIZE = 5
"""Fewest samples of a group: the mean of fewer would reveal coordinates of single samples."""

SHRINKAGE = 6.0
"""Weight of the common covariance in the covariance of every group, in samples."""

ROUNDS = 30
FLOOR = 5e-4
"""Smallest variance of a group along each axis, in units of the prior's."""

TEMPERATURES = np.exp(np.linspace(np.log(0.5), np.log(4), 43))

THINNINGS = (1.0, 10.0, 100.0)
"""Numbers of variants of the model over effective numbers observed, at which each level has a
temperature. Between them its logarithm is linear in that of the thinning."""


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
class Groups:
    """Labels of a reference panel on one or more levels, such as population and superpopulation.

    Samples with the same labels on all levels form a cell. Every cell is a normal in the space of
    coordinates; a group is the mixture of its cells.

    Attributes
    ----------
    levels : tuple of str
        Names of the columns of labels.
    cells : tuple of tuple of str
        The label of each cell on each level.
    normals : Normals
        One for each cell, weighted by its share of the samples.
    temperature : tuple of tuple of float
        What log odds are divided by on each level, at each of ``THINNINGS``; 1 leaves them as
        they are.
    """

    levels: tuple[str, ...]
    cells: tuple[tuple[str, ...], ...]
    normals: Normals
    temperature: tuple[tuple[float, ...], ...]

    @classmethod
    def of(
        cls,
        levels: Sequence[str],
        labels: Sequence[tuple[str, ...]],
        posterior: WeightedDraws,
    ) -> Groups | None:
        """Groups of labelled samples; None where no cell has ``MIN_GROUP_SIZE`` samples.

        The normal of a cell describes true coordinates, not posterior means: expectation
        maximisation over the draws, reweighted from the prior of the model to the cell, removes
        the width of every posterior. Covariances are shrunk towards the common one, which keeps
        those of small cells well conditioned.

        Parameters
        ----------
        levels : sequence of str
        labels : sequence of tuple of str
            Of each sample on each level.
        posterior : WeightedDraws
        """
        members: dict[tuple[str, ...], list[int]] = {}
        for row, label in enumerate(labels):
            members.setdefault(label, []).append(row)
        cells = [cell for cell in sorted(members) if len(members[cell]) >= MIN_GROUP_SIZE]
        if not cells:
            return None
        log_ratio = np.log(np.maximum(posterior.weight, 1e-300)) - posterior.belief
        samples = [(posterior.draws[members[cell]], log_ratio[members[cell]]) for cell in cells]
        draws = [z for z, _ in samples]
        normals = _fitted(draws, [np.full(z.shape[:2], 1 / z.shape[1]) for z in draws])
        for _ in range(ROUNDS):
            closeness = [
                normals[k : k + 1].log_density(z) + ratio for k, (z, ratio) in enumerate(samples)
            ]
            normals = _fitted(draws, [_softmax(each) for each in closeness])
        even = (1.0,) * len(THINNINGS)
        return cls(tuple(levels), tuple(cells), normals, (even,) * len(levels))

    def names(self, level: int) -> list[str]:
        """The groups of a level, sorted."""
        return sorted({cell[level] for cell in self.cells})

    def probabilities(
        self, level: int, posterior: WeightedDraws, thinning: np.ndarray | None = None
    ) -> np.ndarray:
        """Probability of each group of a level; (samples, groups).

        By Bayes' rule, p(group | x) is proportional to p(group) times the integral of
        p(x | z) p(z | group). That integral is the mean of p(z | group) / p(z) over the
        posterior under the model's prior p(z), so the prior is not counted twice.

        Parameters
        ----------
        level : int
        posterior : WeightedDraws
        thinning : ndarray of float64, (samples,), optional
            Number of variants of the model over the effective number observed; by default 1.
        """
        ratio = self.normals.log_densities(posterior.draws) - posterior.belief[..., None]
        by_cell = log_mean(ratio, posterior.weight)
        names = self.names(level)
        part = np.array([names.index(cell[level]) for cell in self.cells])
        belongs = part[:, None] == np.arange(len(names))
        every = np.exp(by_cell - by_cell.max(axis=1, keepdims=True)) @ belongs
        return self.sharpened(level, every, thinning)

    def sharpened(
        self, level: int, chance: np.ndarray, thinning: np.ndarray | None = None
    ) -> np.ndarray:
        """Probabilities at temperature 1 brought to the temperatures of a level."""
        thinning = np.ones(len(chance)) if thinning is None else thinning
        return _sharpened(chance, self._temperature(level, thinning))

    def log_chances(self, level: int, points: np.ndarray) -> np.ndarray:
        """Log probability of each group of a level at exactly known coordinates.

        The limit of ``probabilities`` for a posterior that is a point; the prior cancels.

        Parameters
        ----------
        level : int
        points : ndarray of float64, (n, dims)

        Returns
        -------
        ndarray of float64, (n, groups)
        """
        from scipy.special import log_softmax

        cells = self.normals.log_densities(points)
        groups = [
            np.logaddexp.reduce(cells[:, self._belongs(level, name)], axis=1)
            for name in self.names(level)
        ]
        return np.asarray(
            log_softmax(np.stack(groups, axis=1) / self.temperature[level][0], axis=1)
        )

    def _temperature(self, level: int, thinning: np.ndarray) -> np.ndarray:
        """The temperature of each sample; (samples,)."""
        logs = np.log(self.temperature[level])
        return np.asarray(np.exp(np.interp(np.log(thinning), np.log(THINNINGS), logs)))

    def normals_of(self, level: int, name: str) -> Normals:
        """The cells of one group, their weights scaled to sum to 1."""
        part, all_of = self._belongs(level, name), self.normals
        weight = all_of.weight[part]
        return Normals(weight / weight.sum(), all_of.mean[part], all_of.covariance[part])

    def _belongs(self, level: int, name: str) -> np.ndarray:
        """Which cells belong to a group; bool (cells,)."""
        return np.array([cell[level] == name for cell in self.cells])

    def tempered(self, shown: Sequence[Sequence[tuple[np.ndarray, Sequence[str]]]]) -> Groups:
        """These groups with temperatures fitted to samples that were not used to make them.

        Parameters
        ----------
        shown : sequence of sequence of (ndarray, sequence of str)
            For each level and each of ``THINNINGS``, probabilities at temperature 1, (samples,
            groups), and true labels. Where there is a single thinning, it stands for all.
        """
        found = [
            tuple(self._fitted_temperature(level, *each) for each in by_thinning)
            for level, by_thinning in enumerate(shown)
        ]
        return self.at([each if len(each) > 1 else each * len(THINNINGS) for each in found])

    def _fitted_temperature(self, level: int, chance: np.ndarray, truth: Sequence[str]) -> float:
        """The temperature with the smallest Brier score; 1 where no label is that of a group.

        The score is bounded, so that a few samples with a wrong label do not decide it. To halve
        or to more than double the odds it must gain half a sample or more.
        """
        names = self.names(level)
        known = [i for i, name in enumerate(truth) if name in names]
        if not known:
            return 1.0
        right = np.array([names.index(truth[i]) for i in known])[:, None] == np.arange(len(names))
        losses = [
            ((_sharpened(chance[known], np.full(len(known), t)) - right) ** 2).sum()
            + np.log(t) ** 2
            for t in TEMPERATURES
        ]
        return float(TEMPERATURES[int(np.argmin(losses))])

    def at(self, temperature: Sequence[tuple[float, ...]]) -> Groups:
        """These groups with the temperatures given, for each level at each of ``THINNINGS``."""
        return replace(self, temperature=tuple(temperature))

    def as_json(self) -> dict[str, Any]:
        """Plain lists."""
        return {
            "levels": list(self.levels),
            "cells": [list(cell) for cell in self.cells],
            "normals": self.normals.as_json(),
            "temperature": [list(each) for each in self.temperature],
        }


def _fitted(draws: Sequence[np.ndarray], weights: Sequence[np.ndarray]) -> Normals:
    """The normal of each cell, from the draws of its samples and their weights."""
    size = np.array([len(z) for z in draws])
    flat = [z.reshape(-1, z.shape[2]) for z in draws]
    even = [w.reshape(-1, 1) for w in weights]
    mean = np.array([w[:, 0] @ z / n for z, w, n in zip(flat, even, size, strict=True)])
    apart = [z - m for z, m in zip(flat, mean, strict=True)]
    scatter = np.array([(w * z).T @ z for z, w in zip(apart, even, strict=True)])
    common = scatter.sum(axis=0) / size.sum()
    covariance = (scatter + SHRINKAGE * common) / (size + SHRINKAGE)[:, None, None]
    return Normals(size / size.sum(), mean, covariance + FLOOR * np.eye(mean.shape[1]))


def _softmax(values: np.ndarray) -> np.ndarray:
    """Weights in proportion to exp(values); rows sum to 1."""
    found = np.exp(values - values.max(axis=1, keepdims=True))
    return np.asarray(found / found.sum(axis=1, keepdims=True))


def _sharpened(chance: np.ndarray, temperature: np.ndarray) -> np.ndarray:
    """Probabilities with their log odds divided by temperatures, (samples,); rows sum to 1."""
    powers = np.maximum(chance, 1e-300) ** (1 / temperature[:, None])
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))
