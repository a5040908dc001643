"""Draws from a prior under a constraint, by annealed sequential Monte Carlo."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from ..errors import NothingLeft
from ..models.priors.base import Prior
from .resampling import systematic

PARTICLES = 2048
"""Smallest size of a population."""

ESS_FRACTION = 0.7
"""Effective sample size over particles that an increment of the temperature leaves."""

MALA_STEPS = 8
"""Of every particle after each increment."""

TARGET_ACCEPTANCE = 0.574
"""Best acceptance rate of Langevin proposals (Roberts & Rosenthal 1998)."""

MIN_INCREMENT = 1e-6
"""Smallest increment, for constraints that almost no draw of the prior meets."""


@dataclass(frozen=True)
class TargetDensity:
    """The density p(z) r(z) / Z.

    Attributes
    ----------
    prior : Prior
    log_reward : callable from Tensor, (n, d), to Tensor, (n,)
        Log r in nats, up to a constant that counts in Z; minus infinity where z is excluded. Its
        gradient is used where it has one.
    """

    prior: Prior
    log_reward: Callable[[Tensor], Tensor]

    def log_prob(self, z: Tensor) -> Tensor:
        """Log p(z) r(z); (n,)."""
        return self.prior.log_prob(z) + self.log_reward(z)

    def tempered(self, z: Tensor, beta: float) -> tuple[Tensor, Tensor, Tensor]:
        """Log r, log p(z) r(z)^beta and the gradient of the latter; (n,), (n,) and (n, d)."""
        with torch.enable_grad():
            z = z.detach().requires_grad_()
            reward = self.log_reward(z)
            log_prob = self.prior.log_prob(z) + beta * reward
            (gradient,) = torch.autograd.grad(log_prob.sum(), z)
        return reward.detach(), log_prob.detach(), torch.nan_to_num(gradient, 0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Population:
    """Equally weighted particles, with an estimate of the evidence.

    Attributes
    ----------
    z : Tensor, (n, d)
        In random order.
    log_z : float
        Estimate of log Z, in nats.
    """

    z: Tensor
    log_z: float


def anneal(target: TargetDensity, size: int = PARTICLES) -> Population:
    """Sequential Monte Carlo from the prior to the target (Del Moral, Doucet & Jasra 2006).

    The exponent of the reward grows from 0 to 1. After each increment the particles are resampled
    by weight, and each makes a few Metropolis-adjusted Langevin (MALA) steps, which leave the
    tempered density invariant. The population starts as draws of the prior, so a mode gets its
    share if any of them is near it.

    Raises
    ------
    NothingLeft
        If no draw of the prior meets the constraint.
    """
    with torch.no_grad():
        z = target.prior.sample(size)
    reward, beta, log_z, step_size = target.log_reward(z), 0.0, 0.0, 0.5
    if not torch.isfinite(reward).any():
        raise NothingLeft(
            f"none of {size} draws of the prior meets the constraint", "Use a likelier constraint."
        )
    while beta < 1:
        increment = _increment(reward, 1 - beta)
        log_z += float((increment * reward.double()).logsumexp(0)) - math.log(size)
        z, beta = z[_resample(increment * reward)], beta + increment
        for _ in range(MALA_STEPS):
            z, reward, step_size = _mala_step(target, z, beta, step_size)
    return Population(z[torch.randperm(size, device=z.device)], log_z)


def _increment(reward: Tensor, most: float) -> float:
    """The largest increment of the exponent that keeps the effective sample size."""

    def keeps_enough(increment: float) -> bool:
        weight = (increment * reward.double()).softmax(0)
        return bool(1 / weight.square().sum() >= ESS_FRACTION * len(weight))

    if keeps_enough(most):
        return most
    low, high = math.log(min(MIN_INCREMENT, most)), math.log(most)
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (middle, high) if keeps_enough(math.exp(middle)) else (low, middle)
    return math.exp(low)


def _resample(log_weight: Tensor) -> Tensor:
    """Indices of particles chosen by weight; int64 (n,)."""
    weight = log_weight.double().softmax(0).cpu().numpy()
    chosen = systematic(weight, len(weight), float(torch.rand(())))
    return torch.tensor(chosen, device=log_weight.device)


def _mala_step(
    target: TargetDensity, z: Tensor, beta: float, step_size: float
) -> tuple[Tensor, Tensor, float]:
    """Particles after one proposal each, their log rewards, and the adapted step size.

    Proposals are scaled by the standard deviation of the population along each axis. For a reward
    without a gradient they follow the prior alone; acceptance corrects for that.
    """
    unit = step_size * z.std(0).clamp_min(1e-6)
    reward, log_prob, gradient = target.tempered(z, beta)
    noise = torch.randn_like(z)
    proposal = z + 0.5 * unit.square() * gradient + unit * noise
    new_reward, new_log_prob, new_gradient = target.tempered(proposal, beta)
    reverse = (z - proposal - 0.5 * unit.square() * new_gradient) / unit
    log_odds = new_log_prob - log_prob + 0.5 * (noise.square() - reverse.square()).sum(-1)
    accepted = torch.rand_like(log_odds).log() < log_odds
    rate = float(accepted.double().mean())
    z = torch.where(accepted[:, None], proposal, z)
    reward = torch.where(accepted, new_reward, reward)
    return z, reward, step_size * math.exp(0.5 * (rate - TARGET_ACCEPTANCE))
