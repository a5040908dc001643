"""What every latent-variable model offers."""

from __future__ import annotations

import abc

from torch import Tensor, nn

from .batch import Batch, Draw
from .labels import Labels
from .likelihoods.base import Likelihood
from .priors.base import Prior


class LatentModel(nn.Module, abc.ABC):
    """A prior, a likelihood, and an encoder that leads from data to latents.

    Attributes
    ----------
    noise_shape : tuple of int
        (standard-normal vectors one draw consumes, latent dimensions).
    claims_uncertainty : bool
        Whether draws of a row are draws from a posterior; if not, they are all the same.
    """

    prior: Prior
    likelihood: Likelihood
    encoder: nn.Module
    labels: Labels
    noise_shape: tuple[int, int]
    claims_uncertainty: bool

    @abc.abstractmethod
    def encode(self, batch: Batch, noise: Tensor) -> Draw:
        """One draw of the latents of each row; ``noise`` is (n, *noise_shape)."""

    def encode_many(self, batch: Batch, noise: Tensor) -> Draw:
        """Several draws of each row, in succession; ``noise`` is (n, draws, *noise_shape)."""
        return self.encode(batch.repeat(noise.shape[1]), noise.flatten(0, 1))

    def groups(self, batch: Batch, z: Tensor) -> Tensor | None:
        """Probabilities of the classes of each row, or of the prior's clusters at its draw.

        Shape (latents, groups); None where the model has neither. Each row has as many latents.
        """
        if self.labels.classes:
            return self.labels.probabilities(self.encoder(batch.repeat(len(z) // len(batch))))
        return self.prior.responsibilities(z)

    def log_joint(self, batch: Batch, z: Tensor) -> Tensor:
        """Log p(x | z) + log p(z), in nats, classes summed out; (latents,).

        Each row has as many latents, in succession.
        """
        return self.likelihood.log_prob(batch, z) + self.prior.log_prob(z)

    @abc.abstractmethod
    def log_weight(self, batch: Batch, draw: Draw) -> Tensor | None:
        """Log weight of each draw, in nats, (draws,); None where draws have no density.

        Each row has as many draws, in succession.
        """
