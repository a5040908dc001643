"""The likelihood of pixels that are black or white."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn

from ..batch import Batch
from .base import Likelihood


class BernoulliPixels(Likelihood):
    """p(x | z): every pixel is one with its own probability, and zero otherwise.

    A mass over zeros and ones only: grey levels must be binarised first.

    Parameters
    ----------
    net : nn.Module
        From latents (n, d) to the log odds of each pixel (n, features).
    """

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, z: Tensor) -> Tensor:
        """Probability of each pixel at each latent; (n, features)."""
        log_odds: Tensor = self.net(z)
        return log_odds.sigmoid()

    def log_prob(self, batch: Batch, z: Tensor) -> Tensor:
        """Log mass of each image, in nats; (n,)."""
        log_odds: Tensor = self.net(z)
        batch = batch.repeat(len(z) // len(batch))
        return (batch.x * log_odds - nn.functional.softplus(log_odds)).sum(-1)

    def simulate(self, batch: Batch, z: Tensor) -> Batch:
        """Images of zeros and ones drawn at ``z``."""
        chance = self(z)
        return replace(batch, x=(torch.rand_like(chance) < chance).to(chance.dtype))
