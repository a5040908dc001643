"""A map that keeps distances and neighbours: where every fit starts, whatever its seed."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from ..genotypes.blocks import thin_evenly
from ..models.batch import Batch

MAX_LANDMARKS = 2500
"""Rows that are placed together; others are placed among them one by one."""

ITERATIONS = 30
"""Of the majorisation of the stress, where the layout starts."""

STEPS = 50
"""Down the slope of stress and divergence together."""

NEIGHBOURS = 50, 15
"""Rows for each neighbour that affinities count, and the fewest neighbours they count."""

BISECTIONS = 25
"""Of the width of a row's kernel."""

MOMENTUM, RATE = 0.8, 1 / 12

SPREAD = 0.25
"""Standard deviation of the start over the square root of the rows, in units of the kernel of
places. The narrower the start, the more room its neighbours give to a row."""

CROWDED = 3
"""Most axes on which places crowd; on more of them the stress alone leaves neighbours room."""

CLOSE = 0.1
"""Places that are closer, in units of the kernel of places, push as if they were so far apart."""

ROWS_AT_ONCE = 256
TINY = 1e-9

LEAST = 0.5
"""Smallest squared distance of two rows, in units of what their noise alone gives."""


def layout(batch: Batch, dims: int) -> Tensor:
    """Places of rows that keep both the distances of their scores and their neighbours.

    On up to ``CROWDED`` axes places are ``STEPS`` steps down the slope of the sum of two measures
    without units: the stress of Sammon's map (1969), sum (|z_i - z_j| - d_ij)^2 / d_ij, and the
    divergence of t-SNE (van der Maaten and Hinton 2008) between the affinities of scores and of
    places. The stress alone leaves empty the room between groups and crowds the rows within; the
    divergence alone forgets how far groups are apart. The start is Sammon's map, by majorisation
    (de Leeuw 1977) from the leading scores. No random number is involved. Distances d are those of
    the true scores: what noise adds to their squares on average is taken away.

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
    x, n = batch.x.double(), len(batch)
    chosen = torch.tensor(thin_evenly(np.arange(n), MAX_LANDMARKS), device=x.device)
    z = _landmarks(x[chosen], _noise(batch[chosen]).double(), dims)
    if len(chosen) < n:
        z = _among(x, chosen, z)
    z = z - z.mean(0)
    return (z / z.square().mean().sqrt().clamp_min(1e-12)).to(batch.x)


def _noise(batch: Batch) -> Tensor:
    """Variance of the noise of each row, summed over scores; (n,)."""
    assert batch.factor is not None
    unit = torch.eye(batch.factor.shape[-1], dtype=batch.factor.dtype, device=batch.factor.device)
    inverse = torch.linalg.solve_triangular(batch.factor, unit, upper=False)
    variance: Tensor = inverse.square().sum((-2, -1))
    return variance


def _distances(x: Tensor, noise: Tensor) -> Tensor:
    """Distances of the true scores of rows; (n, n)."""
    added = noise[:, None] + noise
    least = LEAST * added.clamp_max(2 * float(noise.median()))
    return torch.maximum(torch.cdist(x, x).square() - added, least).sqrt()


def _landmarks(x: Tensor, noise: Tensor, dims: int) -> Tensor:
    """Places of all landmarks; (n, dims)."""
    distance = _distances(x, noise)
    z = _sammon(functional.pad(x[:, :dims], (0, max(dims - x.shape[1], 0))), distance)
    if dims > CROWDED or not z.square().mean() > TINY:
        return z
    return _with_neighbours(z.float(), distance.float(), _affinity(x, x, own=True)).double()


def _sammon(z: Tensor, distance: Tensor) -> Tensor:
    """Places of least stress near a start, (n, dims)."""
    n = len(z)
    weight = (1 / distance).fill_diagonal_(0)
    inverse = torch.linalg.inv(torch.diag(weight.sum(1)) - weight + 1 / n) - 1 / n
    for _ in range(ITERATIONS):
        near = torch.cdist(z, z).clamp_min_(TINY).reciprocal_().fill_diagonal_(0)
        z = inverse @ (near.sum(1, keepdim=True) * z - near @ z)
    return z


def _affinity(x: Tensor, others: Tensor, *, own: bool = False) -> Tensor:
    """Shares of its neighbours for each row of x, which sum to 1; (rows of x, rows of others).

    Normal kernels, each as wide as its perplexity demands; ``own`` if the others are x itself.
    """
    square = torch.cdist(x, others).square_().float()
    if own:
        square.fill_diagonal_(torch.inf)
    square -= square.amin(1, keepdim=True)
    fewest, rows = NEIGHBOURS[1], len(others) - own
    target = torch.tensor(float(min(max(rows / NEIGHBOURS[0], fewest), max(rows / 2, 1)))).log()
    low = torch.full((len(x), 1), -30.0, device=x.device)
    high = -low
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        share = torch.softmax(-square * middle.exp(), 1)
        wide = torch.special.entr(share).sum(1, keepdim=True) > target
        low, high = torch.where(wide, middle, low), torch.where(wide, high, middle)
    return share


def _with_neighbours(z: Tensor, distance: Tensor, affinity: Tensor) -> Tensor:
    """Places of least stress and divergence together, from places of least stress; (n, dims)."""
    joint = (affinity + affinity.T) / 2
    z = z / z.square().mean().sqrt() * len(z) ** 0.5 * SPREAD
    speed, gain = torch.zeros_like(z), torch.ones_like(z)
    for _ in range(STEPS):
        slope = _slope(z, distance, joint)
        gain = torch.where(speed * slope < 0, gain + 0.2, gain * 0.8).clamp_min(0.01)
        speed = MOMENTUM * speed - RATE * gain * slope
        z = z + speed
    return z


def _slope(z: Tensor, distance: Tensor, joint: Tensor) -> Tensor:
    """Gradient of n times stress and divergence, distances in the scale of places; (n, dims)."""
    drawn, pushed, near, far = (torch.zeros_like(z) for _ in range(4))
    total, kernels = 0.0, 0.0
    for at in range(0, len(z), ROWS_AT_ONCE):
        rows = slice(at, at + ROWS_AT_ONCE)
        apart = torch.cdist(z[rows], z)
        kernel = apart.square().add_(1).reciprocal_()
        total += float(apart.sum())
        kernels += float(kernel.sum()) - len(kernel)
        drawn[rows] = _towards(joint[rows] * kernel, z, rows)
        pushed[rows] = _towards(kernel.square_(), z, rows)
        far[rows] = _towards(1 / distance[rows], z, rows)
        near[rows] = _towards(apart.clamp_min_(CLOSE).reciprocal_(), z, rows)
    n, scale = len(z), total / float(distance.sum())
    return 4 * (drawn - pushed * (n / kernels) + (far / scale - near) * (n / total))


def _towards(weight: Tensor, z: Tensor, rows: slice) -> Tensor:
    """Weighted sums of z_i - z_j over all rows j; (rows, dims)."""
    return weight.sum(1, keepdim=True) * z[rows] - weight @ z


def _among(x: Tensor, chosen: Tensor, placed: Tensor) -> Tensor:
    """Places of all rows, means of landmarks by their affinity; (n, dims)."""
    starts = range(0, len(x), ROWS_AT_ONCE)
    parts = [_affinity(x[at : at + ROWS_AT_ONCE], x[chosen]).double() @ placed for at in starts]
    return torch.cat(parts)
