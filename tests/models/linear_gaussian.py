"""A linear-Gaussian model with its exact posterior: every answer in closed form.

z ~ N(0, I), x | z ~ N(W z, C) with W' C^-1 W diagonal, so that the posterior is the diagonal
Gaussian that the encoder can say exactly. C is the noise, P^-1, and the excess of the likelihood.
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
"""Precisions of the four samples, relative to P."""


class ExactEncoder(nn.Module):
    """Says the exact posterior in the units of the Gaussian head."""

    def __init__(self, weight: Tensor, excess: Tensor) -> None:
        super().__init__()
        self.weight = weight
        self.excess = excess

    def covariance(self, batch: Batch) -> Tensor:
        """Of x given z; (n, features, features)."""
        return torch.linalg.inv(batch.factor @ batch.factor.mT) + self.excess * torch.eye(FEATURES)

    def moments(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Mean and variance of the posterior; each (n, d)."""
        pulled = self.weight.T @ torch.linalg.inv(self.covariance(batch))
        effective_variants = pulled @ self.weight
        assert torch.allclose(
            effective_variants, torch.diag_embed(effective_variants.diagonal(dim1=1, dim2=2))
        )
        variance = 1 / (1 + effective_variants.diagonal(dim1=1, dim2=2))
        return variance * (pulled @ batch.x[..., None])[..., 0], variance

    def forward(self, batch: Batch) -> Tensor:
        mean, variance = self.moments(batch)
        raw = REACH * torch.atanh((0.5 * variance.log() - CENTRE) / REACH)
        return torch.cat([mean, raw], -1)


@dataclass(frozen=True)
class LinearGaussian:
    """The model, four samples of it, and their exact posteriors."""

    model: Variational
    batch: Batch
    log_evidence: Tensor
    mean: Tensor
    variance: Tensor


def noise_and_weight(dims: int, excess: bool) -> tuple[Tensor, Tensor]:
    """A Cholesky factor of P and W. With an excess and several latents P is diagonal and each
    latent has features of its own, or the posterior would not be diagonal for every share."""
    if excess and dims > 1:
        owner = torch.arange(FEATURES) % dims
        return torch.diag(torch.linspace(0.7, 1.5, FEATURES)), torch.eye(dims)[owner]
    spread = torch.randn(FEATURES, FEATURES)
    factor = torch.linalg.cholesky(torch.eye(FEATURES) + spread @ spread.T)
    directions = torch.linalg.qr(torch.randn(FEATURES, dims))[0] * torch.linspace(2, 1, dims)
    return factor, torch.linalg.solve(factor.T, directions)


def linear_gaussian(
    steps: int, schedule: str, dims: int = 2, excess: bool = True
) -> LinearGaussian:
    """In the default floating-point type; ``steps`` = 0 for the Gaussian posterior itself."""
    factor, weight = noise_and_weight(dims, excess)
    likelihood = ScoreLikelihood(torch.ones(FEATURES), dims, 4)
    gaussian = Gaussian(dims, 2 * dims)
    with torch.no_grad():
        likelihood.net.head.weight.zero_()
        likelihood.linear.weight.copy_(weight)
        likelihood.log_residual_variance.copy_(torch.tensor(-1.0 if excess else -40.0))
        nn.init.eye_(gaussian.head.weight)
        gaussian.head.bias.zero_()
    posterior = Diffusion(gaussian, 2 * dims, steps, 8, schedule) if steps else gaussian
    encoder = ExactEncoder(weight, likelihood.log_residual_variance.detach().exp())
    share = torch.tensor(SHARES)[:, None, None]
    batch = Batch(3 * torch.randn(len(SHARES), FEATURES), factor * share.sqrt())
    covariance = weight @ weight.T + encoder.covariance(batch)
    normal = torch.distributions.MultivariateNormal(torch.zeros(FEATURES), covariance)
    return LinearGaussian(
        Variational(StandardNormal(dims), likelihood, posterior, encoder),
        batch,
        normal.log_prob(batch.x),
        *encoder.moments(batch),
    )
