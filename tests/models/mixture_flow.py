"""A flow whose denoiser is exact: data from a known mixture of normals."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ancestry_ddvi.models.flow import Denoiser, Flow


class Mixture:
    """Normals of weights (k,), means (k, dims) and diagonal variances (k, dims)."""

    def __init__(self, weight: Tensor, mean: Tensor, variance: Tensor) -> None:
        self.weight, self.variance = weight, variance
        self.mean = mean - weight @ mean

    @property
    def spectrum(self) -> Tensor:
        """Variances of the mixture along each axis."""
        return self.weight @ (self.variance + self.mean.square())

    def sample(self, n: int) -> Tensor:
        which = torch.multinomial(self.weight, n, replacement=True)
        return self.mean[which] + self.variance[which].sqrt() * torch.randn(n, self.mean.shape[1])

    def log_joint(self, y: Tensor, gamma: Tensor) -> Tensor:
        """Log weight times density of each normal, noise added; (n, k)."""
        spread = self.variance + gamma[:, None]
        apart = (y[:, None] - self.mean).square() / spread
        each = -0.5 * (apart + spread.log() + math.log(2 * math.pi)).sum(-1)
        return each + self.weight.log()

    def log_density(self, y: Tensor, gamma: Tensor) -> Tensor:
        return self.log_joint(y, gamma).logsumexp(-1)

    def posterior(self, y: Tensor, gamma: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Responsibilities (n, k), means and variances (n, k, dims) of x given y."""
        gain = self.variance / (self.variance + gamma[:, None])
        mean = self.mean + gain * (y[:, None] - self.mean)
        return self.log_joint(y, gamma).softmax(-1), mean, gain * gamma[:, None]


class Exact(Denoiser):
    """What a trained network would say, if it were right."""

    def __init__(self, mixture: Mixture) -> None:
        super().__init__(mixture.spectrum, 1)
        self.mixture = mixture

    def forward(self, y: Tensor, gamma: Tensor) -> tuple[Tensor, Tensor]:
        share, means, variances = self.mixture.posterior(y, gamma)
        mean = torch.einsum("nk,nkd->nd", share, means)
        second = torch.einsum("nk,nkd->nd", share, variances + means.square())
        return mean, second - mean.square()


def mixture(dims: int = 4) -> Mixture:
    """Four groups whose distances fall from axis to axis, as those of populations do."""
    corners = torch.tensor([[1.0, 0.2, 1, -1], [-1, 1, 0, 1], [-0.2, -1.2, 1, 0], [1.2, 0, -1, 1]])
    scale = torch.tensor([8.0, 5.0, 2.0, 1.0])
    spread = torch.tensor([[1.0, 0.5, 0.6, 0.5], [0.6, 1.0, 0.4, 0.6], [0.8, 0.8, 0.5, 0.4],
                           [0.5, 0.5, 0.8, 0.5]])  # fmt: skip
    weight = torch.tensor([0.4, 0.3, 0.2, 0.1])
    return Mixture(weight, (corners * scale)[:, :dims], spread[:, :dims])


def exact_flow(known: Mixture, **settings: object) -> Flow:
    """The flow of that mixture."""
    flow = Flow(len(known.spectrum), 1, 1, kept=len(known.spectrum), **settings)  # type: ignore[arg-type]
    flow.denoiser = Exact(known)
    return flow
