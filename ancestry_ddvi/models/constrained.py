"""A generator under a constraint: its likelihood times a reward of latents."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from .batch import Batch, Draw
from .latent import LatentModel
from .likelihoods.base import Likelihood

LogReward = Callable[[Tensor], Tensor]
"""Log r at latents, in nats; (n, latents) -> (n,)."""


class ConstrainedLikelihood(Likelihood):
    """p(x | z) r(z), the likelihood of data times a reward; simulated data are from p(x | z)."""

    def __init__(self, likelihood: Likelihood, log_reward: LogReward) -> None:
        super().__init__()
        self.likelihood = likelihood
        self.log_reward = log_reward

    def forward(self, z: Tensor) -> Tensor:
        """Expected data at each latent."""
        expected: Tensor = self.likelihood(z)
        return expected

    def log_prob(self, batch: Batch, z: Tensor) -> Tensor:
        """Log likelihood and log reward together; (n,)."""
        return self.likelihood.log_prob(batch, z) + self.log_reward(z)

    def simulate(self, batch: Batch, z: Tensor) -> Batch:
        """Data drawn from p(x | z), without the reward."""
        return self.likelihood.simulate(batch, z)


class Constrained(LatentModel):
    """A generator whose draws are weighted by a reward too.

    Draws need a generator with a posterior; the joint density needs none.
    """

    claims_uncertainty = True

    def __init__(self, generator: LatentModel, log_reward: LogReward) -> None:
        super().__init__()
        self.generator = generator
        self.prior = generator.prior
        self.likelihood = ConstrainedLikelihood(generator.likelihood, log_reward)
        self.log_reward = log_reward
        self.encoder = generator.encoder
        self.labels = generator.labels
        self.noise_shape = generator.noise_shape

    def encode(self, batch: Batch, noise: Tensor) -> Draw:
        """A draw of the generator's posterior."""
        return self.generator.encode(batch, noise)

    def encode_many(self, batch: Batch, noise: Tensor) -> Draw:
        """Several draws of the generator's posterior for each row."""
        return self.generator.encode_many(batch, noise)

    def log_weight(self, batch: Batch, draw: Draw) -> Tensor:
        """Log weight of each draw, with the reward; (n,)."""
        own = self.generator.log_weight(batch, draw)
        assert own is not None
        return own + self.log_reward(draw.z)
