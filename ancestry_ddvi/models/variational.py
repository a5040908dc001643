"""Prior, likelihood and posterior: the whole of a variational method."""

from __future__ import annotations

from torch import Tensor, nn

from .batch import Batch, Draw
from .likelihoods.base import Likelihood
from .posteriors.base import DensityPosterior
from .priors.base import Prior


class Variational(nn.Module):
    """A latent-variable model with an amortised posterior.

    Everything that is ever asked of it is a function of one number per draw, the log weight
    log p(x | z) + log p(z) - [log q(z, path | x) - log r(path | z)]: its mean is the evidence
    lower bound, its log-mean-exp the importance-weighted bound, its softmax the weights that
    turn draws from q into draws from the posterior.
    """

    def __init__(
        self,
        prior: Prior,
        likelihood: Likelihood,
        posterior: DensityPosterior,
        encoder: nn.Module,
    ) -> None:
        super().__init__()
        self.prior = prior
        self.likelihood = likelihood
        self.posterior = posterior
        self.encoder = encoder

    @property
    def noise_shape(self) -> tuple[int, int]:
        """(standard-normal vectors one draw consumes, latent dimensions)."""
        return self.posterior.noise_shape

    def encode(self, batch: Batch, noise: Tensor) -> Draw:
        """One draw from q for each row; ``noise`` is (n, *noise_shape)."""
        return self.posterior.rsample(self.encoder(batch), noise)

    def log_weight(self, batch: Batch, draw: Draw, beta: float = 1.0) -> Tensor:
        """The log weight of each draw, the divergence counted ``beta`` times; (n,)."""
        likelihood = self.likelihood.log_prob(batch, draw.z)
        return likelihood + beta * (self.prior.log_prob(draw.z) - draw.log_q)
