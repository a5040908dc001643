"""Latents of a generator under one constraint, by outsourced diffusion sampling."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn

from ..models.batch import Draw
from ..models.nets import zero_init
from ..models.posteriors.diffusion import Diffusion
from ..models.posteriors.gaussian import CENTRE, REACH, Gaussian
from ..models.priors.base import Prior
from ..models.runtime import computing
from ..training.objectives.base import Phase
from ..training.objectives.trajectory_balance import imbalance
from ..training.trainer import optimise
from .annealing import PARTICLES, TargetDensity, anneal
from .posterior_draws import effective_sample_size

log = logging.getLogger(__name__)

PROPOSALS, CHUNK = 2**17, 2**13
"""Draws of the prior that rejection sampling tries, and how many at once."""

MIN_ACCEPTED = 400
"""Fewest of these that must be accepted: their largest reward is taken for the bound."""

CHAIN_STEPS, CHAIN_WIDTH, TRAJECTORIES = 25, 64, 256
"""Steps and hidden width of the sampler's chain, and trajectories in a step of its training."""

PRETRAINING = 0.7
"""Share of training in which the chain learns from the population alone."""

RATES = (1e-2, 1e-4)
"""Learning rate at the start and at the end."""

MIN_EVALUATED = 2048
"""Fewest draws by which a sampler is evaluated."""

MIN_EFFICIENCY, MAX_WEIGHT = 0.1, 0.2
"""Least effective draws per draw, and largest share of one draw, of a sampler that is used."""

FLOOR = 50.0
"""Log densities are cut so many nats below that of the least likely particle."""

MODE_GAP = 0.2
"""Nats by which the upper bound may exceed its estimate; a larger excess is a missed mode."""


@dataclass(frozen=True)
class OutsourcedDraws:
    """Weighted draws of latents under a constraint.

    Attributes
    ----------
    z : ndarray of float64, (draws, d)
    log_weight : ndarray of float64, (draws,)
        In nats; the log of their mean is log Z.
    log_z : float
        Log of the constraint's probability under the prior, or of its mean reward, in nats.
    elbo, eubo : float
        Evidence lower and upper bound: the mean log weight of draws of the sampler, at most log Z,
        and of reference draws with paths of the noising process, at least log Z. Those of the
        sampler even where its draws are not used.
    missed : bool
        Whether the upper bound is higher than the sampler's own weights explain: there are
        reference draws in a mode that the sampler does not reach.
    by : str
        "prior": rejection sampling. "outsourced": the diffusion sampler. "annealed": the
        population that the sampler was trained on, because the sampler is not usable.
    """

    z: np.ndarray
    log_weight: np.ndarray
    log_z: float
    elbo: float
    eubo: float
    missed: bool
    by: str

    @property
    def effective_draws(self) -> float:
        """Effective sample size of the draws."""
        return float(effective_sample_size(self.log_weight))

    @property
    def largest_weight(self) -> float:
        """Largest normalised weight of a draw."""
        return float(1 / np.exp(self.log_weight - self.log_weight.max()).sum())

    @property
    def usable(self) -> bool:
        """Whether the weights are even enough, and no mode is missed."""
        even = self.effective_draws >= MIN_EFFICIENCY * len(self.z)
        return even and self.largest_weight <= MAX_WEIGHT and not self.missed


def outsource(
    prior: Prior,
    log_reward: Callable[[Tensor], Tensor],
    *,
    draws: int,
    seed: int,
    steps: int = 2000,
) -> OutsourcedDraws:
    """Draw latents from p(z) r(z) / Z, by the simplest of three ways that works.

    Rejection sampling of the prior is exact, and used if enough draws are accepted. Otherwise a
    population is annealed from the prior to the target, and a diffusion sampler is trained to
    draw from the target (Venkatraman et al. 2025): first on the population, then by trajectory
    balance. Its weights show how good it is, a second population whether it misses a mode. If it
    is not usable, the draws are the population itself.

    Parameters
    ----------
    prior : Prior
        Of the generator, on the device to compute on.
    log_reward : callable from Tensor, (n, d), to Tensor, (n,)
        Log r in nats; see ``TargetDensity``.
    draws, seed : int
    steps : int
        Training steps of the sampler.

    Raises
    ------
    NothingLeft
        If no draw of the prior meets the constraint.
    """
    target = TargetDensity(prior, log_reward)
    with computing(seed, None):
        found = rejection_sample(target, draws)
        if found is not None:
            return found
        population, reference = anneal(target, max(PARTICLES, draws)), anneal(target)
        sampler = train_sampler(target, population.z, steps)
        found = weighted_draws(sampler, target, reference.z, draws)
    if found.usable:
        return replace(found, z=found.z[:draws], log_weight=found.log_weight[:draws])
    log.warning("The diffusion sampler is not usable here; draws are of an annealed population.")
    return replace(
        found,
        z=_array(population.z[:draws]),
        log_weight=np.full(draws, population.log_z),
        log_z=population.log_z,
        by="annealed",
    )


def rejection_sample(target: TargetDensity, draws: int) -> OutsourcedDraws | None:
    """Draws of the prior accepted in proportion to their reward, or None if they are too few."""
    with torch.no_grad():
        chunks = [target.prior.sample(CHUNK) for _ in range(PROPOSALS // CHUNK)]
        reward = torch.cat([target.log_reward(z) for z in chunks]).double()
    z = torch.cat(chunks)
    kept = z[torch.rand_like(reward).log() < reward - reward.max()]
    if len(kept) < max(draws, MIN_ACCEPTED):
        return None
    log_z = float(reward.logsumexp(0)) - math.log(len(z))
    return OutsourcedDraws(
        _array(kept[:draws]), np.full(draws, log_z), log_z, log_z, log_z, False, "prior"
    )


def train_sampler(target: TargetDensity, population: Tensor, steps: int) -> Sampler:
    """A sampler of the target, trained from a population of draws, (n, d).

    First the likelihood of noised particles is maximised, then the trajectories of particles and
    of the chain itself are balanced.
    """
    sampler = Sampler(population)
    with torch.no_grad():
        lowest = float(target.log_prob(population).min()) - FLOOR

    def loss(step: int) -> Tensor:
        if step < PRETRAINING * steps:
            return -sampler.log_q(_noised_particles(sampler, population, TRAJECTORIES)).mean()
        return _balance(sampler, target, population, lowest)

    optimise([Phase("sampler", list(sampler.parameters()), loss)], steps, RATES, lambda step: step)
    return sampler


def weighted_draws(
    sampler: Sampler, target: TargetDensity, reference: Tensor, draws: int
) -> OutsourcedDraws:
    """Draws of a trained sampler, at least ``MIN_EVALUATED``, weighted to the target.

    Other draws of the target, ``reference`` (m, d), show whether the sampler misses a mode.
    """
    with torch.no_grad():
        own, other = sampler.draw(max(draws, MIN_EVALUATED)), sampler.noised(reference)
        z = sampler.endpoint(own)
        weight = _array(target.log_prob(z) - sampler.log_q(own))
        upper = _array(target.log_prob(reference) - sampler.log_q(other))
    log_z = float(np.logaddexp.reduce(weight)) - math.log(len(weight))
    elbo, eubo = float(weight.mean()), float(upper.mean())
    return OutsourcedDraws(
        _array(z), weight, log_z, elbo, eubo, _missed(weight, upper), "outsourced"
    )


class Sampler(nn.Module):
    """A diffusion chain on whitened latents: particles given to it have mean 0 and covariance I.

    It starts as the exact reversal of the normal with the moments of these particles. Its
    schedule ends in noise alone, so that distant modes can be reached from one start.

    Parameters
    ----------
    particles : Tensor, (n, d)
    """

    centre: Tensor
    factor: Tensor

    def __init__(self, particles: Tensor) -> None:
        super().__init__()
        dims = particles.shape[1]
        unit = torch.eye(dims, dtype=particles.dtype, device=particles.device)
        covariance = torch.cov(particles.mT).view(dims, dims)
        self.register_buffer("centre", particles.mean(0))
        self.register_buffer("factor", torch.linalg.cholesky(covariance + 1e-8 * unit))
        self.chain = Diffusion(Gaussian(dims, 1), 1, CHAIN_STEPS, CHAIN_WIDTH, "cosine").to(
            particles
        )
        with torch.no_grad():
            zero_init(self.chain.base.head).bias[dims:] = REACH * math.atanh(-CENTRE / REACH)

    def draw(self, n: int) -> Draw:
        """Draws of the chain, whitened."""
        noise = torch.randn(n, *self.chain.noise_shape, device=self.centre.device)
        return self.chain.rsample(self._context(n), noise)

    def noised(self, z: Tensor) -> Draw:
        """Latents, (n, d), whitened, each with a path of the noising process."""
        centred = (z - self.centre).mT
        inner = torch.linalg.solve_triangular(self.factor, centred, upper=False).mT
        return Draw(inner, self.chain.complete(inner), None)

    def log_q(self, draw: Draw) -> Tensor:
        """Log q(z, path) - log r(path | z), with z in units of the latents; (n,)."""
        log_q = self.chain.log_q(draw.z, draw.path, self._context(len(draw.z)))
        return log_q - self.factor.diagonal().log().sum()

    def endpoint(self, draw: Draw) -> Tensor:
        """Draws in units of the latents; (n, d)."""
        return self.centre + draw.z @ self.factor.mT

    def _context(self, n: int) -> Tensor:
        return self.centre.new_ones(n, 1)


def _balance(sampler: Sampler, target: TargetDensity, population: Tensor, lowest: float) -> Tensor:
    """Trajectory balance, half of the trajectories being the chain's own; a scalar."""
    with torch.no_grad():
        own = sampler.draw(TRAJECTORIES // 2)
        given = _noised_particles(sampler, population, TRAJECTORIES // 2)
        path = tuple(torch.cat(pair) for pair in zip(own.path, given.path, strict=True))
        both = Draw(torch.cat([own.z, given.z]), path, None)
        wanted = target.log_prob(sampler.endpoint(both)).clamp_min(lowest)
    return imbalance((sampler.log_q(both) - wanted)[None])


def _noised_particles(sampler: Sampler, population: Tensor, n: int) -> Draw:
    """Particles drawn at random, noised."""
    with torch.no_grad():
        chosen = torch.randint(len(population), (n,), device=population.device)
        return sampler.noised(population[chosen])


def _missed(weight: np.ndarray, upper: np.ndarray) -> bool:
    """Whether the upper bound exceeds its estimate by weighted draws of the sampler.

    Where q reaches all modes of p, E_p[log w] is the same by draws of p and by weighted draws of q.

    Parameters
    ----------
    weight, upper : ndarray
        Log weights of the sampler's draws, and of reference draws noised backwards.
    """
    share = np.exp(weight - weight.max())
    share, some = share[share > 0] / share.sum(), weight[share > 0]
    own = share @ some
    error = upper.var() / len(upper) + (share**2) @ (some - own) ** 2
    return bool(upper.mean() - own > MODE_GAP + 3 * math.sqrt(error))


def _array(values: Tensor) -> np.ndarray:
    return values.double().cpu().numpy()
