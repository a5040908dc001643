"""Labelled groups of a model as targets of sampling."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import UsageProblem
from ..reference.groups import Groups
from ..reference.normals import Normals


@dataclass(frozen=True)
class GroupTarget:
    """One labelled group of a model.

    Attributes
    ----------
    groups : Groups
    level : int
    name : str
    rotation : ndarray of float64, (dims, dims)
        Coordinates are latents times this.
    share : float
        Share of the samples to be drawn.
    """

    groups: Groups
    level: int
    name: str
    rotation: np.ndarray
    share: float = 1.0

    def log_chance(self, coordinates: np.ndarray) -> np.ndarray:
        """Log of the group's probability at coordinates; (n, dims) -> (n,)."""
        number = self.groups.names(self.level).index(self.name)
        return self.groups.log_chances(self.level, coordinates)[:, number]

    def draw(self, latents: int, chance: np.random.Generator) -> np.ndarray:
        """Latents of a sample drawn from the group's mixture of normals; (latents,).

        Latents beyond the coordinates are standard normal: the group has no model of them.
        """
        (leading,) = self.proposal.sample(1, chance)
        return np.concatenate([leading, chance.standard_normal(latents - len(leading))])

    @property
    def proposal(self) -> Normals:
        """The group's mixture of normals, on the axes of the latents."""
        rotated = self.groups.coordinates_of(self.level, self.name)
        back = self.rotation.T
        return Normals(
            rotated.weight, rotated.mean @ back, self.rotation @ rotated.covariance @ back
        )


def targets(groups: Groups, asked: Sequence[str], rotation: np.ndarray) -> list[GroupTarget]:
    """The groups given as NAME or NAME:WEIGHT, with shares that sum to 1.

    Raises
    ------
    UsageProblem
        If there is no such group, one is given twice, or a weight is not above 0.
    """
    weights: dict[str, tuple[int, float]] = {}
    for text in asked:
        level, name, weight = _read(groups, text)
        if name in weights:
            raise UsageProblem(f"--population {name} is given twice", "Give each group once.")
        weights[name] = level, weight
    total = sum(weight for _, weight in weights.values())
    return [
        GroupTarget(groups, level, name, rotation, weight / total)
        for name, (level, weight) in weights.items()
    ]


def _read(groups: Groups, text: str) -> tuple[int, str, float]:
    """Level, name and weight; the finest level that has the name."""
    levels = range(len(groups.levels))
    found = {name: level for level in reversed(levels) for name in groups.names(level)}
    if text in found:
        return found[text], text, 1.0
    name, colon, number = text.rpartition(":")
    if not colon or name not in found:
        known = "; ".join(f"{groups.levels[i]}: {', '.join(groups.names(i))}" for i in levels)
        raise UsageProblem(f"the model has no group '{name or text}'", f"Groups by level: {known}.")
    try:
        weight = float(number)
    except ValueError:
        weight = math.nan
    if not 0 < weight < math.inf:
        raise UsageProblem(f"--population {text} has no weight above 0", f"Write {name}:0.5.")
    return found[name], name, weight
