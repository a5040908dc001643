"""The prior "square" of Piriyakulkij, Wang & Kuleshov (2025).

Noise goes in all directions; in the paper it goes across the sides alone.
"""

from __future__ import annotations

import itertools
import math

import torch

from .nodes import PARTS, Nodes, equal_weights, midpoints


def make_square(dims: int, classes: int, sd: float) -> Nodes:
    """The edge of [-1, 1]^2, walked clockwise from the top left; a partition is a stretch of it.

    In more dimensions all edges of the hypercube, without partitions.
    """
    if dims > 2:
        return _hypercube(dims, sd)
    parts = classes or PARTS
    walk = midpoints(4 * parts, math.ceil(6 / sd)) * 4
    side, along = walk.long(), 2 * (walk % 1) - 1
    one = torch.ones_like(along)
    x = torch.stack([along, one, -along, -one])[side, torch.arange(len(walk))]
    y = torch.stack([one, -along, -one, along])[side, torch.arange(len(walk))]
    return Nodes(torch.stack([x, y], -1), equal_weights(walk), (walk / 4 * parts).long(), sd)


def _hypercube(dims: int, sd: float) -> Nodes:
    along = 2 * midpoints(1, math.ceil(1.5 / sd)) - 1
    nodes = []
    for axis, corner in itertools.product(
        range(dims), itertools.product((-1.0, 1.0), repeat=dims - 1)
    ):
        fixed = torch.tensor(corner, dtype=torch.float64).expand(len(along), -1)
        nodes.append(torch.cat([fixed[:, :axis], along[:, None], fixed[:, axis:]], -1))
    everything = torch.cat(nodes)
    part = torch.zeros(len(everything), dtype=torch.int64)
    return Nodes(everything, equal_weights(everything), part, sd)
