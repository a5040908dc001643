"""Better draws for a person whose posterior the method missed: adaptive importance sampling."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from .models.batch import Batch
from .models.latent import LatentModel

POOR, GOOD = 1 / 16, 1 / 4
"""Effective draws per draw: below the first new ones are proposed, at the second all is well."""

ROUNDS = 8
FREEDOM = 4.0
"""Degrees of freedom of the proposal: tails that no posterior here exceeds."""


def refined(
    model: LatentModel, batch: Batch, z: Tensor, log_weight: Tensor, generator: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """The draws of one person, or better ones where their weights are too uneven.

    A Student distribution is fitted to all weighted draws so far and proposes the next, until
    their weights against log p(x | z) + log p(z) are even enough (Cappe et al. 2004). The
    amortised posterior was trained on people like those of the panel; this one asks only the
    likelihood, and the effective number of draws says whether it found an answer.

    Parameters
    ----------
    model : LatentModel
    batch : Batch
        The person once for every draw.
    z : Tensor, (draws, dims)
    log_weight : Tensor, (draws,)
    generator : numpy Generator
        The person's own.
    """
    best = z.double().cpu().numpy(), log_weight.double().cpu().numpy()
    if evenness(best[1]) >= POOR:
        return z, log_weight
    first, rounds = np.cov(best[0], rowvar=False).reshape(z.shape[1], -1), [best]
    for _ in range(ROUNDS):
        proposal = _Student.fitted(rounds, first)
        places = proposal.sample(len(z), generator)
        joint = model.log_joint(batch, torch.tensor(places, dtype=z.dtype, device=z.device))
        found = places, joint.double().cpu().numpy() - proposal.log_density(places)
        rounds.append(found)
        best = max(best, found, key=lambda draws: evenness(draws[1]))
        if evenness(best[1]) >= GOOD:
            break
    return torch.tensor(best[0]).to(z), torch.tensor(best[1]).to(log_weight)


def evenness(log_weight: np.ndarray) -> float:
    """Effective draws per draw, 0 to 1."""
    weight = np.exp(log_weight - log_weight.max())
    return float(weight.sum() ** 2 / (weight**2).sum() / len(weight))


@dataclass(frozen=True)
class _Student:
    """A multivariate Student distribution: mean (dims,), Cholesky factor of its scale."""

    mean: np.ndarray
    factor: np.ndarray

    @classmethod
    def fitted(cls, rounds: list[tuple[np.ndarray, np.ndarray]], first: np.ndarray) -> _Student:
        """Mean and covariance of weighted draws, widened by ``first`` while draws are few."""
        places = np.concatenate([z for z, _ in rounds])
        log_weight = np.concatenate([w for _, w in rounds])
        weight = np.exp(log_weight - log_weight.max())
        weight /= weight.sum()
        mean = weight @ places
        apart = places - mean
        covariance = (weight[:, None] * apart).T @ apart + first * (weight**2).sum()
        floor = 1e-8 * np.eye(len(mean))
        return cls(mean, np.linalg.cholesky(covariance + floor))

    def sample(self, count: int, generator: np.random.Generator) -> np.ndarray:
        """(count, dims)."""
        normal = generator.standard_normal((count, len(self.mean)))
        scale = np.sqrt(FREEDOM / generator.chisquare(FREEDOM, count))
        return np.asarray(self.mean + (normal @ self.factor.T) * scale[:, None])

    def log_density(self, places: np.ndarray) -> np.ndarray:
        """(n,)."""
        dims = len(self.mean)
        whitened = np.linalg.solve(self.factor, (places - self.mean).T)
        constant = (
            math.lgamma((FREEDOM + dims) / 2)
            - math.lgamma(FREEDOM / 2)
            - 0.5 * dims * math.log(FREEDOM * math.pi)
            - np.log(np.diagonal(self.factor)).sum()
        )
        squared = (whitened**2).sum(axis=0)
        return np.asarray(constant - 0.5 * (FREEDOM + dims) * np.log1p(squared / FREEDOM))
