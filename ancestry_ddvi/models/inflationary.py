"""An inflationary flow as a latent-variable model of component scores."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .batch import Batch, Draw
from .flow import Flow
from .labels import NoLabels
from .latent import LatentModel
from .likelihoods.scores import NormalScores
from .normal import log_normal
from .priors.gaussian import StandardNormal

CHUNK = 64
"""Densities are computed for a multiple of so many rows: see ``_unique_density``."""


class FlowScores(NormalScores):
    """p(scores | z): the flow decodes z to the true scores, without a residual."""

    def __init__(self, flow: Flow) -> None:
        super().__init__()
        self.flow = flow
        minus_infinity = torch.full((flow.dims,), -torch.inf)
        self.register_buffer("log_residual_variance", minus_infinity, persistent=False)

    def forward(self, z: Tensor) -> Tensor:
        """True scores at each latent; (n, features)."""
        return self.flow.decode(z)


class Inflationary(LatentModel):
    """Standard-normal latents, as many as scores, mapped to true scores by a flow.

    There is no encoder: true scores are drawn from their posterior, given measured scores with
    normal noise, by removing the noise in steps with the flow's own denoiser.
    """

    claims_uncertainty = True

    def __init__(self, flow: Flow, steps: int) -> None:
        super().__init__()
        self.flow = flow
        self.prior = StandardNormal(flow.dims)
        self.likelihood = FlowScores(flow)
        self.encoder = nn.Identity()
        self.labels = NoLabels()
        self.noise_shape = (steps, flow.dims)

    def encode(self, batch: Batch, noise: Tensor) -> Draw:
        """Latents of a draw from p(true scores | scores); the path is the draw itself.

        The noise is taken to be uncorrelated; ``log_weight`` corrects for that.
        """
        scores = self.flow.posterior(batch.x, variances(batch), noise)
        return Draw(self.flow.encode(scores), (scores,), None)

    def log_weight(self, batch: Batch, draw: Draw) -> Tensor:
        """Log of p(scores) under uncorrelated noise, times the ratio of the two likelihoods.

        The mean weight of draws estimates p(scores) under the true noise. It is an estimate, not a
        bound, because the flow gives p(scores) by its change of density.
        """
        (scores,) = draw.path
        batch = batch.repeat(len(scores) // len(batch))
        noise = variances(batch)
        assert batch.factor is not None
        whitened = torch.einsum("nij,ni->nj", batch.factor, batch.x - scores)
        log_det = batch.factor.diagonal(dim1=-2, dim2=-1).log().sum(-1)
        correlated = log_normal(whitened, 0.0, 0.0) + log_det
        plain = log_normal(batch.x, scores, 0.5 * noise.log())
        weight: Tensor = _unique_density(self.flow, batch.x, noise) + correlated - plain
        return weight


def variances(batch: Batch) -> Tensor:
    """Noise variances of scores along each component, 0 without noise; (n, features)."""
    if batch.factor is None:
        return torch.zeros_like(batch.x)
    inverse: Tensor = torch.linalg.inv(batch.factor)
    return inverse.square().sum(-2)


def _unique_density(flow: Flow, x: Tensor, noise: Tensor) -> Tensor:
    """Log densities, computed once for runs of equal rows; (n,).

    Rows are padded to a multiple of ``CHUNK``, so that results do not depend on other samples.
    """
    distinct, where = torch.unique_consecutive(
        torch.cat([x, noise], -1), dim=0, return_inverse=True
    )
    count = -(-len(distinct) // CHUNK) * CHUNK
    filled = distinct[torch.arange(count, device=x.device) % len(distinct)]
    found: Tensor = flow.log_density(*filled.chunk(2, -1))[where]
    return found
