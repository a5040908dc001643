"""The Gaussian posterior of a variational autoencoder."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..batch import Draw
from ..normal import HALF_LOG_2PI, log_normal
from .base import DensityPosterior

CENTRE, REACH = -2.0, 4.0
"""Log standard deviations stay within CENTRE +- REACH, softly."""


class Gaussian(DensityPosterior):
    """q(z | x) = N(m(x), diag s(x)^2) (Kingma & Welling 2014).

    Parameters
    ----------
    dims, context : int
        Latent dimensions and width of the context.
    """

    def __init__(self, dims: int, context: int) -> None:
        super().__init__()
        self.head = nn.Linear(context, 2 * dims)
        self.noise_shape = (1, dims)

    def moments(self, context: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log standard deviation, each (n, dims)."""
        mean, raw = self.head(context).chunk(2, -1)
        return mean, CENTRE + REACH * torch.tanh(raw / REACH)

    def rsample(self, context: Tensor, noise: Tensor) -> Draw:
        """A draw for each row; ``noise`` is (n, 1, dims)."""
        mean, log_sd = self.moments(context)
        normal = noise[:, 0]
        log_q = (-0.5 * normal.square() - HALF_LOG_2PI - log_sd).sum(-1)
        return Draw(mean + log_sd.exp() * normal, (), log_q)

    def log_q(self, z: Tensor, path: tuple[Tensor, ...], context: Tensor) -> Tensor:
        """Log density of z; (n,)."""
        del path
        return log_normal(z, *self.moments(context))

    def complete(self, z: Tensor) -> tuple[Tensor, ...]:
        """Empty: there are no auxiliary latents."""
        del z
        return ()
