"""A prior, a likelihood and a point: the whole of an adversarial autoencoder."""

from __future__ import annotations

from torch import Tensor, nn

from .batch import Batch, Draw
from .labels import Labels
from .latent import LatentModel
from .likelihoods.base import Likelihood
from .posteriors.point import Point
from .priors.base import Prior


class Autoencoder(LatentModel):
    """A latent-variable model whose encoder says one place and claims no uncertainty."""

    claims_uncertainty = False

    def __init__(
        self,
        prior: Prior,
        likelihood: Likelihood,
        posterior: Point,
        encoder: nn.Module,
        labels: Labels,
    ) -> None:
        super().__init__()
        self.prior = prior
        self.likelihood = likelihood
        self.posterior = posterior
        self.encoder = encoder
        self.labels = labels
        self.noise_shape = posterior.noise_shape

    def encode(self, batch: Batch, noise: Tensor) -> Draw:
        """The place of each row, whatever the noise."""
        return self.posterior.rsample(self.encoder(batch), noise)

    def log_weight(self, batch: Batch, draw: Draw) -> None:
        """Nothing: a point has no density."""
        del batch, draw
