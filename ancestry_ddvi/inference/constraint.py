"""Posterior draws of samples under a constraint, with or without a sampler trained for it."""

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
from .posterior_draws import PosteriorDraws, joined
from .refinement import TARGET_EFFICIENCY
from .sampling import draw_posterior
from .shared_proposals import Proposals, choose_draws

log = logging.getLogger(__name__)

SAMPLERS = ("auto", "own", "outsourced")

MAX_LATENTS = 4
"""Dimensions up to which shared proposals are dense enough to find every mode."""

BLIND = (
    "Proposals do not fill {latents} latents, and the method has no posterior of its own: a mode "
    "can be missed without a sign of it. Use --sampler auto or outsourced."
)

POOR = 1 / 10
"""Effective draws per draw below which a sampler is trained."""

WIDTH, CHAIN, CHAIN_WIDTH = 128, 10, 64
"""Of the sampler's encoder; steps and width of its chain."""

BATCH, RATE = 256, 0.004

SPREAD_DRAWS = 4096
"""Draws of the prior from which the spread of true scores is estimated."""


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

    First without training, by weighted draws of the generator's own posterior or of shared
    proposals. For samples with too few effective draws ("auto") or for all ("outsourced") a
    diffusion sampler is trained on samples simulated from the generator, observed as precisely
    as these, for all of them at once. It is also trained ("auto") where proposals cannot find
    every mode: for a generator without a posterior and with more than ``MAX_LATENTS`` latents.

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
        How many samples were drawn without ("own") and with training ("outsourced").
    """
    target = Constrained(generator, log_reward)
    own = _untrained(target, data, ids, draws, seed)
    blind = not generator.claims_uncertainty and generator.noise_shape[1] > MAX_LATENTS
    if blind and sampler == "own":
        log.warning("%s", BLIND.format(latents=generator.noise_shape[1]))
    wanted = {
        "own": np.zeros(len(ids), dtype=bool),
        "auto": (own.effective_draws < POOR * draws) | blind,
        "outsourced": np.ones(len(ids), dtype=bool),
    }[sampler]
    if not wanted.any():
        return own, {"own": len(ids), "outsourced": 0}
    model = _trained(generator, data, log_reward, steps, advance)
    other = draw_posterior(model, data, ids, draws=draws, seed=seed)
    sure = blind or sampler != "auto"
    better = wanted & ((other.effective_draws > own.effective_draws) | sure)
    taken = int(better.sum())
    return _chosen(other, own, better), {"own": len(ids) - taken, "outsourced": taken}


def _untrained(
    target: Constrained, data: ScoreData, ids: Sequence[str], draws: int, seed: int
) -> PosteriorDraws:
    """Draws without training: of the generator's own posterior, or chosen from proposals.

    The generator's posterior was trained on the data alone. Under a reward its draws may have
    even weights and still all lie in one mode of several, so proposals spread over the prior are
    preferred where enough of them carry weight. A generator without a posterior has only these.
    """
    generator = target.generator
    if not generator.claims_uncertainty:
        proposals = Proposals.of(generator, target.log_reward, seed)
        return choose_draws(target, proposals, data, ids, draws=draws, seed=seed)
    own = draw_posterior(target, data, ids, draws=draws, seed=seed)
    if generator.noise_shape[1] > MAX_LATENTS:
        return own
    proposals = Proposals.of(generator, target.log_reward, seed)
    if proposals.rewarded_alike:
        return own
    other = choose_draws(target, proposals, data, ids, draws=draws, seed=seed)
    enough = other.effective_draws >= np.minimum(TARGET_EFFICIENCY * draws, own.effective_draws)
    return _chosen(other, own, enough)


def _chosen(first: PosteriorDraws, second: PosteriorDraws, take: np.ndarray) -> PosteriorDraws:
    """Of every sample the first where it is to be taken, else the second."""
    rows = ((first if taken else second)[i : i + 1] for i, taken in enumerate(take))
    return joined(rows, len(take))


def _trained(
    generator: LatentModel,
    data: ScoreData,
    log_reward: LogReward,
    steps: int,
    advance: Callable[[int], None],
) -> Variational:
    """A diffusion sampler of the generator's latents; prior and likelihood are not trained."""
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
    """Standard deviations of true scores under the generator; (features,).

    Those of the data would not do: scores from few variants are mostly noise.
    """
    likelihood = generator.likelihood
    assert isinstance(likelihood, NormalScores)
    with torch.no_grad():
        z = generator.prior.sample(SPREAD_DRAWS)
        normal = torch.randn(SPREAD_DRAWS, len(likelihood.log_residual_variance), device=z.device)
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

    def reward(coordinates: np.ndarray) -> np.ndarray:
        terms = [part[name] + chance(coordinates) for name, chance in log_chances.items()]
        return np.asarray(logsumexp(terms, axis=0))

    return reward
