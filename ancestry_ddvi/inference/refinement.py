"""Adaptive importance sampling for samples whose posterior the method approximates badly."""

from __future__ import annotations

from typing import Any

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
    enough = min(MIN_ESS, len(z) / 2)
    if effective_sample_size(best[1]) >= enough:
        return z, log_weight
    first, rounds = np.cov(best[0], rowvar=False).reshape(z.shape[1], -1), [best]
    for _ in range(ROUNDS):
        proposal = _proposal(rounds, first)
        proposed = proposal.rvs(len(z), random_state=generator).reshape(z.shape)
        joint = model.log_joint(batch, torch.tensor(proposed, dtype=z.dtype, device=z.device))
        found = proposed, joint.double().cpu().numpy() - proposal.logpdf(proposed)
        rounds.append(found)
        best = max(best, found, key=lambda draws: effective_sample_size(draws[1]))
        if effective_sample_size(best[1]) >= max(enough, TARGET_EFFICIENCY * len(z)):
            break
    return torch.tensor(best[0]).to(z), torch.tensor(best[1]).to(log_weight)


def _proposal(rounds: list[tuple[np.ndarray, np.ndarray]], first: np.ndarray) -> Any:
    """A t distribution with the moments of weighted draws, wider while these are few."""
    from scipy.special import softmax
    from scipy.stats import multivariate_t

    z = np.concatenate([z for z, _ in rounds])
    weight = softmax(np.concatenate([w for _, w in rounds]))
    mean = weight @ z
    centred = z - mean
    covariance = (weight[:, None] * centred).T @ centred + first * (weight**2).sum()
    return multivariate_t(mean, covariance + 1e-8 * np.eye(len(mean)), df=DEGREES_OF_FREEDOM)
