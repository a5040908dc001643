"""Samples placed under a constraint: by the generator's own draws, or by a sampler made for it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from ..data.scores import ScoreData
from ..models.constrained import Constrained, ConstrainedLikelihood, LogReward
from ..models.latent import LatentModel
from ..models.likelihoods.scores import NormalScores
from ..models.modalities import ComponentScores
from ..models.posteriors.diffusion import Diffusion
from ..models.posteriors.gaussian import Gaussian
from ..models.variational import Variational
from ..training.objectives.trajectory_balance import TrajectoryBalance
from ..training.objectives.wake_sleep import Sleep
from ..training.trainer import Stage, train
from .posterior_draws import PosteriorDraws, concat
from .sampling import draw_posterior

log = logging.getLogger(__name__)

SAMPLERS = ("auto", "own", "outsourced")

POOR = 1 / 10
"""Effective draws per draw below which the generator's own draws will not do by themselves."""

WIDTH, CHAIN, CHAIN_WIDTH = 128, 10, 64
"""Of the sampler's encoder; steps and width of its chain."""

BATCH, RATE = 256, 0.004

LOOKED_AT = 4096
"""Draws of the prior from which the spread of true scores is taken."""


def constrained(
    generator: LatentModel,
    data: ScoreData,
    ids: Sequence[str],
    log_reward: LogReward,
    *,
    draws: int,
    seed: int,
    sampler: str,
    steps: int,
    advance: Callable[[int], None],
) -> tuple[PosteriorDraws, dict[str, int]]:
    """Draws from p(z) p(scores | z) r(z) of every sample, on the axes of the latents.

    First by the generator's own posterior, weighted; that will do wherever enough draws carry the
    weight. For the others ("auto") or all ("outsourced") a diffusion sampler is trained on samples
    simulated from the generator and seen as sharply as these, for all of them at once.

    Parameters
    ----------
    generator : LatentModel
        Of component scores.
    data : ScoreData
    ids : sequence of str
    log_reward : callable
        Of latents; see ``models.constrained``.
    draws, seed : int
    sampler : str
        One of ``SAMPLERS``.
    steps : int
        Training steps of the sampler.
    advance : callable
        Told of training steps done.

    Returns
    -------
    PosteriorDraws
    dict of str to int
        How many samples were placed by which sampler.
    """
    own = draw_posterior(Constrained(generator, log_reward), data, ids, draws=draws, seed=seed)
    wanted = {
        "own": np.zeros(len(ids), dtype=bool),
        "auto": own.effective_draws < POOR * draws,
        "outsourced": np.ones(len(ids), dtype=bool),
    }[sampler]
    if not wanted.any():
        return own, {"own": len(ids), "outsourced": 0}
    model = _trained(generator, data, log_reward, steps, advance)
    other = draw_posterior(model, data, ids, draws=draws, seed=seed)
    better = wanted & ((other.effective_draws > own.effective_draws) | (sampler != "auto"))
    rows = [(other if take else own)[i : i + 1] for i, take in enumerate(better)]
    taken = int(better.sum())
    return concat(rows), {"own": len(ids) - taken, "outsourced": taken}


def _trained(
    generator: LatentModel,
    data: ScoreData,
    log_reward: LogReward,
    steps: int,
    advance: Callable[[int], None],
) -> Variational:
    """The sampler for the generator's latents; prior and likelihood stay as they are."""
    sampler = Diffusion(
        Gaussian(generator.noise_shape[1], WIDTH), WIDTH, CHAIN, CHAIN_WIDTH, "geometric"
    )
    likelihood = ConstrainedLikelihood(generator.likelihood, log_reward)
    encoder = ComponentScores(_spread(generator)).encoder(WIDTH)
    model = Variational(generator.prior, likelihood, sampler, encoder)
    asleep = steps * 2 // 3
    stages: list[Stage[Variational]] = [
        Stage(model, Sleep(), asleep, (RATE, RATE)),
        Stage(model, TrajectoryBalance(), steps - asleep, (RATE, RATE / 100)),
    ]
    train(stages, data, BATCH, advance)
    return model


def _spread(generator: LatentModel) -> Tensor:
    """Standard deviations of true scores by the generator, (features,); of few variants' are noise."""
    likelihood = generator.likelihood
    assert isinstance(likelihood, NormalScores)
    with torch.no_grad():
        z = generator.prior.sample(LOOKED_AT)
        normal = torch.randn(LOOKED_AT, len(likelihood.log_residual_variance), device=z.device)
        return likelihood.truth(z, normal).std(0)


def reward_of_latents(
    log_reward: Callable[[np.ndarray], np.ndarray], rotation: np.ndarray
) -> LogReward:
    """A reward of coordinates, (n, dims) -> (n,), as one of latents; without a gradient."""

    def reward(z: Tensor) -> Tensor:
        leading = z.detach().double().cpu().numpy()[:, : len(rotation)]
        return torch.tensor(log_reward(leading @ rotation)).to(z)

    return reward


def mixture_reward(
    log_chances: Mapping[str, Callable[[np.ndarray], np.ndarray]],
    shares: Mapping[str, float],
    prior: np.ndarray,
) -> Callable[[np.ndarray], np.ndarray]:
    """The reward of a mixture of groups, so that each has its share of the draws.

    With P(group) the mean of P(group | z) over the prior, the density p(z) sum_g share_g
    P(g | z) / P(g) is the mixture of the groups' p(z | g).

    Parameters
    ----------
    log_chances : mapping of str to callable
        Of each group, log P(group | coordinates).
    shares : mapping of str to float
        Sum to 1.
    prior : ndarray of float64, (n, dims)
        Coordinates of draws of the prior.
    """
    from scipy.special import logsumexp

    part = {
        name: np.log(shares[name]) - logsumexp(chance(prior)) + np.log(len(prior))
        for name, chance in log_chances.items()
    }

    def reward(places: np.ndarray) -> np.ndarray:
        terms = [part[name] + chance(places) for name, chance in log_chances.items()]
        return np.asarray(logsumexp(terms, axis=0))

    return reward
