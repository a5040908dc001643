"""A smooth surface through points at their places, that training leaves as it is."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..clusters import k_means
from ..seeding import stream

CENTRES = 192
"""Most kernels."""

ROWS_FOR_EACH = 5
"""Fewest rows for each kernel."""

MOST_DIMS = 3
"""Most dimensions that so few kernels fill."""

WIDTH = 0.1
"""Distance within which a kernel is round, where places have a variance of 1 along an axis."""

PENALTY = 0.01
"""Of the squared weights of kernels, where a row has an error of 1."""

TINY = 1e-6
"""The same for what else is fitted, so that it has one solution where all places are the same."""

CHOSEN_FROM = 2500
"""Rows among which centres are chosen."""


@dataclass(frozen=True)
class Fitted:
    """What a fit gives to other parts of the expectation.

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
    Svensen and Williams 1998). Far from all places the surface goes straight on, as these kernels
    grow with the distance: samples unlike those of the fit get places outside of theirs.

    Parameters
    ----------
    dims, features : int
        Of latents, and of what the surface is in.
    """

    centre: Tensor
    weight: Tensor

    def __init__(self, dims: int, features: int) -> None:
        super().__init__()
        count = CENTRES if dims <= MOST_DIMS else 0
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

    def fit(self, places: Tensor, y: Tensor, sd: float) -> Fitted:
        """Set the surface, by ridge regression, and return the linear map that it adds to.

        Parameters
        ----------
        places : Tensor, (n, dims)
        y : Tensor, (n, features)
        sd : float
            Standard deviation of latents about their places: the surface is that of least error
            on average over them, by cubature.
        """
        n, dims = places.shape
        count = min(len(self.centre), n // ROWS_FOR_EACH)
        self.centre.zero_()
        self.weight.zero_()
        if count:
            self.centre[:count] = _centres(places, count)
        unit = torch.eye(dims, dtype=places.dtype, device=places.device) * (sd * dims**0.5)
        points = torch.cat([unit, -unit])
        free = 1 + dims
        penalty = torch.full((free + count,), PENALTY, dtype=torch.float64)
        penalty[:free] = TINY
        gram, inner = penalty.diag(), torch.zeros(len(penalty), y.shape[1], dtype=torch.float64)
        target = y.double().cpu()
        for point in points:
            moved = places + point
            columns = [torch.ones_like(moved[:, :1]), moved, self._kernels(moved)[:, :count]]
            basis = torch.cat(columns, 1).double().cpu()
            gram = gram + basis.mT @ basis / len(points)
            inner = inner + basis.mT @ target / len(points)
        found = torch.linalg.solve(gram, inner).to(places)
        self.weight[:count] = found[free:]
        return Fitted(found[0], found[1:free].mT)


def _centres(places: Tensor, count: int) -> Tensor:
    """Means of clusters of places, the same in each call; (count, dims)."""
    rows = torch.arange(min(len(places), CHOSEN_FROM), device=places.device)
    some = places[rows * len(places) // len(rows)]
    found = k_means(some.double().cpu().numpy(), count, stream(0, "centres of the surface"))
    label = torch.tensor(found, dtype=torch.int64, device=places.device)
    total = torch.zeros_like(some[:count]).index_add_(0, label, some)
    return total / label.bincount(minlength=count).to(some).clamp_min(1)[:, None]
