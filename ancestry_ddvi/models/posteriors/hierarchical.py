"""A posterior with an auxiliary latent above z."""

from __future__ import annotations

import torch
from torch import Tensor

from ..batch import Draw
from ..nets import MLP, zero_init
from ..normal import log_normal
from .base import DensityPosterior


class Hierarchical(DensityPosterior):
    """q(y | x) q(z | x, y), against r(y | z) = N(0, I) (Maaloe et al. 2016).

    Both levels are posteriors without auxiliaries of their own. The lower one is given the
    context plus a function of y that starts at zero.

    Parameters
    ----------
    upper, lower : DensityPosterior
    context, width : int
        Width of the context, and of the network of y.
    """

    def __init__(
        self, upper: DensityPosterior, lower: DensityPosterior, context: int, width: int
    ) -> None:
        super().__init__()
        self.upper = upper
        self.lower = lower
        dims = lower.noise_shape[1]
        self.noise_shape = (upper.noise_shape[0] + lower.noise_shape[0], dims)
        self.upper_context = MLP(dims, context, width)
        zero_init(self.upper_context.head)

    def rsample(self, context: Tensor, noise: Tensor) -> Draw:
        """y, then z; ``noise`` is (n, vectors of both, dims)."""
        vectors = self.upper.noise_shape[0]
        above = self.upper.rsample(context, noise[:, :vectors])
        below = self.lower.rsample(context + self.upper_context(above.z), noise[:, vectors:])
        assert above.log_q is not None
        assert below.log_q is not None
        log_q = above.log_q + below.log_q - log_normal(above.z, 0.0, 0.0)
        return Draw(below.z, (above.z,), log_q)

    def log_q(self, z: Tensor, path: tuple[Tensor, ...], context: Tensor) -> Tensor:
        """Score z and its y; (n,)."""
        (y,) = path
        above = self.upper.log_q(y, (), context) - log_normal(y, 0.0, 0.0)
        return above + self.lower.log_q(z, (), context + self.upper_context(y))

    def complete(self, z: Tensor) -> tuple[Tensor, ...]:
        """Y ~ N(0, I), independently of z."""
        return (torch.randn_like(z),)
