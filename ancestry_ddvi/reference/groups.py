"""Labelled groups of the reference panel, and the probability that a sample belongs to each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from .empirical import EmpiricalTail
from .normals import Normals
from .observed import ObservedScores
from .rarity import rarity

TEMPERATURES = np.exp(np.linspace(np.log(0.5), np.log(4), 43))

THINNINGS = (1.0, 10.0, 100.0)
"""Numbers of variants of the model over effective numbers observed, at which each level has a
temperature. Between them its logarithm is linear in that of the thinning."""

LEAST_LOG = -690.0
"""Log probability below which nothing counts."""

LINE = 0.01
"""Share of labelled samples of the panel that are refused as unlike every group."""


@dataclass(frozen=True)
class Groups:
    """Labels of a reference panel on one or more levels, such as population and superpopulation.

    Samples with the same labels on all levels form a cell; a group is the mixture of its cells.
    Every cell is a normal of expected scores, by which samples are assigned, and a normal in the
    map, from which coordinates of the cell are drawn.

    Attributes
    ----------
    levels : tuple of str
        Names of the columns of labels.
    cells : tuple of tuple of str
        The label of each cell on each level.
    scores : Normals
        Expected scores of new samples of each cell, weighted by its share of the samples.
    coordinates : Normals
        True coordinates of its samples, with the same weights.
    temperature : tuple of tuple of float
        What log odds are divided by on each level, at each of ``THINNINGS``; 1 leaves them as
        they are.
    tail : EmpiricalTail, optional
        Of the rarity of labelled samples of the panel among the cells, each judged by cells that
        were found without it; None where there are too few to tell.
    """

    levels: tuple[str, ...]
    cells: tuple[tuple[str, ...], ...]
    scores: Normals
    coordinates: Normals
    temperature: tuple[tuple[float, ...], ...]
    tail: EmpiricalTail | None = None

    def names(self, level: int) -> list[str]:
        """The groups of a level, sorted."""
        return names_of(self.cells, level)

    def probabilities(self, level: int, observed: ObservedScores) -> np.ndarray:
        """Probability of each group of a level; (samples, groups).

        By Bayes' rule, p(group | scores) is proportional to p(group) times the density of the
        scores in the group: that of its cells, each widened by the noise of the sample.

        Parameters
        ----------
        level : int
        observed : ObservedScores
        """
        squared, highest = self.scores.widened(observed.value, observed.covariance)
        chance = grouped(self.cells, level, highest - squared / 2)
        return sharpened(chance, self._temperature(level, observed.thinning))

    def p_groups(self, observed: ObservedScores) -> np.ndarray:
        """Share of the labelled samples of the panel that are rarer among the cells; (samples,)."""
        rare = rarity(self.scores, observed.value, observed.covariance)
        return np.exp(-rare) if self.tail is None else self.tail.chance(rare)

    def unlike(self, observed: ObservedScores) -> np.ndarray:
        """Which samples are unlike every group; bool (samples,)."""
        return np.asarray(self.p_groups(observed) < LINE)

    def log_chances(self, level: int, points: np.ndarray) -> np.ndarray:
        """Log probability of each group of a level at exactly known coordinates.

        Parameters
        ----------
        level : int
        points : ndarray of float64, (n, dims)

        Returns
        -------
        ndarray of float64, (n, groups)
        """
        return grouped(self.cells, level, self.coordinates.log_densities(points))

    def coordinates_of(self, level: int, name: str) -> Normals:
        """The cells of one group in the map, their weights scaled to sum to 1."""
        part, every = _belongs(self.cells, level, name), self.coordinates
        weight = every.weight[part]
        return Normals(weight / weight.sum(), every.mean[part], every.covariance[part])

    def _temperature(self, level: int, thinning: np.ndarray) -> np.ndarray:
        """The temperature of each sample; (samples,)."""
        logs = np.log(self.temperature[level])
        return np.asarray(np.exp(np.interp(np.log(thinning), np.log(THINNINGS), logs)))

    def at(self, temperature: Sequence[tuple[float, ...]]) -> Groups:
        """These groups with the temperatures given, for each level at each of ``THINNINGS``."""
        return replace(self, temperature=tuple(temperature))

    def as_json(self) -> dict[str, Any]:
        """Plain lists."""
        return {
            "levels": list(self.levels),
            "cells": [list(cell) for cell in self.cells],
            "scores": self.scores.as_json(),
            "coordinates": self.coordinates.as_json(),
            "temperature": [list(each) for each in self.temperature],
            "tail": self.tail and asdict(self.tail),
        }


def names_of(cells: Sequence[tuple[str, ...]], level: int) -> list[str]:
    """The groups of a level, sorted."""
    return sorted({cell[level] for cell in cells})


def _belongs(cells: Sequence[tuple[str, ...]], level: int, name: str) -> np.ndarray:
    """Which cells belong to a group; bool (cells,)."""
    return np.array([cell[level] == name for cell in cells])


def grouped(cells: Sequence[tuple[str, ...]], level: int, density: np.ndarray) -> np.ndarray:
    """Log probabilities of groups from log densities of cells; (n, cells) -> (n, groups)."""
    from scipy.special import log_softmax

    groups = [
        np.logaddexp.reduce(density[:, _belongs(cells, level, name)], axis=1)
        for name in names_of(cells, level)
    ]
    return np.asarray(log_softmax(np.stack(groups, axis=1), axis=1))


def sharpened(log_chance: np.ndarray, temperature: np.ndarray) -> np.ndarray:
    """Probabilities with their log odds divided by temperatures, (samples,); rows sum to 1."""
    from scipy.special import softmax

    floored = np.maximum(log_chance, LEAST_LOG)
    return np.asarray(softmax(floored / temperature[:, None], axis=1))


def fitted_temperature(log_chance: np.ndarray, right: np.ndarray) -> float:
    """The temperature with the smallest Brier score.

    The score is bounded, so that a few samples with a wrong label do not decide it. To halve or to
    more than double the odds it must gain half a sample or more.

    Parameters
    ----------
    log_chance : ndarray of float64, (samples, groups)
        At temperature 1.
    right : ndarray of int, (samples,)
        The number of each sample's group.
    """
    truth = right[:, None] == np.arange(log_chance.shape[1])
    losses = [
        ((sharpened(log_chance, np.full(len(right), t)) - truth) ** 2).sum() + np.log(t) ** 2
        for t in TEMPERATURES
    ]
    return float(TEMPERATURES[int(np.argmin(losses))])
