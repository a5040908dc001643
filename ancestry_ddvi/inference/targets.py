"""Labelled groups of a model as something to draw samples for."""

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
    """One group at places of a model, whose coordinates are rotated latents.

    Attributes
    ----------
    groups : Groups
    level : int
    name : str
    rotation : ndarray of float64, (dims, dims)
        Latents times this are coordinates.
    share : float
        Of the samples that are to be drawn.
    """

    groups: Groups
    level: int
    name: str
    rotation: np.ndarray
    share: float = 1.0

    def log_chance(self, places: np.ndarray) -> np.ndarray:
        """Log of the group's calibrated probability at coordinates; (n, dims) -> (n,)."""
        number = self.groups.names(self.level).index(self.name)
        return self.groups.log_chances(self.level, places)[:, number]

    def draw(self, latents: int, chance: np.random.Generator) -> np.ndarray:
        """Latents of a sample of the group, by its normals alone; (latents,).

        Of latents that are no coordinates a group knows nothing: they are standard normal.
        """
        (place,) = self.proposal.sample(1, chance)
        return np.concatenate([place, chance.standard_normal(latents - len(place))])

    @property
    def proposal(self) -> Normals:
        """The group's normals, on the axes of the latents."""
        rotated = self.groups.normals_of(self.level, self.name)
        back = self.rotation.T
        return Normals(
            rotated.weight, rotated.mean @ back, self.rotation @ rotated.covariance @ back
        )


def targets(groups: Groups, asked: Sequence[str], rotation: np.ndarray) -> list[GroupTarget]:
    """The groups that are asked for as NAME or NAME:WEIGHT, with shares that sum to 1.

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
    """Level, name and weight; on the finest level that has the name."""
    levels = range(len(groups.levels))
    found = {name: level for level in reversed(levels) for name in groups.names(level)}
    if text in found:
        return found[text], text, 1.0
    name, colon, number = text.rpartition(":")
    if not colon or name not in found:
        known = "; ".join(f"{groups.levels[i]}: {', '.join(groups.names(i))}" for i in levels)
        raise UsageProblem(
            f"the model knows no group '{name or text}'", f"There are, by level, {known}."
        )
    try:
        weight = float(number)
    except ValueError:
        weight = math.nan
    if not 0 < weight < math.inf:
        raise UsageProblem(f"--population {text} has no weight above 0", f"Write {name}:0.5.")
    return found[name], name, weight
