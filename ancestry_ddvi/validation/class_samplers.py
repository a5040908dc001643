"""Samplers of a generator's latents given a class, each with its costs."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from ..errors import NothingLeft
from ..inference import outsourcing
from ..inference.annealing import PARTICLES, TargetDensity, anneal
from ..inference.outsourcing import CHUNK, MIN_ACCEPTED, train_sampler, weighted_draws
from ..models.priors.base import Prior
from .hamiltonian import run_chains, warm_up

DRAWS = 1000
"""Of every sampler, for every class."""

PROPOSALS, MAX_PROPOSALS = outsourcing.PROPOSALS, 16 * outsourcing.PROPOSALS
"""Draws of the prior that rejection sampling begins with, and those at which it gives up."""

CHAINS = 100
"""Of Hamiltonian Monte Carlo."""

STEPS = 2000
"""Training steps of the diffusion sampler, as in ``outsourcing.outsource``."""


@dataclass(frozen=True)
class ClassifiedGenerator:
    """A generator with a classifier of what it generates.

    Attributes
    ----------
    prior : Prior
    decode : callable
        From latents (n, d) to expected images (n, features).
    log_probs : callable
        From images to log P(class | image) of every class, (n, classes).
    """

    prior: Prior
    decode: Callable[[Tensor], Tensor]
    log_probs: Callable[[Tensor], Tensor]

    def target(self, label: int) -> TargetDensity:
        """The density p(z) P(class | f(z)), up to P(class)."""
        return TargetDensity(self.prior, lambda z: self.log_probs(self.decode(z))[:, label])


@dataclass(frozen=True)
class Proposals:
    """Draws of the prior, and which of them rejection sampling accepts for each class.

    Attributes
    ----------
    z : Tensor, (n, d)
    log_probs : Tensor, (n, classes)
    is_accepted : Tensor of bool, (n, classes)
    seconds : float
        Processor time for all of them; wall time would include other work on the machine.
    """

    z: Tensor
    log_probs: Tensor
    is_accepted: Tensor
    seconds: float

    def log_z(self, label: int) -> float:
        """Log of the mean probability of the class, in nats."""
        return float(self.log_probs[:, label].double().logsumexp(0)) - math.log(len(self.z))

    def accepted(self, label: int, start: int, stop: int) -> Tensor:
        """Accepted draws of a class, from number ``start`` to before ``stop``."""
        return self.z[self.is_accepted[:, label].nonzero()[start:stop, 0]]

    def suffice(self, label: int) -> bool:
        """Whether ``outsourcing.outsource`` would use rejection sampling."""
        each = self.log_probs[:, label]
        accepted = PROPOSALS * math.exp(self.log_z(label) - float(each.max()))
        return accepted >= max(DRAWS, MIN_ACCEPTED)

    def efficiency(self, label: int) -> float:
        """Effective draws per draw of the prior, weighted by the class."""
        weight = (self.log_probs[:, label]).double().softmax(0)
        return float(1 / weight.square().sum()) / len(weight)


@dataclass(frozen=True)
class ClassDraws:
    """Latents drawn by one sampler for one class.

    Attributes
    ----------
    z : Tensor, (DRAWS, d)
        Unweighted.
    cost : dict of str to float
        ``seconds_to_train`` and ``seconds_per_1000``, processor time, and what else is known of
        the sampler, by columns of the study.
    """

    z: Tensor
    cost: dict[str, float]


def propose(generator: ClassifiedGenerator) -> Proposals:
    """Draws of the prior, until twice as many as are wanted are accepted for every class.

    Raises
    ------
    NothingLeft
        If the generator hardly ever makes an image of some class.
    """
    start, draws, log_probs, accepted = time.process_time(), [], [], []
    have, fewest = 0, 0
    while have < PROPOSALS or fewest < 2 * DRAWS:
        if have >= MAX_PROPOSALS:
            raise NothingLeft(
                f"of {have} images of the generator only {fewest} are of the rarest class",
                "Train it for more epochs.",
            )
        z = generator.prior.sample(CHUNK)
        each = generator.log_probs(generator.decode(z))
        draws.append(z)
        log_probs.append(each)
        accepted.append(torch.rand_like(each).log() < each)
        have += CHUNK
        fewest = int(sum(part.sum(0) for part in accepted).min())  # type: ignore[union-attr]
    seconds = time.process_time() - start
    return Proposals(torch.cat(draws), torch.cat(log_probs), torch.cat(accepted), seconds)


def prior(generator: ClassifiedGenerator, proposals: Proposals, label: int) -> ClassDraws:
    """Draws of the prior, whatever their class."""
    start = time.process_time()
    z = generator.prior.sample(DRAWS)
    generator.decode(z)
    seconds = _seconds(0, time.process_time() - start)
    return ClassDraws(z, seconds | {"effective": proposals.efficiency(label)})


def rejection(proposals: Proposals, label: int) -> ClassDraws:
    """Rejection sampling: draws of the prior accepted with the probability of the class; exact."""
    share = math.exp(proposals.log_z(label))
    seconds = proposals.seconds / len(proposals.z) * DRAWS / share
    facts = {"acceptance": share, "effective": 1.0, "by_prior": float(proposals.suffice(label))}
    return ClassDraws(proposals.accepted(label, 0, DRAWS), _seconds(0, seconds) | facts)


def hamiltonian(generator: ClassifiedGenerator, label: int) -> ClassDraws:
    """Hamiltonian Monte Carlo: many chains that start from draws of the prior."""
    target, start = generator.target(label), time.process_time()
    before = warm_up(target, generator.prior.sample(CHAINS))
    middle = time.process_time()
    chains = run_chains(target, before, -(-DRAWS // CHAINS))
    z = chains.z.flatten(0, 1)[:DRAWS]
    generator.decode(z)
    seconds = _seconds(middle - start, time.process_time() - middle)
    efficiency = chains.effective_draws / (len(chains.z) * CHAINS)
    return ClassDraws(z, seconds | {"acceptance": chains.acceptance, "effective": efficiency})


def outsourced(
    generator: ClassifiedGenerator, proposals: Proposals, label: int
) -> tuple[ClassDraws, ClassDraws]:
    """An annealed population, and the diffusion sampler that is trained on it.

    Accepted draws of the prior show what the sampler misses, where ``outsourcing.outsource`` has a
    second population.
    """
    target, size = generator.target(label), max(PARTICLES, DRAWS)
    start = time.process_time()
    ends = anneal(target, size)
    middle = time.process_time()
    sampler = train_sampler(target, ends.z, STEPS)
    trained = time.process_time()
    with torch.no_grad():
        z = sampler.endpoint(sampler.draw(DRAWS))
        generator.decode(z)
    drawn = time.process_time()
    found = weighted_draws(sampler, target, proposals.accepted(label, DRAWS, 2 * DRAWS), DRAWS)
    exact = proposals.log_z(label)
    population = ClassDraws(
        ends.z[:DRAWS],
        _seconds(0, (middle - start) * DRAWS / size) | {"log_z_error": abs(ends.log_z - exact)},
    )
    facts = {
        "effective": found.effective_draws / len(found.z),
        "log_z_error": abs(found.log_z - exact),
        "gap": found.eubo - found.elbo,
        "usable": float(found.usable),
    }
    return population, ClassDraws(z, _seconds(trained - start, drawn - trained) | facts)


def all_samplers(
    generator: ClassifiedGenerator, proposals: Proposals, label: int
) -> dict[str, ClassDraws]:
    """Draws of every sampler for one class, by name."""
    population, trained = outsourced(generator, proposals, label)
    return {
        "prior": prior(generator, proposals, label),
        "rejection": rejection(proposals, label),
        "hmc": hamiltonian(generator, label),
        "annealed": population,
        "outsourced": trained,
    }


def _seconds(to_train: float, to_draw: float) -> dict[str, float]:
    """Costs of ``DRAWS`` draws."""
    return {"seconds_to_train": to_train, "seconds_per_1000": 1000 * to_draw / DRAWS}
