"""The shapes of the DDVI paper as blurred curves, each with its partitions.

Piriyakulkij, Wang & Kuleshov (2025). Differences, so that every shape has a density: the swiss
roll is never without noise; the pinwheel's arms, 0.005 wide in the paper, are blurred to 0.03;
the noise of the square goes in all directions, not across its sides alone.
"""

from __future__ import annotations

import itertools
import math

import torch
from torch import Tensor

from .nodes import Nodes

PARTS = 10
"""Partitions of a shape where no sample asks for another number."""


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
        nodes = _turned(along, torch.zeros_like(along), part / arms)
        super().__init__(nodes, (weight / weight.sum() / arms).repeat(arms), part, 0.03)

    def as_published(self, n: int) -> Tensor:
        """Draw (n, 2) latents from arms 0.005 wide."""
        part = torch.randint(self.classes, (n,))
        across = 0.005 * torch.randn(n)
        return _turned(1 + 0.15 * torch.randn(n), across, part / self.classes).to(self.nodes)


def _turned(along: Tensor, across: Tensor, turns: Tensor) -> Tensor:
    """Points of arms in the plane; (n, 2)."""
    angle = 2 * math.pi * turns + 0.25 * along.exp()
    cos, sin = angle.cos(), angle.sin()
    return torch.stack([cos * along + sin * across, cos * across - sin * along], -1)


def pinwheel(dims: int, classes: int, arms: float) -> Pinwheel:
    """A pinwheel with an arm for each class."""
    del dims
    return Pinwheel(classes or int(arms))


def swiss_roll(dims: int, classes: int, sd: float) -> Nodes:
    """Radius 3 sqrt(u) at the angle 4.5 pi sqrt(u), u uniform; a partition is a stretch of u.

    In more dimensions the roll lies in the first two.
    """
    parts = classes or PARTS
    u = _midpoints(parts, math.ceil(20 / sd))
    root = u.sqrt()
    angle = 4.5 * math.pi * root
    roll = torch.stack([3 * root * angle.cos(), 3 * root * angle.sin()], -1)
    flat = torch.zeros(len(u), dims - 2, dtype=torch.float64)
    return Nodes(torch.cat([roll, flat], -1), _even(u), (u * parts).long(), sd)


def square(dims: int, classes: int, sd: float) -> Nodes:
    """The edge of [-1, 1]^2, walked clockwise from the top left; a partition is a stretch of it.

    In more dimensions all edges of the hypercube, without partitions.
    """
    if dims > 2:
        return _hypercube(dims, sd)
    parts = classes or PARTS
    walk = _midpoints(4 * parts, math.ceil(6 / sd)) * 4
    side, along = walk.long(), 2 * (walk % 1) - 1
    one = torch.ones_like(along)
    x = torch.stack([along, one, -along, -one])[side, torch.arange(len(walk))]
    y = torch.stack([one, -along, -one, along])[side, torch.arange(len(walk))]
    return Nodes(torch.stack([x, y], -1), _even(walk), (walk / 4 * parts).long(), sd)


def _hypercube(dims: int, sd: float) -> Nodes:
    along = 2 * _midpoints(1, math.ceil(1.5 / sd)) - 1
    nodes = []
    for axis, corner in itertools.product(
        range(dims), itertools.product((-1.0, 1.0), repeat=dims - 1)
    ):
        fixed = torch.tensor(corner, dtype=torch.float64).expand(len(along), -1)
        nodes.append(torch.cat([fixed[:, :axis], along[:, None], fixed[:, axis:]], -1))
    everything = torch.cat(nodes)
    part = torch.zeros(len(everything), dtype=torch.int64)
    return Nodes(everything, _even(everything), part, sd)


def ring(dims: int, classes: int, blobs: float) -> Nodes:
    """Normals on a circle of radius 1.4, spread 0.5 along the radius and 0.1 across."""
    del dims
    count, per_blob, sd = classes or int(blobs), 33, 0.1
    quantile = torch.linspace(-4, 4, per_blob, dtype=torch.float64)
    weight = torch.exp(-0.5 * quantile**2)
    radius = (1.4 + math.sqrt(0.5**2 - sd**2) * quantile).repeat(count)
    part = torch.arange(count).repeat_interleave(per_blob)
    angle = 2 * math.pi * part / count
    nodes = torch.stack([radius * angle.cos(), radius * angle.sin()], -1)
    return Nodes(nodes, (weight / weight.sum() / count).repeat(count), part, sd)


def _midpoints(parts: int, least: int) -> Tensor:
    """Midpoints of equal cells of (0, 1), ``least`` or more, none across a border of ``parts``."""
    count = parts * math.ceil(least / parts)
    return (torch.arange(count, dtype=torch.float64) + 0.5) / count


def _even(nodes: Tensor) -> Tensor:
    return torch.full((len(nodes),), 1 / len(nodes), dtype=torch.float64)
