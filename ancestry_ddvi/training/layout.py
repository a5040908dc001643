"""A map that keeps distances: where every fit starts, whatever its seed."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from ..models.batch import Batch

MAX_LANDMARKS = 1000
"""Rows that are placed together; others are placed among them one by one."""

ITERATIONS, ITERATIONS_ALONE = 30, 10
"""Of the majorisation, for landmarks and for the other rows."""

ROWS_AT_ONCE = 256
TINY = 1e-9

LEAST = 0.5
"""Smallest squared distance of two rows, in units of what their noise alone gives."""


def distance_layout(batch: Batch, dims: int) -> Tensor:
    """Places of rows in a plane, at distances in proportion to those of their scores.

    Sammon's map (1969): the stress sum (|z_i - z_j| - d_ij)^2 / d_ij is lowered by majorisation
    (de Leeuw 1977) from the leading scores. No random number is involved, and the result changes
    smoothly with the rows. Distances d are those of the true scores: what noise adds to their
    squares on average is taken away.

    Parameters
    ----------
    batch : Batch
        Scores with their precision, the most varied component first.
    dims : int

    Returns
    -------
    Tensor, (n, dims)
        Centred, with an average variance of 1 along the axes.
    """
    x, noise = batch.x.double(), _noise(batch).double()
    n = len(x)
    chosen = torch.arange(min(n, MAX_LANDMARKS), device=x.device)
    chosen = chosen * n // len(chosen)
    placed = _landmarks(x[chosen], noise[chosen], dims)
    z = placed if len(chosen) == n else _among(x, noise, chosen, placed)
    z = z - z.mean(0)
    return (z / z.square().mean().sqrt().clamp_min(1e-12)).to(batch.x)


def _noise(batch: Batch) -> Tensor:
    """Variance of the noise of each row, summed over scores; (n,)."""
    assert batch.factor is not None
    unit = torch.eye(batch.factor.shape[-1], dtype=batch.factor.dtype, device=batch.factor.device)
    inverse = torch.linalg.solve_triangular(batch.factor, unit, upper=False)
    variance: Tensor = inverse.square().sum((-2, -1))
    return variance


def _distances(x: Tensor, y: Tensor, noise_x: Tensor, noise_y: Tensor) -> Tensor:
    """Distances of the true scores of rows of x and y; (rows of x, rows of y)."""
    added = noise_x[:, None] + noise_y
    least = LEAST * added.clamp_max(2 * float(noise_y.median()))
    return torch.maximum(torch.cdist(x, y).square() - added, least).sqrt()


def _landmarks(x: Tensor, noise: Tensor, dims: int) -> Tensor:
    """Places of all landmarks; (n, dims)."""
    n = len(x)
    z = functional.pad(x[:, :dims], (0, max(dims - x.shape[1], 0)))
    weight = (1 / _distances(x, x, noise, noise)).fill_diagonal_(0)
    inverse = torch.linalg.inv(torch.diag(weight.sum(1)) - weight + 1 / n) - 1 / n
    for _ in range(ITERATIONS):
        near = _near(z, z).fill_diagonal_(0)
        z = inverse @ (near.sum(1, keepdim=True) * z - near @ z)
    return z


def _near(z: Tensor, others: Tensor) -> Tensor:
    """One over the distances of places; (rows of z, rows of others)."""
    return torch.cdist(z, others).clamp_min_(TINY).reciprocal_()


def _among(x: Tensor, noise: Tensor, chosen: Tensor, placed: Tensor) -> Tensor:
    """Places of all rows, each by itself among the landmarks, from the nearest one; (n, dims)."""
    parts = []
    for first in range(0, len(x), ROWS_AT_ONCE):
        some = slice(first, first + ROWS_AT_ONCE)
        distance = _distances(x[some], x[chosen], noise[some], noise[chosen])
        weight = 1 / distance
        pulled, total = weight @ placed, weight.sum(1, keepdim=True)
        z = placed[distance.argmin(1)]
        for _ in range(ITERATIONS_ALONE):
            near = _near(z, placed)
            z = (pulled - near @ placed + near.sum(1, keepdim=True) * z) / total
        parts.append(z)
    found = torch.cat(parts)
    found[chosen] = placed
    return found
