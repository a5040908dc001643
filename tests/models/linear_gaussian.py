"""A linear-Gaussian model with its exact posterior: every answer in closed form.

z ~ N(0, I), x | z ~ N(W z, P^-1) with W'PW diagonal, so that the posterior is the diagonal
Gaussian that the encoder can say exactly.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ancestry_ddvi.models.batch import Batch
from ancestry_ddvi.models.likelihoods.scores import ScoreLikelihood
from ancestry_ddvi.models.posteriors.diffusion import Diffusion
from ancestry_ddvi.models.posteriors.gaussian import CENTRE, REACH, Gaussian
from ancestry_ddvi.models.priors.gaussian import StandardNormal
from ancestry_ddvi.models.variational import Variational

FEATURES = 5
SHARES = (0.02, 0.2, 1.0, 5.0)
"""Precisions of the four people, relative to P."""


class ExactEncoder(nn.Module):
    """Says the exact posterior in the units of the Gaussian head."""

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self.weight = weight

    def moments(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Mean and variance of the posterior; each (n, d)."""
        pulled = self.weight.T @ batch.factor @ batch.factor.mT
        variance = 1 / (1 + (pulled @ self.weight).diagonal(dim1=1, dim2=2))
        return variance * (pulled @ batch.x[..., None])[..., 0], variance

    def forward(self, batch: Batch) -> Tensor:
        mean, variance = self.moments(batch)
        raw = REACH * torch.atanh((0.5 * variance.log() - CENTRE) / REACH)
        return torch.cat([mean, raw], -1)


@dataclass(frozen=True)
class LinearGaussian:
    """The model, four people of it, and what is exactly true of them."""

    model: Variational
    batch: Batch
    log_evidence: Tensor
    mean: Tensor
    variance: Tensor


def linear_gaussian(steps: int, schedule: str, dims: int = 2) -> LinearGaussian:
    """In the default floating-point type; ``steps`` = 0 for the Gaussian posterior itself."""
    spread = torch.randn(FEATURES, FEATURES)
    precision = torch.eye(FEATURES) + spread @ spread.T
    factor = torch.linalg.cholesky(precision)
    directions = torch.linalg.qr(torch.randn(FEATURES, dims))[0] * torch.linspace(2, 1, dims)
    weight = torch.linalg.solve(factor.T, directions)
    likelihood = ScoreLikelihood(torch.ones(FEATURES), dims, 4)
    gaussian = Gaussian(dims, 2 * dims)
    with torch.no_grad():
        likelihood.net.head.weight.zero_()
        likelihood.linear.weight.copy_(weight)
        nn.init.eye_(gaussian.head.weight)
        gaussian.head.bias.zero_()
    posterior = Diffusion(gaussian, 2 * dims, steps, 8, schedule) if steps else gaussian
    encoder = ExactEncoder(weight)
    share = torch.tensor(SHARES)[:, None, None]
    batch = Batch(3 * torch.randn(len(SHARES), FEATURES), factor * share.sqrt())
    covariance = weight @ weight.T + torch.linalg.inv(share * precision)
    normal = torch.distributions.MultivariateNormal(torch.zeros(FEATURES), covariance)
    return LinearGaussian(
        Variational(StandardNormal(dims), likelihood, posterior, encoder),
        batch,
        normal.log_prob(batch.x),
        *encoder.moments(batch),
    )
