"""Better draws for a sample whose posterior the method missed: adaptive importance sampling."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..models.batch import Batch
from ..models.latent import LatentModel
from .posterior_draws import effective_sample_size

MIN_EFFECTIVE = 16.0
"""Effective draws below which new ones are proposed, or half of the draws if that is less: an
error bar from a few is too narrow."""

GOOD = 1 / 4
"""Effective draws per draw at which all is well, if they are enough."""

ROUNDS = 8
FREEDOM = 4.0
"""Degrees of freedom of the proposal: tails that no posterior here exceeds."""


def refine(
    model: LatentModel, batch: Batch, z: Tensor, log_weight: Tensor, generator: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """The draws of one sample, or better ones where their weights are too uneven.

    A Student distribution is fitted to all weighted draws so far and proposes the next, until
    their weights against log p(x | z) + log p(z) are even enough (Cappe et al. 2004). The
    amortised posterior was trained on samples like those of the panel; this one asks only the
    likelihood, and the effective number of draws says whether it found an answer.

    Parameters
    ----------
    model : LatentModel
    batch : Batch
        The sample once for every draw.
    z : Tensor, (draws, dims)
    log_weight : Tensor, (draws,)
    generator : numpy Generator
        The sample's own.
    """
    best = z.double().cpu().numpy(), log_weight.double().cpu().numpy()
    least = min(MIN_EFFECTIVE, len(z) / 2)
    if effective_sample_size(best[1]) >= least:
        return z, log_weight
    first, rounds = np.cov(best[0], rowvar=False).reshape(z.shape[1], -1), [best]
    for _ in range(ROUNDS):
        proposal = _proposal(rounds, first)
        places = proposal.rvs(len(z), random_state=generator).reshape(z.shape)
        joint = model.log_joint(batch, torch.tensor(places, dtype=z.dtype, device=z.device))
        found = places, joint.double().cpu().numpy() - proposal.logpdf(places)
        rounds.append(found)
        best = max(best, found, key=lambda draws: effective_sample_size(draws[1]))
        if effective_sample_size(best[1]) >= max(least, GOOD * len(z)):
            break
    return torch.tensor(best[0]).to(z), torch.tensor(best[1]).to(log_weight)


def _proposal(rounds: list[tuple[np.ndarray, np.ndarray]], first: np.ndarray) -> Any:
    """A Student distribution with the moments of weighted draws, wider while draws are few."""
    from scipy.special import softmax
    from scipy.stats import multivariate_t

    places = np.concatenate([z for z, _ in rounds])
    weight = softmax(np.concatenate([w for _, w in rounds]))
    mean = weight @ places
    apart = places - mean
    covariance = (weight[:, None] * apart).T @ apart + first * (weight**2).sum()
    return multivariate_t(mean, covariance + 1e-8 * np.eye(len(mean)), df=FREEDOM)
