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
        """Log likelihood of each row given its latent, in nats; (n,)."""

    def noise_parameters(self) -> list[nn.Parameter]:
        """Parameters that say how much of the data is noise; none by default.

        A tempered objective leaves them alone: they would take for noise what the decoder has
        yet to learn, and it would never learn it.
        """
        return []

    def misfit(self, batch: Batch, z: Tensor) -> Tensor | None:
        """Squared distance of each row from what its latent leads to expect, (n,).

        In the row's own covariance, so that chi-squared with as many degrees of freedom as
        features is the rule. None where the data have no such covariance.
        """
        del batch, z
        return None

    @abc.abstractmethod
    def simulate(self, batch: Batch, z: Tensor) -> Batch:
        """Data drawn from p(x | z), observed as sharply as the rows of ``batch`` were."""
