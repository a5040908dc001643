"""Outsourced diffusion sampling."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import torch

from ..models.posteriors.diffusion import Diffusion
from ..models.posteriors.gaussian import Gaussian
from ..models.variational import Variational
from ..training.objectives.trajectory_balance import TrajectoryBalance
from ..training.objectives.wake_sleep import Sleep
from ..training.trainer import Stage
from . import METHODS, recipe, recipe_class
from .method import MAX_CHAIN, Spec
from .networks import ENCODER_WIDTH, NetworkMethod, NetworkRecipe


@dataclass(frozen=True)
class Outsourced(NetworkRecipe):
    """Outsourced diffusion sampling (Venkatraman et al., ICML 2025) of another method's model.

    That method is fitted first. Then its prior and decoder are frozen, and a diffusion sampler
    is trained to draw from their exact posterior, on samples simulated from them. So a method
    with an approximate posterior, or with a point encoder, gets an accurate one.

    Attributes
    ----------
    generator : str
        The other method: one that trains networks.
    diffusion_steps : int
        T, the steps of the sampler's chain.
    chain_width : int
        Hidden width of the chain's network.
    sampler_steps : int
        Training steps of the sampler, after ``steps`` of the generator.
    trajectories : int
        Trajectories of a simulated sample in a step, out of ``batch`` for all.
    """

    generator: str = "vae"
    diffusion_steps: int = 10
    chain_width: int = 64
    sampler_steps: int = 3000
    trajectories: int = 8

    def __post_init__(self) -> None:
        super().__post_init__()
        self._at_least(1, "diffusion_steps", "chain_width", "sampler_steps")
        self._at_most(MAX_CHAIN, "diffusion_steps")
        self._at_least(4, "trajectories")
        self._one_of("generator", generators())

    def build(self, spec: Spec, device: torch.device) -> NetworkMethod:
        """The stages of the generator, then sleep and trajectory balance of the sampler."""
        generator = self._generator_recipe().build(spec, device)
        source = generator.model
        sampler = Diffusion(
            Gaussian(spec.dims, self.context(spec)),
            self.context(spec),
            self.diffusion_steps,
            self.chain_width,
            "geometric",
        )
        parts = source.prior, source.likelihood, sampler, source.encoder, source.labels
        model = Variational(*parts)
        asleep = self.sampler_steps * 2 // 3
        stages = [
            *generator.stages,
            Stage(model, Sleep(), asleep, (self.learning_rate, self.learning_rate)),
            self.final_stage(
                model, TrajectoryBalance(self.trajectories), self.sampler_steps - asleep
            ),
        ]
        return NetworkMethod(model, stages, self.batch, device)

    def settled(self, samples: int, classes: int) -> Outsourced:
        """With the prior that the generator would have."""
        generator = self._generator_recipe().settled(samples, classes)
        assert isinstance(generator, NetworkRecipe)
        return replace(self, prior=generator.prior)

    def _generator_recipe(self) -> NetworkRecipe:
        """The recipe of the other method, with the settings that both have, and one context."""
        chosen = recipe(self.generator)
        assert isinstance(chosen, NetworkRecipe)
        shared = {f.name: getattr(self, f.name) for f in fields(NetworkRecipe)}
        return replace(chosen, **shared | {"encoder_width": self.encoder_width or ENCODER_WIDTH})


def generators() -> list[str]:
    """Methods whose model a sampler can be trained for."""
    classes = {name: recipe_class(name) for name in METHODS}
    return [
        name
        for name, kind in classes.items()
        if issubclass(kind, NetworkRecipe) and not issubclass(kind, Outsourced)
    ]
