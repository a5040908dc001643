"""Posterior draws chosen from many proposals that all samples share: few latents, many modes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from ..data.dataset import Dataset
from ..errors import NothingLeft
from ..models.batch import Batch
from ..models.constrained import LogReward
from ..models.latent import LatentModel
from ..models.likelihoods.scores import NormalScores
from ..models.normal import log_normal
from ..seeding import stream
from .posterior_draws import PosteriorDraws, joined
from .refinement import refine

COUNT, AT_ONCE = 2**17, 2**13
"""Proposals, and how many are decoded at once."""

WIDER = 2.0
"""Standard deviation of half of the proposals, in units of the prior's."""


class Decoded(NormalScores):
    """The likelihood of scores at latents that were decoded once and for all samples.

    Parameters
    ----------
    likelihood : NormalScores
    z : Tensor, (n, latents)
    """

    expected: Tensor

    def __init__(self, likelihood: NormalScores, z: Tensor) -> None:
        super().__init__()
        self.register_buffer("log_residual_variance", likelihood.log_residual_variance)
        self.register_buffer(
            "expected", torch.cat([likelihood(part) for part in torch.split(z, AT_ONCE)])
        )

    def forward(self, z: Tensor) -> Tensor:
        """Expected scores at the latents; (n, features)."""
        del z
        return self.expected


@dataclass(frozen=True)
class Proposals:
    """Latents spread over the prior and around it, decoded and rewarded once for all samples.

    Attributes
    ----------
    z : Tensor, (n, latents)
    likelihood : Decoded
    log_reward : Tensor, (n,)
    log_ratio : Tensor, (n,)
        Log density of the prior over that of the proposal.
    """

    z: Tensor
    likelihood: Decoded
    log_reward: Tensor
    log_ratio: Tensor

    @classmethod
    def of(cls, generator: LatentModel, log_reward: LogReward, seed: int) -> Proposals:
        """``COUNT`` latents; the same for the same generator and seed.

        Half are draws of the prior, half of a normal distribution ``WIDER`` than it. Under a
        constraint that contradicts the data, the posterior lies where the prior has few draws.
        """
        likelihood, prior = generator.likelihood, generator.prior
        assert isinstance(likelihood, NormalScores)
        with torch.random.fork_rng(), torch.no_grad():
            torch.manual_seed(seed)
            own = prior.sample(COUNT // 2)
            centre, sd = own.mean(0), WIDER * own.std(0)
            z = torch.cat([own, centre + sd * torch.randn_like(own)])
            log_p = prior.log_prob(z)
            log_q = torch.logaddexp(log_p, log_normal(z, centre, sd.log())) - math.log(2)
            return cls(z, Decoded(likelihood, z), log_reward(z), log_p - log_q)

    @property
    def rewarded_alike(self) -> bool:
        """Whether the reward is the same everywhere, so that there is no constraint."""
        return bool((self.log_reward == self.log_reward[0]).all())

    def log_weight(self, sample: Batch) -> np.ndarray:
        """Log weight of each latent for one sample, in nats; float64 (n,)."""
        log_likelihood = self.likelihood.log_prob(sample, self.z)
        value = log_likelihood.double() + self.log_reward.double() + self.log_ratio.double()
        return np.asarray(value.cpu().numpy())


def choose_draws(
    target: LatentModel,
    proposals: Proposals,
    data: Dataset,
    ids: Sequence[str],
    *,
    draws: int,
    seed: int,
) -> PosteriorDraws:
    """Draw from every sample's posterior by weighting the proposals.

    A mode is missed only where none of ``COUNT`` proposals is near. Where a posterior is too
    narrow for them, the chosen draws are refined as those of a method are.

    Parameters
    ----------
    target : LatentModel
        Whose joint density, the reward in it, is that of the posterior.
    proposals : Proposals
    data : Dataset
    ids : sequence of str
    draws, seed : int
        Row i depends on its data, ``ids[i]`` and these alone.

    Raises
    ------
    NothingLeft
        If the reward rules all proposals out.
    """

    def drawn(i: int) -> PosteriorDraws:
        with torch.no_grad():
            return _drawn(target, proposals, data.batch(slice(i, i + 1)), ids[i], draws, seed)

    return joined(map(drawn, range(len(ids))), len(ids))


def _drawn(
    target: LatentModel, proposals: Proposals, one: Batch, sample: str, draws: int, seed: int
) -> PosteriorDraws:
    """Draws of a single sample."""
    found = proposals.log_weight(one)
    if not np.isfinite(found).any():
        raise NothingLeft(
            f"none of {COUNT:,} latents meets the constraint", "Ask for something likelier."
        )
    rows, kept = distinct(found, draws, stream(seed, f"choice {sample}"))
    z = proposals.z[torch.tensor(rows, device=one.x.device)]
    log_weight = torch.tensor(kept).to(z)
    z, log_weight = refine(target, one, z, log_weight, stream(seed, f"refinement {sample}"))
    posterior = PosteriorDraws(
        draws=_array(z),
        log_weight=_array(log_weight),
        log_prior=_array(target.prior.log_prob(z)),
    )
    groups = target.groups(one, z)
    if groups is None:
        return posterior
    return replace(posterior, groups=np.einsum("ns,nsg->ng", posterior.weight, _array(groups)))


def _array(values: Tensor) -> np.ndarray:
    """Values of the draws of one sample; float64 (1, draws, ...)."""
    return np.asarray(values.double().cpu().numpy()[None])


def distinct(
    log_weight: np.ndarray, count: int, generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Some of weighted draws, none of them twice, that stand for all (Fearnhead & Clifford 2003).

    Draws whose weight exceeds a threshold are kept with it; of the others as many are chosen
    systematically as are still missing, each with the threshold as its weight.

    Parameters
    ----------
    log_weight : ndarray of float64, (n,)
        In nats.
    count : int
        Less than n.
    generator : numpy Generator

    Returns
    -------
    ndarray of int64, (count,)
        In order.
    ndarray of float64, (count,)
        Log weights; the mean of the weights is that of the weights given.
    """
    relative = np.maximum(np.exp(log_weight - log_weight.max()), 1e-300)
    threshold = _threshold(relative, count)
    chance = np.minimum(relative / threshold, 1.0)
    ticks = generator.random() + np.arange(count)
    rows = np.searchsorted(np.cumsum(chance), ticks).clip(max=len(relative) - 1)
    kept = np.maximum(relative[rows], threshold)
    return rows, np.log(kept) + math.log(count / len(relative)) + log_weight.max()


def _threshold(weight: np.ndarray, count: int) -> float:
    """The c at which the sum of min(weight / c, 1) is ``count``."""
    falling = np.sort(weight)[::-1]
    rest = falling[::-1].cumsum()[::-1][:count]
    threshold = rest / (count - np.arange(count))
    return float(threshold[int(np.argmax(falling[:count] <= threshold))])
