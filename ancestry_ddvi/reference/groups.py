"""Labelled groups of the panel, and how likely a person belongs to each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from .normals import Normals, log_mean

FEWEST = 5
"""People below which a group is not kept: a mean of so few would say where somebody is."""

SHRINKAGE = 6.0
"""People's worth of the common covariance in that of every group."""

ROUNDS = 30
FLOOR = 5e-4
"""Least variance of a group along each axis, in units of the prior's."""

TEMPERATURES = np.exp(np.linspace(np.log(0.5), np.log(4), 43))


class Placed(Protocol):
    """Weighted draws of people, and what the model believed of them beforehand."""

    @property
    def draws(self) -> np.ndarray:
        """(people, draws, dims)."""

    @property
    def weight(self) -> np.ndarray:
        """(people, draws); rows sum to 1."""

    @property
    def belief(self) -> np.ndarray:
        """Log density of the prior at each draw; (people, draws)."""


@dataclass(frozen=True)
class Groups:
    """The labels of a panel, on one level or several, such as population and superpopulation.

    People with the same labels on all levels make a cell, and every cell is a normal in the
    space of places; a group is a mixture of its cells.

    Attributes
    ----------
    levels : tuple of str
        Names of the columns of labels.
    cells : tuple of tuple of str
        The label of each cell on each level.
    normals : Normals
        One for each cell, weighted by its share of the people.
    temperature : tuple of float
        On each level, what log odds are divided by: 1 where they are right as they are.
    """

    levels: tuple[str, ...]
    cells: tuple[tuple[str, ...], ...]
    normals: Normals
    temperature: tuple[float, ...]

    @classmethod
    def of(
        cls,
        levels: Sequence[str],
        labels: Sequence[tuple[str, ...]],
        draws: np.ndarray,
        weight: np.ndarray,
        log_prior: np.ndarray,
    ) -> Groups | None:
        """Groups of labelled people; None where no cell has ``FEWEST`` people.

        A cell is where its people truly are, not where their posterior means are: expectation
        maximisation over the draws, reweighted from the model's prior to the cell, takes the
        width of everybody's posterior out again. Covariances are shrunk to the common one, so
        that a small cell has one too.

        Parameters
        ----------
        levels : sequence of str
        labels : sequence of tuple of str
            Of each person on each level.
        draws : ndarray, (people, draws, dims)
        weight, log_prior : ndarray, (people, draws)
            As in ``probabilities``.
        """
        cells = [cell for cell in sorted(set(labels)) if labels.count(cell) >= FEWEST]
        if not cells:
            return None
        rows = [np.flatnonzero([label == cell for label in labels]) for cell in cells]
        size = np.array([len(members) for members in rows])
        ratio = np.log(np.maximum(weight, 1e-300)) - log_prior
        people = [(draws[members], ratio[members]) for members in rows]
        wide = [np.ones(z.shape[:2]) / z.shape[1] for z, _ in people]
        normals = _fitted(size, [z for z, _ in people], wide)
        for _ in range(ROUNDS):
            each = zip(people, normals, strict=True)
            normals = _fitted(
                size,
                [z for z, _ in people],
                [_weights(one.log_densities(z)[..., 0] + r) for (z, r), one in each],
            )
        return cls(tuple(levels), tuple(cells), Normals.join(normals), (1.0,) * len(levels))

    def names(self, level: int) -> list[str]:
        """The groups of a level, in order."""
        return sorted({cell[level] for cell in self.cells})

    def probabilities(
        self, level: int, draws: np.ndarray, weight: np.ndarray, log_prior: np.ndarray
    ) -> np.ndarray:
        """Probability of each group of a level; (people, groups).

        By Bayes' rule, p(group | x) is in proportion to p(group) times the integral of
        p(x | z) p(z | group), which is the mean of p(z | group) / p(z) over the posterior
        under the model's own prior p(z): the prior of places is not counted twice.

        Parameters
        ----------
        draws : ndarray, (people, draws, dims)
            From everybody's posterior.
        weight : ndarray, (people, draws)
            Rows sum to 1.
        log_prior : ndarray, (people, draws)
            Log density of the model's prior at each draw.
        """
        by_cell = log_mean(self.normals.log_densities(draws) - log_prior[..., None], weight)
        names = self.names(level)
        part = np.array([names.index(cell[level]) for cell in self.cells])
        belongs = part[:, None] == np.arange(len(names))
        every = np.exp(by_cell - by_cell.max(axis=1, keepdims=True)) @ belongs
        return _normalised(np.maximum(every, 1e-300) ** (1 / self.temperature[level]))

    def of_placement(self, level: int, placed: Placed) -> np.ndarray:
        """Probabilities of people who are placed; (people, groups)."""
        return self.probabilities(level, placed.draws, placed.weight, placed.belief)

    def tempered(self, shown: Sequence[tuple[np.ndarray, Sequence[str]]]) -> Groups:
        """With the temperatures that suit people who were not used to make the groups.

        Parameters
        ----------
        shown : sequence of (ndarray, sequence of str)
            For each level, probabilities at temperature 1, (people, groups), and the truth; a
            person may be shown several times, with more evidence and with less.
        """
        found = []
        for level, (chance, truth) in enumerate(shown):
            names = self.names(level)
            known = [i for i, name in enumerate(truth) if name in names]
            right = np.array([names.index(truth[i]) for i in known], dtype=int)
            found.append(_temperature(chance[known], right) if known else 1.0)
        return self.at(found)

    def at(self, temperature: Sequence[float]) -> Groups:
        """With these temperatures."""
        return replace(self, temperature=tuple(temperature))

    def as_json(self) -> dict[str, Any]:
        """Plain lists."""
        return {
            "levels": list(self.levels),
            "cells": [list(cell) for cell in self.cells],
            "normals": self.normals.as_json(),
            "temperature": list(self.temperature),
        }

    @classmethod
    def of_json(cls, record: Mapping[str, Any]) -> Groups:
        """The inverse of ``as_json``."""
        return cls(
            tuple(record["levels"]),
            tuple(tuple(cell) for cell in record["cells"]),
            Normals.of_json(record["normals"]),
            tuple(record["temperature"]),
        )


def entropy(chance: np.ndarray) -> np.ndarray:
    """Entropy of each row of probabilities, in nats; (people,)."""
    return np.asarray(-(chance * np.log(np.maximum(chance, 1e-300))).sum(axis=1))


def _fitted(
    size: np.ndarray, places: Sequence[np.ndarray], weights: Sequence[np.ndarray]
) -> list[Normals]:
    """The normal of each cell, from its people's draws and their weights."""
    mean = [np.einsum("ns,nsi->i", w, z) / len(z) for z, w in zip(places, weights, strict=True)]
    scatter = np.array([
        np.einsum("ns,nsi,nsj->ij", w, z - m, z - m)
        for z, w, m in zip(places, weights, mean, strict=True)
    ])  # fmt: skip
    common = scatter.sum(axis=0) / size.sum()
    covariance = (scatter + SHRINKAGE * common) / (size + SHRINKAGE)[:, None, None]
    covariance += FLOOR * np.eye(scatter.shape[1])
    share = size / size.sum()
    return [Normals(share[k : k + 1], m[None], covariance[k : k + 1]) for k, m in enumerate(mean)]


def _weights(log_weight: np.ndarray) -> np.ndarray:
    """Weights whose rows sum to 1."""
    return _normalised(np.exp(log_weight - log_weight.max(axis=1, keepdims=True)))


def _normalised(values: np.ndarray) -> np.ndarray:
    return np.asarray(values / values.sum(axis=1, keepdims=True))


def _temperature(chance: np.ndarray, right: np.ndarray) -> float:
    """The temperature with the least log loss (Guo et al. 2017)."""
    losses = []
    for temperature in TEMPERATURES:
        tempered = _normalised(np.maximum(chance, 1e-300) ** (1 / temperature))
        losses.append(-np.log(np.maximum(tempered[np.arange(len(right)), right], 1e-12)).mean())
    return float(TEMPERATURES[int(np.argmin(losses))])
