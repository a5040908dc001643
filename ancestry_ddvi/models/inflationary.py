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

AT_ONCE = 64
"""Densities are asked for so many rows at a time, or a multiple: see ``_once``."""


class FlowScores(NormalScores):
    """p(scores | z): the flow decodes z to the true scores, and nothing is left over."""

    def __init__(self, flow: Flow) -> None:
        super().__init__()
        self.flow = flow
        nothing = torch.full((flow.dims,), -torch.inf)
        self.register_buffer("log_residual_variance", nothing, persistent=False)

    def forward(self, z: Tensor) -> Tensor:
        """True scores at each latent; (n, features)."""
        return self.flow.decode(z)

    def misfit(self, batch: Batch, z: Tensor) -> Tensor:
        """Squared distance of the latent from the middle: how deep in the tail a sample is.

        The decoded scores are as near to those measured as noise allows, wherever that is.
        """
        del batch
        return z.square().sum(-1)


class Inflationary(LatentModel):
    """Standard-normal latents, as many as scores, which a flow turns into true scores.

    There is no encoder to be trained: the posterior of true scores, given measured ones with
    normal noise, is drawn by taking noise away step by step with the flow's own denoiser.
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

        Its noise has the right variance along each direction and no correlation, which
        ``weigh`` makes up for.
        """
        scores = self.flow.posterior(batch.x, variances(batch), noise)
        return Draw(self.flow.encode(scores), (scores,), None)

    def log_weight(self, batch: Batch, draw: Draw) -> Tensor:
        """Log of p(scores) under uncorrelated noise, times the ratio of the two likelihoods.

        Its mean over draws estimates p(scores) under the noise as it is: p(scores) the flow
        gives by its change of density, so this is an estimate and no bound.
        """
        (scores,) = draw.path
        noise = variances(batch)
        assert batch.factor is not None
        whitened = torch.einsum("nij,ni->nj", batch.factor, batch.x - scores)
        log_det = batch.factor.diagonal(dim1=-2, dim2=-1).log().sum(-1)
        correlated = log_normal(whitened, 0.0, 0.0) + log_det
        plain = log_normal(batch.x, scores, 0.5 * noise.log())
        weight: Tensor = _once(self.flow, batch.x, noise) + correlated - plain
        return weight


def variances(batch: Batch) -> Tensor:
    """Variances of the noise of scores along each component; (n, features). 0 of exact rows."""
    if batch.factor is None:
        return torch.zeros_like(batch.x)
    inverse: Tensor = torch.linalg.inv(batch.factor)
    return inverse.square().sum(-2)


def _once(flow: Flow, x: Tensor, noise: Tensor) -> Tensor:
    """Log densities, asked once of rows that follow one another alike; (n,).

    Always for a multiple of ``AT_ONCE`` rows, so that a sample alone meets the same arithmetic.
    """
    asked, where = torch.unique_consecutive(torch.cat([x, noise], -1), dim=0, return_inverse=True)
    count = -(-len(asked) // AT_ONCE) * AT_ONCE
    filled = asked[torch.arange(count, device=x.device) % len(asked)]
    found: Tensor = flow.log_density(*filled.chunk(2, -1))[where]
    return found
