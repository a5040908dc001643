"""The likelihood of component scores at their natural noise."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..batch import Batch
from ..nets import MLP
from ..normal import HALF_LOG_2PI
from .base import Likelihood


class ScoreLikelihood(Likelihood):
    """p(scores | z) = N(decoder(z), precision^-1), the precision coming with the data.

    With standardised dosages x, orthonormal loadings V and unit noise,
    ||x - V g(z)||^2 = ||scores - g(z)||^2 + const: this is the Gaussian genotype model, and its
    noise is that of binomial dosages at the cohort's frequencies, not a free setting.

    Parameters
    ----------
    scale : Tensor, (features,)
        Standard deviation of the scores over the cohort, most varied first.
    dims, width, depth : int
        Latent dimensions; width and number of hidden layers of the decoder.
    """

    scale: Tensor

    def __init__(self, scale: Tensor, dims: int, width: int, depth: int = 2) -> None:
        super().__init__()
        features = len(scale)
        self.register_buffer("scale", scale.clone())
        self.net = MLP(dims, features, width, depth)
        self.linear = nn.Linear(dims, features, bias=False)
        with torch.no_grad():  # start from the leading components, the same for every seed
            self.linear.weight.copy_(torch.eye(features, dims))

    def forward(self, z: Tensor) -> Tensor:
        """Expected scores at each latent; (n, features)."""
        out: Tensor = (self.linear(z) + self.net(z)) * self.scale
        return out

    def log_prob(self, batch: Batch, z: Tensor) -> Tensor:
        """Log density of the scores, in nats; (n,)."""
        whitened = torch.einsum("ni,nij->nj", batch.x - self(z), batch.factor)
        log_det = batch.factor.diagonal(dim1=-2, dim2=-1).log().sum(-1)
        return log_det - 0.5 * whitened.square().sum(-1) - whitened.shape[-1] * HALF_LOG_2PI

    def fantasy(self, batch: Batch, z: Tensor) -> Batch:
        """Scores drawn at ``z`` with the precision of each row of ``batch``."""
        return Batch(self(z) + batch.noise(), batch.factor)
