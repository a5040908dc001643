"""The interface of likelihoods."""

from __future__ import annotations

import abc

from torch import Tensor, nn

from ..batch import Batch


class Likelihood(nn.Module, abc.ABC):
    """p(x | z), with unobserved data left out."""

    @abc.abstractmethod
    def forward(self, z: Tensor) -> Tensor:
        """Expected data at each latent; (n, features)."""

    @abc.abstractmethod
    def log_prob(self, batch: Batch, z: Tensor) -> Tensor:
        """Log likelihood of each row given its latents, in nats; (latents,).

        Each row has as many latents as any other, in succession: one, or several.
        """

    def noise_parameters(self) -> list[nn.Parameter]:
        """Parameters of the noise; none by default.

        A tempered objective does not train them: they would fit as noise what the decoder has yet
        to learn.
        """
        return []

    @abc.abstractmethod
    def simulate(self, batch: Batch, z: Tensor) -> Batch:
        """Data drawn from p(x | z), with the precision of the rows of ``batch``."""
