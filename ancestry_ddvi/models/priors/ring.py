"""The prior "ring": normals on a circle."""

from __future__ import annotations

import math

import torch

from .nodes import Nodes


def make_ring(dims: int, classes: int, blobs: float) -> Nodes:
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
