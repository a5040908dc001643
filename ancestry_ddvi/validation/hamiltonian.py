"""Hamiltonian Monte Carlo in latents, the baseline of outsourced sampling."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ..inference.annealing import TargetDensity

LEAPS = 10
"""Leapfrog steps of a proposal."""

ACCEPTED = 0.8
"""Share of proposals to accept, which the length of a step is set by while chains settle."""

SETTLING, THIN = 60, 4
"""Proposals before the first draw is kept, and of which one is kept after that."""


@dataclass(frozen=True)
class Chains:
    """What many chains came to.

    Attributes
    ----------
    z : Tensor, (kept, chains, d)
        In the order of each chain.
    last : Tensor, (chains, d)
        Where they are.
    stride : float
        Length of a leapfrog step.
    acceptance : float
        Share of proposals that were accepted.
    """

    z: Tensor
    last: Tensor
    stride: float
    acceptance: float

    @property
    def effective(self) -> float:
        """How many independent draws these are worth for their mean, by how chains differ.

        The variance of means of chains is that of a draw over the effective draws of a chain.
        Chains that stay in different modes count as one draw each. Never more than there are.
        """
        kept, chains, d = self.z.shape
        single = self.z.reshape(-1, d).var(0).sum()
        return min(float(chains * single / self.z.mean(0).var(0).sum()), float(kept * chains))


def settled(target: TargetDensity, start: Tensor) -> Chains:
    """Chains from each place of ``start``, (chains, d), with the step that suits them."""
    z, stride, share = start, 0.1, 0.0
    for _ in range(SETTLING):
        z, share = _proposed(target, z, stride)
        stride *= math.exp(0.5 * (share - ACCEPTED))
    return Chains(z[None], z, stride, share)


def continued(target: TargetDensity, before: Chains, kept: int) -> Chains:
    """The draws that each chain goes on to, ``kept`` of them, with a step that stays."""
    z, found, shares = before.last, [], []
    for _ in range(kept):
        for _ in range(THIN):
            z, share = _proposed(target, z, before.stride)
            shares.append(share)
        found.append(z)
    return Chains(torch.stack(found), z, before.stride, sum(shares) / len(shares))


def _proposed(target: TargetDensity, z: Tensor, stride: float) -> tuple[Tensor, float]:
    """Where each chain is after one proposal (Neal 2011), and the share accepted.

    Steps are of random length, lest an orbit closes.
    """
    length = stride * (0.6 + 0.8 * float(torch.rand(())))
    momentum = torch.randn_like(z)
    _, here, slope = target.tempered(z, 1.0)
    there, moved, beyond = z, momentum, here
    for _ in range(LEAPS):
        moved = moved + 0.5 * length * slope
        there = there + length * moved
        _, beyond, slope = target.tempered(there, 1.0)
        moved = moved + 0.5 * length * slope
    log_odds = beyond - here + 0.5 * (momentum.square() - moved.square()).sum(-1)
    taken = torch.rand_like(log_odds).log() < log_odds
    return torch.where(taken[:, None], there, z), float(taken.double().mean())
