"""The prior "pinwheel" of Piriyakulkij, Wang & Kuleshov (2025).

Its arms are 0.03 wide; those of the paper, 0.005 wide, are too narrow for a grid of nodes.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from .nodes import Nodes


class Pinwheel(Nodes):
    """``arms`` bent arms about the origin, in two dimensions; a partition is an arm.

    Along an arm f ~ N(1, 0.15^2) turns with the angle 2 pi k / K + 0.25 exp(f).
    """

    def __init__(self, arms: int) -> None:
        per_arm, reach = 33, 4.0
        quantile = torch.linspace(-reach, reach, per_arm, dtype=torch.float64)
        weight = torch.exp(-0.5 * quantile**2)
        part = torch.arange(arms).repeat_interleave(per_arm)
        along = (1 + 0.15 * quantile).repeat(arms)
        nodes = _rotated_arms(along, torch.zeros_like(along), part / arms)
        super().__init__(nodes, (weight / weight.sum() / arms).repeat(arms), part, 0.03)

    def as_published(self, n: int) -> Tensor:
        """Draw (n, 2) latents from arms 0.005 wide."""
        part = torch.randint(self.classes, (n,))
        across = 0.005 * torch.randn(n)
        return _rotated_arms(1 + 0.15 * torch.randn(n), across, part / self.classes).to(self.nodes)


def _rotated_arms(along: Tensor, across: Tensor, turns: Tensor) -> Tensor:
    """Points of arms in the plane; (n, 2)."""
    angle = 2 * math.pi * turns + 0.25 * along.exp()
    cos, sin = angle.cos(), angle.sin()
    return torch.stack([cos * along + sin * across, cos * across - sin * along], -1)


def make_pinwheel(dims: int, classes: int, arms: float) -> Pinwheel:
    """A pinwheel with an arm for each class."""
    del dims
    return Pinwheel(classes or int(arms))
