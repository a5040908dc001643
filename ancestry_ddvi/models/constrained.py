"""A generator under a constraint: its own likelihood times a reward for where a draw is."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from .batch import Batch, Draw
from .latent import LatentModel
from .likelihoods.base import Likelihood
from .normal import log_normal

LogReward = Callable[[Tensor], Tensor]
"""Log r at latents, in nats; (n, latents) -> (n,)."""


class ConstrainedLikelihood(Likelihood):
    """p(x | z) r(z): data and a constraint at once; simulated data are those of p(x | z)."""

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

    def misfit(self, batch: Batch, z: Tensor) -> Tensor | None:
        """That of the data alone."""
        return self.likelihood.misfit(batch, z)

    def simulate(self, batch: Batch, z: Tensor) -> Batch:
        """Data at each latent, whatever its reward."""
        return self.likelihood.simulate(batch, z)


class Constrained(LatentModel):
    """The generator's own posterior, its draws weighted by the reward besides.

    A generator that claims no uncertainty lends no draws: proposals are then standard normal.
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
        lends = generator.claims_uncertainty
        self.noise_shape = generator.noise_shape if lends else (1, generator.noise_shape[1])

    def encode(self, batch: Batch, noise: Tensor) -> Draw:
        """A draw of the generator's posterior, or of a standard normal."""
        if self.generator.claims_uncertainty:
            return self.generator.encode(batch, noise)
        z = noise[:, 0]
        return Draw(z, (), log_normal(z, 0.0, 0.0))

    def log_weight(self, batch: Batch, draw: Draw) -> Tensor:
        """Log weight of each draw, the reward in it; (n,)."""
        if not self.generator.claims_uncertainty:
            assert draw.log_q is not None
            return self.log_joint(batch, draw.z) - draw.log_q
        own = self.generator.log_weight(batch, draw)
        assert own is not None
        return own + self.log_reward(draw.z)
