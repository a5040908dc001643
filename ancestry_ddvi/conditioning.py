"""Places from a prior, and from a prior times a reward: p(z) r(z), up to its integral.

The reward is any function that says log r at places, with r from 0 to 1; for a labelled group it
is the group's probability at a place. Whoever can draw from p(z) r(z) by other means needs no
more than the prior and that function.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from .placement import effective
from .reference.normals import Normals
from .seeding import stream

log = logging.getLogger(__name__)

LogReward = Callable[[np.ndarray], np.ndarray]
"""Log r at places, at most 0; (n, dims) -> (n,)."""

BLOCK = 4096
"""Places drawn at once, always: so the first people are the same however many there are."""

PILOT = 4
"""Blocks of the prior by which the share that a reward accepts is judged."""

LEAST_ACCEPTED = 0.01
"""From this share on, rejection from the prior."""

POOL = 65_536
"""Proposals that are weighted and resampled."""

WIDTHS = (1.0, 9.0)
"""Of the proposal's normals, as factors of their covariances; the prior itself is a third part."""


class Source(Protocol):
    """A prior that can be sampled and asked."""

    def sample_prior(self, count: int, seed: int) -> np.ndarray:
        """Places, (count, dims)."""

    def log_prior(self, z: np.ndarray) -> np.ndarray:
        """Log density; (n, dims) -> (n,)."""


@dataclass(frozen=True)
class Drawn:
    """Places, and how they were come by.

    Attributes
    ----------
    z : ndarray of float64, (count, dims)
    method : "prior", "rejection" or "importance"
    acceptance : float or None
        The integral of p(z) r(z), the share of the prior that the reward accepts.
    effective : float or None
        Independent proposals that the weighted ones are worth.
    """

    z: np.ndarray
    method: str
    acceptance: float | None = None
    effective: float | None = None


def from_prior(source: Source, count: int, seed: int, purpose: str) -> Drawn:
    """Places from the prior as it is; the first are the same whatever ``count``."""
    blocks = itertools.islice(_candidates(source, seed, purpose), -(-count // BLOCK))
    return Drawn(np.concatenate([z for z, _ in blocks])[:count], "prior")


def conditioned(
    source: Source, log_reward: LogReward, proposal: Normals, count: int, seed: int, purpose: str
) -> Drawn:
    """Places from p(z) r(z): by rejection where 1 % is accepted, else by importance resampling.

    Parameters
    ----------
    source : Source
    log_reward : callable
    proposal : Normals
        Where the reward is, for the case that the prior seldom goes there.
    count, seed : int
    purpose : str
        Other purposes meet other chances; the first places are the same whatever ``count``.
    """
    pilot = itertools.islice(_candidates(source, seed, purpose), PILOT)
    share = float(np.mean([np.exp(log_reward(z)).mean() for z, _ in pilot]))
    if share >= LEAST_ACCEPTED:
        return rejection(source, log_reward, count, seed, purpose, share)
    return importance(source, log_reward, proposal, count, seed, purpose, share)


def rejection(
    source: Source, log_reward: LogReward, count: int, seed: int, purpose: str, share: float
) -> Drawn:
    """Exact: places of the prior, each accepted with probability r (von Neumann 1951)."""
    accepted: list[np.ndarray] = []
    for z, uniform in _candidates(source, seed, purpose):
        accepted.append(z[uniform < np.exp(log_reward(z))])
        if sum(map(len, accepted)) >= count:
            break
    return Drawn(np.concatenate(accepted)[:count], "rejection", share)


def importance(
    source: Source,
    log_reward: LogReward,
    proposal: Normals,
    count: int,
    seed: int,
    purpose: str,
    share: float,
) -> Drawn:
    """Sampling importance resampling (Rubin 1988), exact as the pool grows.

    The pool is drawn in equal parts from the proposal's normals, from wider ones and from the
    prior, so that no weight exceeds three times the reward. Every place resampled is one of the
    pool, and some may stand there twice.
    """
    pool, log_weight = _pool(source, log_reward, proposal, seed, purpose)
    worth = float(effective(log_weight))
    if worth < count:
        log.warning("%s: %d places stand on %.0f effective draws.", purpose, count, worth)
    weight = np.exp(log_weight - log_weight.max())
    ticks = stream(seed, f"{purpose} resampling").random(count)
    rows = np.searchsorted(np.cumsum(weight / weight.sum()), ticks).clip(max=POOL - 1)
    return Drawn(pool[rows], "importance", share, worth)


def _candidates(source: Source, seed: int, purpose: str) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Blocks of places of the prior without end, with a uniform number for each."""
    for number in itertools.count():
        chance = stream(seed, f"{purpose} {number}")
        z = source.sample_prior(BLOCK, int(chance.integers(2**62)))
        yield z, chance.random(BLOCK)


def _pool(
    source: Source, log_reward: LogReward, proposal: Normals, seed: int, purpose: str
) -> tuple[np.ndarray, np.ndarray]:
    """Proposals (POOL, dims), and log p(z) r(z) / q(z) of each (POOL,)."""
    parts = [proposal.widened(width) for width in WIDTHS]
    chance = stream(seed, f"{purpose} proposals")
    each = POOL // (len(parts) + 1)
    places = [part.sample(each, chance) for part in parts]
    prior = source.sample_prior(POOL - each * len(parts), int(chance.integers(2**62)))
    pool = np.concatenate([*places, prior])
    log_prior = source.log_prior(pool)
    densities = [log_prior, *(part.log_density(pool) for part in parts)]
    log_q = np.logaddexp.reduce(densities, axis=0) - np.log(len(densities))
    return pool, log_prior + log_reward(pool) - log_q
