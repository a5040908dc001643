"""Hamiltonian Monte Carlo in latents, the baseline of outsourced sampling."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ..inference.annealing import TargetDensity

LEAPFROG_STEPS = 10
"""Of a proposal."""

TARGET_ACCEPTANCE = 0.8
"""Acceptance rate to which the step size is adapted during warm-up."""

WARM_UP, THINNING = 60, 4
"""Proposals before the first draw is kept, and proposals for each draw after that."""


@dataclass(frozen=True)
class Chains:
    """Draws of many chains.

    Attributes
    ----------
    z : Tensor, (kept, chains, d)
        In the order of each chain.
    last : Tensor, (chains, d)
        Where the chains are now.
    step_size : float
        Length of a leapfrog step.
    acceptance : float
        Share of proposals that were accepted.
    """

    z: Tensor
    last: Tensor
    step_size: float
    acceptance: float

    @property
    def effective_draws(self) -> float:
        """Effective sample size for the mean, from the variance between chains.

        The variance of chain means is that of a draw over the effective draws of a chain. Chains
        that stay in different modes count as one draw each. Never more than there are draws.
        """
        kept, chains, d = self.z.shape
        single = self.z.reshape(-1, d).var(0).sum()
        return min(float(chains * single / self.z.mean(0).var(0).sum()), float(kept * chains))


def warm_up(target: TargetDensity, start: Tensor) -> Chains:
    """Chains from each row of ``start``, (chains, d), with an adapted step size."""
    z, step_size, rate = start, 0.1, 0.0
    for _ in range(WARM_UP):
        z, rate = _propose(target, z, step_size)
        step_size *= math.exp(0.5 * (rate - TARGET_ACCEPTANCE))
    return Chains(z[None], z, step_size, rate)


def run_chains(target: TargetDensity, before: Chains, kept: int) -> Chains:
    """``kept`` further draws of each chain, with a fixed step size."""
    z, draws, rates = before.last, [], []
    for _ in range(kept):
        for _ in range(THINNING):
            z, rate = _propose(target, z, before.step_size)
            rates.append(rate)
        draws.append(z)
    return Chains(torch.stack(draws), z, before.step_size, sum(rates) / len(rates))


def _propose(target: TargetDensity, z: Tensor, step_size: float) -> tuple[Tensor, float]:
    """The state of each chain after one proposal (Neal 2011), and the acceptance rate.

    The step size is randomised so that no trajectory closes on itself.
    """
    step = step_size * (0.6 + 0.8 * float(torch.rand(())))
    momentum = torch.randn_like(z)
    _, log_prob, gradient = target.tempered(z, 1.0)
    proposal, moved, new_log_prob = z, momentum, log_prob
    for _ in range(LEAPFROG_STEPS):
        moved = moved + 0.5 * step * gradient
        proposal = proposal + step * moved
        _, new_log_prob, gradient = target.tempered(proposal, 1.0)
        moved = moved + 0.5 * step * gradient
    log_odds = new_log_prob - log_prob + 0.5 * (momentum.square() - moved.square()).sum(-1)
    accepted = torch.rand_like(log_odds).log() < log_odds
    return torch.where(accepted[:, None], proposal, z), float(accepted.double().mean())
