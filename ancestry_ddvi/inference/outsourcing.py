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
from ..training.objectives.trajectory_balance import imbalance
from ..training.trainer import CLIP
from .annealing import PARTICLES, TargetDensity, annealed
from .posterior_draws import effective

log = logging.getLogger(__name__)

PROPOSED, AT_ONCE = 2**17, 2**13
"""Draws of the prior before it is given up, and how many at once."""

MIN_ACCEPTED = 400
"""Fewest that the constraint must accept of these: their largest reward is taken for the bound."""

CHAIN, WIDTH, TRAJECTORIES = 25, 64, 256
"""Steps and hidden width of the sampler's chain, and trajectories in a step of its training."""

ASLEEP = 0.7
"""Share of training in which the chain learns from the population alone."""

RATES = (1e-2, 1e-4)

JUDGED = 2048
"""Fewest draws by which a sampler is judged."""

POOREST, HEAVIEST = 0.1, 0.2
"""Least effective share of draws, and largest share of one draw, of a sampler that is used."""

FLOOR = 50.0
"""Nats below the least likely place of a population at which all others count alike."""

NOTED = 0.2
"""Nats that the upper bound may exceed what the weights make of it before a mode is missed."""


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
        Mean log weight of draws of the sampler, at most log Z, and of reference draws noised
        backwards, at least log Z. Those of the sampler even where it was not used.
    missed : bool
        Whether the upper bound is higher than the sampler's own weights explain: it does not
        come to all places where reference draws are.
    by : str
        "prior": draws of the prior, accepted by their reward. "outsourced": the diffusion
        sampler. "annealed": the population that it was to learn from, because it did badly.
    """

    z: np.ndarray
    log_weight: np.ndarray
    log_z: float
    elbo: float
    eubo: float
    missed: bool
    by: str

    @property
    def effective(self) -> float:
        """How many independent draws these are worth."""
        return float(effective(self.log_weight))

    @property
    def heaviest(self) -> float:
        """Share of the weight that one draw has."""
        return float(1 / np.exp(self.log_weight - self.log_weight.max()).sum())

    @property
    def usable(self) -> bool:
        """Whether the weights are even enough, and no place of the target is missed."""
        even = self.effective >= POOREST * len(self.z) and self.heaviest <= HEAVIEST
        return even and not self.missed


def outsource(
    prior: Prior,
    log_reward: Callable[[Tensor], Tensor],
    *,
    draws: int,
    seed: int,
    steps: int = 2000,
) -> OutsourcedDraws:
    """Draw latents from p(z) r(z) / Z, by the simplest means that will do.

    Draws of the prior, accepted by their reward, are exact, and do if enough are accepted. Else a
    population is annealed from the prior to the target, and a diffusion sampler is trained to
    draw from it (Venkatraman et al. 2025): first on the population, then by trajectory balance.
    Its weights say how good it is, a second population whether it misses anything. Where it is
    not good enough, the population itself is the answer.

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
        found = accepted(target, draws)
        if found is not None:
            return found
        ends, reference = annealed(target, max(PARTICLES, draws)), annealed(target)
        found = learnt(target, ends.z, reference.z, draws, steps)
    if found.usable:
        return replace(found, z=found.z[:draws], log_weight=found.log_weight[:draws])
    log.warning("The diffusion sampler did badly here; draws are those of an annealed population.")
    alike = np.full(draws, ends.log_z)
    return replace(
        found, z=_array(ends.z[:draws]), log_weight=alike, log_z=ends.log_z, by="annealed"
    )


def accepted(target: TargetDensity, draws: int) -> OutsourcedDraws | None:
    """Draws of the prior accepted by their reward, or None where these are too few."""
    with torch.no_grad():
        places = [target.prior.sample(AT_ONCE) for _ in range(PROPOSED // AT_ONCE)]
        reward = torch.cat([target.log_reward(z) for z in places]).double()
    z = torch.cat(places)
    kept = z[torch.rand_like(reward).log() < reward - reward.max()]
    if len(kept) < max(draws, MIN_ACCEPTED):
        return None
    log_z = float(reward.logsumexp(0)) - math.log(len(z))
    return OutsourcedDraws(
        _array(kept[:draws]), np.full(draws, log_z), log_z, log_z, log_z, False, "prior"
    )


def learnt(
    target: TargetDensity, ends: Tensor, reference: Tensor, draws: int, steps: int
) -> OutsourcedDraws:
    """Draws of a diffusion sampler trained for the target, and at least ``JUDGED`` of them.

    Parameters
    ----------
    ends : Tensor, (n, d)
        Where trajectories that it learns from end, besides its own.
    reference : Tensor, (m, d)
        Other draws of the target, to find out what it misses.
    """
    return weighed(taught(target, ends, steps), target, reference, draws)


def taught(target: TargetDensity, ends: Tensor, steps: int) -> Sampler:
    """First on trajectories that end in ``ends``, then by balance on these and the chain's own."""
    sampler = Sampler(ends)
    lowest = float(target.log_prob(ends).min()) - FLOOR
    optimiser = torch.optim.Adam(sampler.parameters(), RATES[0], fused=True)
    falling = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps, RATES[1])
    for step in range(steps):
        if step < ASLEEP * steps:
            loss = -sampler.log_q(_given(sampler, ends, TRAJECTORIES)).mean()
        else:
            loss = _balance(sampler, target, ends, lowest)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(sampler.parameters(), CLIP)
        optimiser.step()
        falling.step()
    return sampler


def weighed(
    sampler: Sampler, target: TargetDensity, reference: Tensor, draws: int
) -> OutsourcedDraws:
    """Draws of a trained sampler, at least ``JUDGED``, and what other draws say it misses."""
    with torch.no_grad():
        own, other = sampler.draw(max(draws, JUDGED)), sampler.noised(reference)
        z = sampler.endpoint(own)
        weight = _array(target.log_prob(z) - sampler.log_q(own))
        upper = _array(target.log_prob(reference) - sampler.log_q(other))
    log_z = float(np.logaddexp.reduce(weight)) - math.log(len(weight))
    elbo, eubo = float(weight.mean()), float(upper.mean())
    return OutsourcedDraws(
        _array(z), weight, log_z, elbo, eubo, _missed(weight, upper), "outsourced"
    )


class Sampler(nn.Module):
    """A diffusion chain in units in which places given to it have mean 0 and covariance I.

    It starts as the exact reversal of the normal with the moments of these places. Its schedule
    ends in nothing but noise, so that modes far apart can be told from one start.

    Parameters
    ----------
    places : Tensor, (n, d)
    """

    centre: Tensor
    factor: Tensor

    def __init__(self, places: Tensor) -> None:
        super().__init__()
        dims = places.shape[1]
        unit = torch.eye(dims, dtype=places.dtype, device=places.device)
        covariance = torch.cov(places.mT).view(dims, dims)
        self.register_buffer("centre", places.mean(0))
        self.register_buffer("factor", torch.linalg.cholesky(covariance + 1e-8 * unit))
        self.chain = Diffusion(Gaussian(dims, 1), 1, CHAIN, WIDTH, "cosine").to(places)
        with torch.no_grad():
            zero_init(self.chain.base.head).bias[dims:] = REACH * math.atanh(-CENTRE / REACH)

    def draw(self, n: int) -> Draw:
        """Draws of the chain, in its own units."""
        noise = torch.randn(n, *self.chain.noise_shape, device=self.centre.device)
        return self.chain.rsample(self._context(n), noise)

    def noised(self, z: Tensor) -> Draw:
        """Places, (n, d), in the chain's units, each with a path drawn backwards."""
        apart = (z - self.centre).mT
        inner = torch.linalg.solve_triangular(self.factor, apart, upper=False).mT
        return Draw(inner, self.chain.complete(inner), None)

    def log_q(self, draw: Draw) -> Tensor:
        """Log q(z, path) - log r(path | z), of places in units of the latents; (n,)."""
        log_q = self.chain.log_q(draw.z, draw.path, self._context(len(draw.z)))
        return log_q - self.factor.diagonal().log().sum()

    def endpoint(self, draw: Draw) -> Tensor:
        """Draws in units of the latents; (n, d)."""
        return self.centre + draw.z @ self.factor.mT

    def _context(self, n: int) -> Tensor:
        return self.centre.new_ones(n, 1)


def _balance(sampler: Sampler, target: TargetDensity, ends: Tensor, lowest: float) -> Tensor:
    """Of trajectories half of which are the chain's own; a scalar."""
    with torch.no_grad():
        own, given = sampler.draw(TRAJECTORIES // 2), _given(sampler, ends, TRAJECTORIES // 2)
        path = tuple(torch.cat(pair) for pair in zip(own.path, given.path, strict=True))
        both = Draw(torch.cat([own.z, given.z]), path, None)
        wanted = target.log_prob(sampler.endpoint(both)).clamp_min(lowest)
    return imbalance((sampler.log_q(both) - wanted)[None])


def _given(sampler: Sampler, ends: Tensor, n: int) -> Draw:
    """Some of the places, noised."""
    with torch.no_grad():
        return sampler.noised(ends[torch.randint(len(ends), (n,), device=ends.device)])


def _missed(weight: np.ndarray, upper: np.ndarray) -> bool:
    """Whether reference draws weigh more than weights of the sampler's draws say they should.

    Where q comes to all places, E_p[log w] is the same by draws of p and by weighted draws of q.

    Parameters
    ----------
    weight, upper : ndarray
        Log weights of the sampler's draws, and of reference draws noised backwards.
    """
    share = np.exp(weight - weight.max())
    share, some = share[share > 0] / share.sum(), weight[share > 0]
    own = share @ some
    error = upper.var() / len(upper) + (share**2) @ (some - own) ** 2
    return bool(upper.mean() - own > NOTED + 3 * math.sqrt(error))


def _array(values: Tensor) -> np.ndarray:
    return values.double().cpu().numpy()
