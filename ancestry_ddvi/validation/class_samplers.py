"""Samplers of a generator's latents given a class, each with what it costs."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from ..errors import NothingLeft
from ..inference.annealing import PARTICLES, TargetDensity, annealed
from ..inference.outsourcing import AT_ONCE, MIN_ACCEPTED, PROPOSED, taught, weighed
from ..models.priors.base import Prior
from .hamiltonian import continued, settled

DRAWS = 1000
"""Of every sampler, for every class."""

PROPOSALS, MAX_PROPOSALS = PROPOSED, 16 * PROPOSED
"""Draws of the prior that rejection begins with, and those at which it gives a class up."""

CHAINS = 100
"""Of Hamiltonian Monte Carlo."""

STEPS = 2000
"""Training steps of the diffusion sampler, as in ``outsourcing.outsource``."""


@dataclass(frozen=True)
class Scene:
    """A generator and the classifier that its draws are to please.

    Attributes
    ----------
    prior : Prior
    decode : callable
        Expected images (n, features) of latents (n, d).
    log_chance : callable
        Log P(class | image) of every class, (n, classes), of images.
    """

    prior: Prior
    decode: Callable[[Tensor], Tensor]
    log_chance: Callable[[Tensor], Tensor]

    def target(self, label: int) -> TargetDensity:
        """The density p(z) P(class | f(z)), up to P(class)."""
        return TargetDensity(self.prior, lambda z: self.log_chance(self.decode(z))[:, label])


@dataclass(frozen=True)
class Proposals:
    """Draws of the prior, and which of them each class keeps by rejection.

    Attributes
    ----------
    z : Tensor, (n, d)
    log_chance : Tensor, (n, classes)
    kept : Tensor of bool, (n, classes)
    seconds : float
        Of the processor, in all: other work on the machine would count in those of the wall.
    """

    z: Tensor
    log_chance: Tensor
    kept: Tensor
    seconds: float

    def log_z(self, label: int) -> float:
        """Log of the mean probability of the class, in nats."""
        return float(self.log_chance[:, label].double().logsumexp(0)) - math.log(len(self.z))

    def of(self, label: int, start: int, stop: int) -> Tensor:
        """Some of the draws that the class keeps, by their order."""
        return self.z[self.kept[:, label].nonzero()[start:stop, 0]]

    def suffice(self, label: int) -> bool:
        """Whether ``outsourcing.outsource`` would be content with draws of the prior."""
        each = self.log_chance[:, label]
        accepted = PROPOSED * math.exp(self.log_z(label) - float(each.max()))
        return accepted >= max(DRAWS, MIN_ACCEPTED)

    def even(self, label: int) -> float:
        """Effective share of the draws of the prior, weighted by the class."""
        weight = (self.log_chance[:, label]).double().softmax(0)
        return float(1 / weight.square().sum()) / len(weight)


@dataclass(frozen=True)
class Drawn:
    """Latents by one sampler for one class, and what is known of them besides.

    Attributes
    ----------
    z : Tensor, (DRAWS, d)
        As they come: without weights.
    cost : dict of str to float
        ``seconds_to_train`` and ``seconds_per_1000``, of the processor, and what else the
        sampler says of itself, by columns of the study.
    """

    z: Tensor
    cost: dict[str, float]


def propose(scene: Scene) -> Proposals:
    """Draws of the prior until every class keeps twice as many as are wanted.

    Raises
    ------
    NothingLeft
        If the generator hardly ever makes an image of some class.
    """
    start, places, chances, kept = time.process_time(), [], [], []
    have, fewest = 0, 0
    while have < PROPOSALS or fewest < 2 * DRAWS:
        if have >= MAX_PROPOSALS:
            raise NothingLeft(
                f"of {have} images of the generator only {fewest} are of the rarest class",
                "Train it for more epochs.",
            )
        z = scene.prior.sample(AT_ONCE)
        log_chance = scene.log_chance(scene.decode(z))
        places.append(z)
        chances.append(log_chance)
        kept.append(torch.rand_like(log_chance).log() < log_chance)
        have += AT_ONCE
        fewest = int(sum(part.sum(0) for part in kept).min())  # type: ignore[union-attr]
    seconds = time.process_time() - start
    return Proposals(torch.cat(places), torch.cat(chances), torch.cat(kept), seconds)


def prior(scene: Scene, proposals: Proposals, label: int) -> Drawn:
    """Draws of the prior, whatever their class."""
    start = time.process_time()
    z = scene.prior.sample(DRAWS)
    scene.decode(z)
    return Drawn(z, _seconds(0, time.process_time() - start) | {"effective": proposals.even(label)})


def rejection(proposals: Proposals, label: int) -> Drawn:
    """Draws of the prior, each kept with the probability of its class: exact."""
    share = math.exp(proposals.log_z(label))
    seconds = proposals.seconds / len(proposals.z) * DRAWS / share
    facts = {"acceptance": share, "effective": 1.0, "by_prior": float(proposals.suffice(label))}
    return Drawn(proposals.of(label, 0, DRAWS), _seconds(0, seconds) | facts)


def hamiltonian(scene: Scene, label: int) -> Drawn:
    """Many chains from draws of the prior."""
    target, start = scene.target(label), time.process_time()
    before = settled(target, scene.prior.sample(CHAINS))
    middle = time.process_time()
    chains = continued(target, before, -(-DRAWS // CHAINS))
    z = chains.z.flatten(0, 1)[:DRAWS]
    scene.decode(z)
    seconds = _seconds(middle - start, time.process_time() - middle)
    share = chains.effective / (len(chains.z) * CHAINS)
    return Drawn(z, seconds | {"acceptance": chains.acceptance, "effective": share})


def outsourced(scene: Scene, proposals: Proposals, label: int) -> tuple[Drawn, Drawn]:
    """The annealed population, and the diffusion sampler that learns from it.

    What the sampler misses is judged by draws of rejection, where ``outsourcing.outsource`` has
    another population.
    """
    target, size, start = scene.target(label), max(PARTICLES, DRAWS), time.process_time()
    ends = annealed(target, size)
    middle = time.process_time()
    sampler = taught(target, ends.z, STEPS)
    trained = time.process_time()
    with torch.no_grad():
        z = sampler.endpoint(sampler.draw(DRAWS))
        scene.decode(z)
    drawn = time.process_time()
    found = weighed(sampler, target, proposals.of(label, DRAWS, 2 * DRAWS), DRAWS)
    exact = proposals.log_z(label)
    population = Drawn(
        ends.z[:DRAWS],
        _seconds(0, (middle - start) * DRAWS / size) | {"log_z_error": abs(ends.log_z - exact)},
    )
    facts = {
        "effective": found.effective / len(found.z),
        "log_z_error": abs(found.log_z - exact),
        "gap": found.eubo - found.elbo,
        "usable": float(found.usable),
    }
    return population, Drawn(z, _seconds(trained - start, drawn - trained) | facts)


def every(scene: Scene, proposals: Proposals, label: int) -> dict[str, Drawn]:
    """All samplers for one class, by name."""
    population, learnt = outsourced(scene, proposals, label)
    return {
        "prior": prior(scene, proposals, label),
        "rejection": rejection(proposals, label),
        "hmc": hamiltonian(scene, label),
        "annealed": population,
        "outsourced": learnt,
    }


def _seconds(to_train: float, to_draw: float) -> dict[str, float]:
    """Costs of ``DRAWS`` draws."""
    return {"seconds_to_train": to_train, "seconds_per_1000": 1000 * to_draw / DRAWS}
