"""Laplace's approximation at the modes of a posterior, with importance weights."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ancestry_ddvi.inference.posterior_draws import PosteriorDraws
from ancestry_ddvi.models.batch import Batch
from ancestry_ddvi.models.latent import LatentModel

STEPS = 12
FREEDOM = 5.0
"""Degrees of freedom of the proposal."""

LEAST = 0.5
"""Least curvature, where a normal prior alone has 1."""

LONGEST = 1.0


def laplace(model: LatentModel, batch: Batch, starts: Tensor, draws: int) -> PosteriorDraws:
    """Weighted draws of a mixture of Student distributions, one at the mode of each start.

    Parameters
    ----------
    model : LatentModel
    batch : Batch
    starts : Tensor, (n, starts, d)
    draws : int
    """
    samples, count, dims = starts.shape
    z = starts.flatten(0, 1)
    several = batch.repeat(count)
    for _ in range(STEPS):
        z = _step(model, several, z)
    joint, _, values, vectors = _shape(model, several, z)
    root = vectors * values.rsqrt()[:, None]
    height = (joint - 0.5 * values.log().sum(-1)).view(samples, count).log_softmax(1)
    which = torch.multinomial(height.exp(), draws, replacement=True)
    row = torch.arange(samples)[:, None] * count + which
    heavy = torch.distributions.Chi2(z.new_tensor(FREEDOM)).sample((samples, draws, 1)) / FREEDOM
    normal = torch.randn(samples, draws, dims) * heavy.rsqrt()
    drawn = z[row] + torch.einsum("nsij,nsj->nsi", root[row], normal)
    log_q = _student(drawn, z.view(starts.shape), values, vectors, height)
    with torch.no_grad():
        found = model.log_joint(batch.repeat(draws), drawn.flatten(0, 1)).view(samples, draws)
    return PosteriorDraws(drawn.double().numpy(), (found - log_q).double().numpy())


def _step(model: LatentModel, batch: Batch, z: Tensor) -> Tensor:
    """One of Newton's, uphill even where the surface is not concave, or none if it leads down."""
    joint, slope, values, vectors = _shape(model, batch, z)
    inner = torch.einsum("nij,ni->nj", vectors, slope) / values
    step = torch.einsum("nij,nj->ni", vectors, inner)
    step = step * (LONGEST / step.norm(dim=1, keepdim=True)).clamp_max(1)
    best, height = z, joint
    with torch.no_grad():
        for share in (1.0, 0.3):
            there = z + share * step
            value = model.log_joint(batch, there)
            better = value > height
            best, height = torch.where(better[:, None], there, best), value.maximum(height)
    return best


def _shape(model: LatentModel, batch: Batch, z: Tensor) -> tuple[Tensor, ...]:
    """Log joint, its slope, and eigenvalues (made positive) and vectors of its curvature."""
    z = z.detach().requires_grad_()
    joint = model.log_joint(batch, z)
    (slope,) = torch.autograd.grad(joint.sum(), z, create_graph=True)
    rows = [torch.autograd.grad(slope[:, i].sum(), z, retain_graph=True)[0]
            for i in range(z.shape[1])]  # fmt: skip
    curvature = -torch.stack(rows, 1)
    values, vectors = torch.linalg.eigh(0.5 * (curvature + curvature.mT))
    return joint.detach(), slope.detach(), values.abs().clamp_min(LEAST), vectors


def _student(
    z: Tensor, modes: Tensor, values: Tensor, vectors: Tensor, log_share: Tensor
) -> Tensor:
    """Log density of the mixture; (samples, draws)."""
    samples, count, dims = modes.shape
    scale = (vectors * values.sqrt()[:, None]).view(samples, count, dims, dims)
    terms = []
    for k in range(count):
        white = torch.einsum("nij,nsi->nsj", scale[:, k], z - modes[:, k, None])
        log_det = 0.5 * values.view(samples, count, dims)[:, k].log().sum(-1)
        ends = np.array([0.5 * (FREEDOM + dims), 0.5 * FREEDOM])
        top, bottom = torch.lgamma(torch.tensor(ends)).tolist()
        constant = top - bottom - 0.5 * dims * np.log(FREEDOM * np.pi)
        tail = -0.5 * (FREEDOM + dims) * (white.square().sum(-1) / FREEDOM).log1p()
        terms.append(tail + constant + (log_det + log_share[:, k])[:, None])
    return torch.stack(terms).logsumexp(0)
