"""The prior "mixture": normal clusters learnt together with the model."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

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
        if label is None:
            normals = self._normals(self.log_class())
            total: Tensor = _LogSum.apply(z, *normals)  # type: ignore[no-untyped-call]
            return total
        return _log_each(z, *self._normals())[0].gather(0, label[None])[0]

    def responsibilities(self, z: Tensor) -> Tensor | None:
        """Probabilities of the clusters at each latent; (n, clusters)."""
        return _log_each(z, *self._normals(self.log_class()))[0].softmax(0).mT

    def _normals(self, log_weight: Tensor | float = 0.0) -> tuple[Tensor, Tensor, Tensor]:
        """What ``_log_each`` needs of the clusters."""
        factors, dims = self.factors, self.means.shape[1]
        unit = torch.eye(dims, dtype=factors.dtype, device=factors.device).expand_as(factors)
        slope = torch.linalg.solve_triangular(factors, unit, upper=False)
        start = (slope @ self.means[..., None])[..., 0]
        log_det = factors.diagonal(dim1=-2, dim2=-1).log().sum(-1)
        return slope, start, log_weight - log_det - dims * HALF_LOG_2PI


def _log_each(z: Tensor, slope: Tensor, start: Tensor, constant: Tensor) -> tuple[Tensor, Tensor]:
    """Of each normal ``constant - |slope z - start|^2 / 2``, and the difference.

    Parameters
    ----------
    z : Tensor, (n, d)
    slope : Tensor, (normals, d, d)
    start : Tensor, (normals, d)
    constant : Tensor, (normals,)

    Returns
    -------
    Tensor, (normals, n), and Tensor, (normals, d, n)
    """
    apart = (slope.flatten(0, 1) @ z.mT).view(*start.shape, -1) - start[..., None]
    return constant[:, None] - 0.5 * apart.square().sum(1), apart


class _LogSum(torch.autograd.Function):
    """Log of the sum over normals, (n,), with its gradients in closed form: few operations."""

    @staticmethod
    def forward(ctx: Any, z: Tensor, slope: Tensor, start: Tensor, constant: Tensor) -> Tensor:
        each, apart = _log_each(z, slope, start, constant)
        total = each.logsumexp(0)
        ctx.save_for_backward(z, slope, each, apart, total)
        return total

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        z, slope, each, apart, total = ctx.saved_tensors
        share = gradient * (each - total).exp()
        pulled = share[:, None] * apart
        by_z = -(slope.flatten(0, 1).mT @ pulled.flatten(0, 1)).mT
        by_slope = -(pulled.flatten(0, 1) @ z).view_as(slope)
        return by_z, by_slope, pulled.sum(-1), share.sum(-1)


def make_mixture(dims: int, classes: int, clusters: float) -> Mixture:
    """A mixture of ``clusters`` normals, or one for each class."""
    return Mixture(dims, classes or int(clusters))
