"""The prior "mixture": normal clusters learnt together with the model."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from ..normal import HALF_LOG_2PI
from .base import Prior, even_normals

FLOOR = 0.02
"""Smallest standard deviation along an axis of the Cholesky factor."""


class Mixture(Prior):
    """p(z) = sum_k pi_k N(z; m_k, L_k L_k'), with all parameters learnt by the bound.

    Each cluster is a partition: where classes guide the fit, there is one cluster for each class.

    Parameters
    ----------
    dims, clusters : int
    """

    def __init__(self, dims: int, clusters: int) -> None:
        super().__init__()
        even = torch.quasirandom.SobolEngine(dims)  # type: ignore[no-untyped-call]
        quantile = even.draw(clusters + 1)[1:]
        self.logits = nn.Parameter(torch.zeros(clusters))
        self.means = nn.Parameter(torch.special.ndtri(quantile.clamp(0.02, 0.98)))
        self.log_sd = nn.Parameter(torch.full((clusters, dims), -math.log(clusters) / dims))
        self.below = nn.Parameter(torch.zeros(clusters, dims, dims))

    @property
    def factors(self) -> Tensor:
        """Cholesky factors of the covariances; (clusters, d, d)."""
        return self.below.tril(-1) + torch.diag_embed(FLOOR + self.log_sd.exp())

    def log_class(self) -> Tensor:
        """Log weights; (clusters,)."""
        return self.logits.log_softmax(-1)

    def sample(self, n: int, label: Tensor | None = None) -> Tensor:
        """Draw (n, d) latents."""
        if label is None:
            label = torch.multinomial(self.log_class().exp(), n, replacement=True)
        mean = self.means[label]
        return mean + torch.einsum("nij,nj->ni", self.factors[label], torch.randn_like(mean))

    def spread(self, n: int) -> Tensor:
        """Evenly spread latents, (n, d), of each cluster its share."""
        ends = (self.log_class().exp().cumsum(-1) * n).round().long().clamp_max(n)
        ends[-1] = n
        counts = ends.diff(prepend=ends.new_zeros(1))
        label = torch.arange(len(counts), device=ends.device).repeat_interleave(counts)
        normal = even_normals(n, self.means.shape[1]).to(self.means)
        return self.means[label] + torch.einsum("nij,nj->ni", self.factors[label], normal)

    def log_prob(self, z: Tensor, label: Tensor | None = None) -> Tensor:
        """Log density of each row; (n,)."""
        each = self._log_each(z)
        if label is None:
            return (each + self.log_class()[:, None]).logsumexp(0)
        return each.gather(0, label[None])[0]

    def responsibilities(self, z: Tensor) -> Tensor | None:
        """Probabilities of the clusters at each latent; (n, clusters)."""
        return (self._log_each(z) + self.log_class()[:, None]).softmax(0).mT

    def _log_each(self, z: Tensor) -> Tensor:
        """Log density of each row in each cluster; (clusters, n)."""
        factors, (clusters, dims) = self.factors, self.means.shape
        unit = torch.eye(dims, dtype=z.dtype, device=z.device).expand_as(factors)
        inverse = torch.linalg.solve_triangular(factors, unit, upper=False)
        whitened = (inverse.flatten(0, 1) @ z.mT).view(clusters, dims, -1)
        whitened = whitened - inverse @ self.means[..., None]
        log_det = factors.diagonal(dim1=-2, dim2=-1).log().sum(-1)
        density: Tensor = (
            -0.5 * whitened.square().sum(1) - log_det[:, None] - z.shape[-1] * HALF_LOG_2PI
        )
        return density


def make_mixture(dims: int, classes: int, clusters: float) -> Mixture:
    """A mixture of ``clusters`` normals, or one for each class."""
    return Mixture(dims, classes or int(clusters))
