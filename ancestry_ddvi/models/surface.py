"""A smooth surface through points at their places, fixed during training."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from ..clusters import k_means
from ..genotypes.blocks import thin_evenly
from ..seeding import stream

CENTRES = 192
"""Most kernels."""

MIN_ROWS = 5
"""Fewest rows whose mean is the centre of a kernel, so that a model holds no place of a sample."""

MAX_DIMS = 3
"""Most dimensions that so few kernels fill."""

WIDTH = 0.1
"""Distance within which a kernel is round, where places have a variance of 1 along an axis."""

PENALTY = 0.01
"""Of the squared weights of kernels, where a row has an error of 1."""

TINY = 1e-6
"""The same for what else is fitted, so that it has one solution where all places are the same."""

MAX_ROWS, MAX_ROWS_FOR_CENTRES = 20_000, 2500
"""Rows that are fitted, and among which centres are chosen, spread over all."""


@dataclass(frozen=True)
class LinearPart:
    """The linear map that a surface is added to.

    Attributes
    ----------
    constant : Tensor, (features,)
    slope : Tensor, (features, dims)
    """

    constant: Tensor
    slope: Tensor


class Surface(nn.Module):
    """A weighted sum of multiquadric kernels (Hardy 1971); 0 until it is fitted.

    Networks take thousands of steps to bend sharply in a few places (Rahaman et al. 2019), while
    weights of fixed kernels are found in one, as in the generative topographic mapping (Bishop,
    Svensen and Williams 1998). Far from all places the surface is linear, as these kernels grow
    with the distance: samples unlike those of the fit get places outside of theirs.

    Parameters
    ----------
    dims, features : int
        Of latents, and of what the surface is in.
    """

    centre: Tensor
    weight: Tensor

    def __init__(self, dims: int, features: int) -> None:
        super().__init__()
        count = CENTRES if dims <= MAX_DIMS else 0
        self.register_buffer("centre", torch.zeros(count, dims))
        self.register_buffer("weight", torch.zeros(count, features))

    def forward(self, z: Tensor) -> Tensor:
        """Height at each latent; (n, features)."""
        out: Tensor = self._kernels(z) @ self.weight
        return out

    def _kernels(self, z: Tensor) -> Tensor:
        """Each kernel at each latent; (n, centres)."""
        inner = torch.addmm(self.centre.square().sum(1) + WIDTH**2, z, self.centre.mT, alpha=-2)
        return (inner + z.square().sum(1, keepdim=True)).clamp_min(WIDTH**2).sqrt()

    def fit(self, places: Tensor, y: Tensor, sd: float) -> LinearPart:
        """Set the surface, by ridge regression, and return the linear map that it adds to.

        Parameters
        ----------
        places : Tensor, (n, dims)
        y : Tensor, (n, features)
        sd : float
            Standard deviation of latents about their places: the surface is that of least error
            on average over them, by cubature.

        Returns
        -------
        LinearPart
        """
        chosen = thin_evenly(np.arange(len(places)), MAX_ROWS)
        places, y = places[chosen], y[chosen]
        dims = places.shape[1]
        centres = _centres(places, len(self.centre))
        count = len(centres)
        self.centre.zero_()
        self.weight.zero_()
        self.centre[:count] = centres
        unit = torch.eye(dims, dtype=places.dtype, device=places.device) * (sd * dims**0.5)
        points = torch.cat([unit, -unit])
        free = 1 + dims
        penalty = torch.full((free + count,), PENALTY, dtype=torch.float64)
        penalty[:free] = TINY
        gram, inner = penalty.diag(), torch.zeros(len(penalty), y.shape[1], dtype=torch.float64)
        target = y.cpu().double()
        for point in points:
            moved = places + point
            columns = [torch.ones_like(moved[:, :1]), moved, self._kernels(moved)[:, :count]]
            basis = torch.cat(columns, 1).cpu().double()
            gram = gram + basis.mT @ basis / len(points)
            inner = inner + basis.mT @ target / len(points)
        found = torch.linalg.solve(gram, inner).to(places)
        self.weight[:count] = found[free:]
        return LinearPart(found[0], found[1:free].mT)


def _centres(places: Tensor, most: int) -> Tensor:
    """Means of clusters of places, each of ``MIN_ROWS`` or more; (no more than ``most``, dims)."""
    some = thin_evenly(places.cpu().double().numpy(), MAX_ROWS_FOR_CENTRES)
    count = min(most, len(some) // MIN_ROWS)
    if not count:
        return places[:0]
    label = k_means(some, count, stream(0, "centres of the surface"))
    while True:
        _, label, size = np.unique(label, return_inverse=True, return_counts=True)
        centre = np.stack([np.bincount(label, axis) for axis in some.T], 1) / size[:, None]
        smallest = int(size.argmin())
        if size[smallest] >= MIN_ROWS:
            return torch.tensor(centre).to(places)
        moved = label == smallest
        apart = np.square(some[moved][:, None] - centre).sum(2)
        apart[:, smallest] = np.inf
        label[moved] = apart.argmin(1)
