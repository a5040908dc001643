"""The prior "swiss-roll" of Piriyakulkij, Wang & Kuleshov (2025), always with noise.

Without noise the roll has no density.
"""

from __future__ import annotations

import math

import torch

from .nodes import PARTS, Nodes, equal_weights, midpoints


def make_swiss_roll(dims: int, classes: int, sd: float) -> Nodes:
    """Radius 3 sqrt(u) at the angle 4.5 pi sqrt(u), u uniform; a partition is a stretch of u.

    In more dimensions the roll lies in the first two.
    """
    parts = classes or PARTS
    u = midpoints(parts, math.ceil(20 / sd))
    root = u.sqrt()
    angle = 4.5 * math.pi * root
    roll = torch.stack([3 * root * angle.cos(), 3 * root * angle.sin()], -1)
    flat = torch.zeros(len(u), dims - 2, dtype=torch.float64)
    return Nodes(torch.cat([roll, flat], -1), equal_weights(u), (u * parts).long(), sd)
