"""Adaptive importance sampling for samples whose posterior the method approximates badly."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..models.batch import Batch
from ..models.latent import LatentModel
from .posterior_draws import effective_sample_size

MIN_ESS = 16.0
"""Effective sample size below which new draws are proposed, or half of the draws if that is less.
A standard deviation from fewer draws is too small."""

TARGET_EFFICIENCY = 1 / 4
"""Effective draws per draw at which rounds of proposals end."""

ROUNDS = 8
DEGREES_OF_FREEDOM = 4.0
"""Of the proposal, whose tails are heavier than those of any posterior here."""


def refine(
    model: LatentModel, batch: Batch, z: Tensor, log_weight: Tensor, generator: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """The draws of one sample, or better draws if their effective sample size is too small.

    A multivariate t distribution is fitted to all weighted draws so far and proposes the next,
    until the weights of these are even enough (population Monte Carlo, Cappe et al. 2004). The
    amortised posterior was trained on samples like those of the reference panel; these proposals
    depend on the likelihood and prior alone.

    Parameters
    ----------
    model : LatentModel
    batch : Batch
        The sample alone.
    z : Tensor, (draws, dims)
    log_weight : Tensor, (draws,)
    generator : numpy Generator
        Random numbers of this sample.
    """
    best = z.double().cpu().numpy(), log_weight.double().cpu().numpy()
    if not too_few(best[1]):
        return z, log_weight
    first, rounds = np.cov(best[0], rowvar=False).reshape(z.shape[1], -1), [best]
    for _ in range(ROUNDS):
        proposal = _proposal(rounds, first)
        proposed = proposal.draw(len(z), generator)
        joint = model.log_joint(batch, torch.tensor(proposed, dtype=z.dtype, device=z.device))
        found = proposed, joint.double().cpu().numpy() - proposal.log_density(proposed)
        rounds.append(found)
        best = max(best, found, key=lambda draws: effective_sample_size(draws[1]))
        if effective_sample_size(best[1]) >= max(_enough(len(z)), TARGET_EFFICIENCY * len(z)):
            break
    return torch.tensor(best[0]).to(z), torch.tensor(best[1]).to(log_weight)


def too_few(log_weight: np.ndarray) -> np.ndarray:
    """Whether weighted draws are too few to be believed; (..., draws) -> bool (...)."""
    return np.asarray(effective_sample_size(log_weight) < _enough(log_weight.shape[-1]))


def _enough(draws: int) -> float:
    """The effective sample size that is enough."""
    return min(MIN_ESS, draws / 2)


@dataclass(frozen=True)
class _Student:
    """A multivariate t distribution; ``scipy.stats``, which has one, takes half a second to load.

    Attributes
    ----------
    mean : ndarray of float64, (dims,)
    factor : ndarray of float64, (dims, dims)
        Lower Cholesky factor of its shape.
    """

    mean: np.ndarray
    factor: np.ndarray

    def draw(self, count: int, generator: np.random.Generator) -> np.ndarray:
        """Draws from it; (count, dims)."""
        normal = generator.standard_normal((count, len(self.mean))) @ self.factor.T
        spread = DEGREES_OF_FREEDOM / generator.chisquare(DEGREES_OF_FREEDOM, (count, 1))
        return np.asarray(self.mean + np.sqrt(spread) * normal)

    def log_density(self, z: np.ndarray) -> np.ndarray:
        """Log density, (n, dims) -> (n,)."""
        half, dims = DEGREES_OF_FREEDOM / 2, len(self.mean)
        squared = (np.linalg.solve(self.factor, (z - self.mean).T) ** 2).sum(axis=0)
        constant = math.lgamma(half + dims / 2) - math.lgamma(half)
        constant -= dims / 2 * math.log(DEGREES_OF_FREEDOM * math.pi)
        log_det = np.log(np.diagonal(self.factor)).sum()
        tail = np.log1p(squared / DEGREES_OF_FREEDOM)
        return np.asarray(constant - log_det - (half + dims / 2) * tail)


def _proposal(rounds: list[tuple[np.ndarray, np.ndarray]], first: np.ndarray) -> _Student:
    """A t distribution with the moments of weighted draws, wider while these are few."""
    from scipy.special import softmax

    z = np.concatenate([z for z, _ in rounds])
    weight = softmax(np.concatenate([w for _, w in rounds]))
    mean = weight @ z
    centred = z - mean
    covariance = (weight[:, None] * centred).T @ centred + first * (weight**2).sum()
    return _Student(mean, np.linalg.cholesky(covariance + 1e-8 * np.eye(len(mean))))
