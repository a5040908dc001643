"""Draws from a prior under a constraint: a population that is led there by degrees."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from ..errors import NothingLeft
from ..models.priors.base import Prior

PARTICLES = 2048
"""Fewest of a population."""

KEPT = 0.7
"""Effective share of a population that a step towards the constraint leaves."""

MOVES = 8
"""Of every particle after each such step."""

ACCEPTED = 0.574
"""Share of moves to accept: best for Langevin proposals (Roberts & Rosenthal 1998)."""

SMALLEST = 1e-6
"""Least step, for constraints that nearly no draw of the prior meets."""


@dataclass(frozen=True)
class TargetDensity:
    """The density p(z) r(z) / Z.

    Attributes
    ----------
    prior : Prior
    log_reward : callable from Tensor, (n, d), to Tensor, (n,)
        Log r in nats, up to a constant that counts in Z. Minus infinity where z is ruled out. Its
        gradient is used where it has one.
    """

    prior: Prior
    log_reward: Callable[[Tensor], Tensor]

    def log_prob(self, z: Tensor) -> Tensor:
        """Log p(z) r(z); (n,)."""
        return self.prior.log_prob(z) + self.log_reward(z)

    def tempered(self, z: Tensor, beta: float) -> tuple[Tensor, Tensor, Tensor]:
        """Log r, log p(z) r(z)^beta and its gradient at each place; (n,), (n,) and (n, d)."""
        with torch.enable_grad():
            z = z.detach().requires_grad_()
            reward = self.log_reward(z)
            whole = self.prior.log_prob(z) + beta * reward
            (slope,) = torch.autograd.grad(whole.sum(), z)
        return reward.detach(), whole.detach(), torch.nan_to_num(slope, 0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Population:
    """Places that count alike, and what they say of the evidence.

    Attributes
    ----------
    z : Tensor, (n, d)
        In random order.
    log_z : float
        Estimate of log Z, in nats.
    """

    z: Tensor
    log_z: float


def annealed(target: TargetDensity, size: int = PARTICLES) -> Population:
    """Sequential Monte Carlo from the prior to the target (Del Moral, Doucet & Jasra 2006).

    The reward counts more and more. After each rise the population is chosen anew by weight, then
    every particle moves by Langevin proposals that are accepted so as to leave the density as it
    is (MALA). Draws of the prior start it, so a mode gets its share if any of them is near.

    Raises
    ------
    NothingLeft
        If no draw of the prior meets the constraint.
    """
    z = target.prior.sample(size)
    reward, beta, log_z, stride = target.log_reward(z), 0.0, 0.0, 0.5
    if not torch.isfinite(reward).any():
        raise NothingLeft(
            f"none of {size} draws of the prior meets the constraint", "Ask for something likelier."
        )
    while beta < 1:
        rise = _rise(reward, 1 - beta)
        log_z += float((rise * reward.double()).logsumexp(0)) - math.log(size)
        z, beta = z[_resampled(rise * reward)], beta + rise
        for _ in range(MOVES):
            z, reward, stride = _moved(target, z, beta, stride)
    return Population(z[torch.randperm(size, device=z.device)], log_z)


def _rise(reward: Tensor, most: float) -> float:
    """How much more the reward can count if a share ``KEPT`` is to stay effective."""

    def enough(rise: float) -> bool:
        weight = (rise * reward.double()).softmax(0)
        return bool(1 / weight.square().sum() >= KEPT * len(weight))

    if enough(most):
        return most
    low, high = math.log(min(SMALLEST, most)), math.log(most)
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (middle, high) if enough(math.exp(middle)) else (low, middle)
    return math.exp(low)


def _resampled(log_weight: Tensor) -> Tensor:
    """Places chosen by weight, systematically; int64 (n,)."""
    n = len(log_weight)
    ticks = (torch.arange(n, device=log_weight.device) + float(torch.rand(()))) / n
    chosen = torch.searchsorted(log_weight.double().softmax(0).cumsum(0), ticks.double())
    return chosen.clamp_max(n - 1)


def _moved(
    target: TargetDensity, z: Tensor, beta: float, stride: float
) -> tuple[Tensor, Tensor, float]:
    """The places after one proposal each, their log rewards, and a stride nearer to the best.

    Proposals are scaled by the spread of the population along each axis. A reward without a
    gradient leaves them the prior's, and the acceptance makes up for it.
    """
    unit = stride * z.std(0).clamp_min(1e-6)
    reward, here, slope = target.tempered(z, beta)
    noise = torch.randn_like(z)
    there = z + 0.5 * unit.square() * slope + unit * noise
    gain, beyond, back = target.tempered(there, beta)
    returned = (z - there - 0.5 * unit.square() * back) / unit
    log_odds = beyond - here + 0.5 * (noise.square() - returned.square()).sum(-1)
    taken = torch.rand_like(log_odds).log() < log_odds
    accepted = float(taken.double().mean())
    z = torch.where(taken[:, None], there, z)
    return z, torch.where(taken, gain, reward), stride * math.exp(0.5 * (accepted - ACCEPTED))
