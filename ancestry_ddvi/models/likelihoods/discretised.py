"""The likelihood of pixels of 256 levels."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn

from ..batch import Batch
from .base import Likelihood

TOP = 255
"""The highest level; a pixel is its level divided by this."""

HALF = 0.5 / TOP
"""Half the distance of two levels."""

FIRST_SCALE = 0.1
"""Initial scale: about the residual of photographs given two latents."""


class DiscretisedLogistic(Likelihood):
    """p(x | z): a logistic about the decoder's output, rounded to the nearest level.

    Mass below the lowest level or above the highest is added to these, so the masses of the
    256 levels sum to one (Salimans, Karpathy, Chen & Kingma 2017, equation 2, with one
    component). The scale is learnt, one number per channel.

    Parameters
    ----------
    net : nn.Module
        From latents (n, d) to a location per channel and pixel, (n, channels * pixels), as
        differences from mid-grey.
    channels : int
    """

    def __init__(self, net: nn.Module, channels: int) -> None:
        super().__init__()
        self.net = net
        self.log_scale = nn.Parameter(torch.full((channels, 1), FIRST_SCALE).log())

    def forward(self, z: Tensor) -> Tensor:
        """Expected pixels, between 0 and 1; (n, features).

        The expectation of the logistic with its tails cut off, which rounding to levels changes
        by far less than a level.
        """
        location, scale = self._location(z), self.log_scale.exp()
        above_zero = nn.functional.softplus(location / scale)
        above_one = nn.functional.softplus((location - 1) / scale)
        return (scale * (above_zero - above_one)).flatten(1)

    def log_prob(self, batch: Batch, z: Tensor) -> Tensor:
        """Log mass of each image, in nats; (n,).

        For a > b, sigmoid(a) - sigmoid(b) = sigmoid(a) sigmoid(-b) (1 - exp(b - a)), no factor
        of which loses digits; a - b is the same for all pixels of a channel.
        """
        location, scale = self._location(z), self.log_scale.exp()
        x = batch.repeat(len(z) // len(batch)).x.view_as(location)
        lowest, highest = x < HALF, x > 1 - HALF
        below = nn.functional.logsigmoid((x - location + HALF) / scale)
        above = nn.functional.logsigmoid((location - x + HALF) / scale)
        between = torch.log(-torch.expm1(-2 * HALF / scale))
        mass = below.masked_fill(highest, 0.0) + above.masked_fill(lowest, 0.0)
        return (mass + between.masked_fill(lowest | highest, 0.0)).sum((1, 2))

    def noise_parameters(self) -> list[nn.Parameter]:
        """The scale."""
        return [self.log_scale]

    def simulate(self, batch: Batch, z: Tensor) -> Batch:
        """Images of 256 levels drawn at ``z``."""
        location = self._location(z)
        noise = torch.logit(torch.rand_like(location)) * self.log_scale.exp()
        levels = ((location + noise) * TOP).round().clamp(0, TOP)
        return replace(batch, x=(levels / TOP).flatten(1))

    def _location(self, z: Tensor) -> Tensor:
        """Where the logistic of each pixel is; (n, channels, pixels)."""
        difference: Tensor = self.net(z)
        return 0.5 + difference.view(len(z), len(self.log_scale), -1)
