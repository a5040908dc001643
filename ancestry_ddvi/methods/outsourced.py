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
from .method import Spec
from .networks import NetworkMethod, NetworkRecipe


@dataclass(frozen=True)
class Outsourced(NetworkRecipe):
    """Outsourced diffusion sampling (Venkatraman et al., ICML 2025) of another method's model.

    That method is fitted first. Then its prior and decoder stay as they are, and a diffusion
    sampler learns their exact posterior, of samples simulated from them. What the other method's
    own posterior cannot say, or a point encoder does not say at all, this one does.

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
        self._at_least(4, "trajectories")
        self._one_of("generator", generators())

    def build(self, spec: Spec, device: torch.device) -> NetworkMethod:
        """The generator's stages, then the sampler's: sleep, which finds every mode; balance."""
        taught = self._generator().build(spec, device)
        made_by = taught.model
        sampler = Diffusion(
            Gaussian(spec.dims, self.encoder_width),
            self.encoder_width,
            self.diffusion_steps,
            self.chain_width,
            "geometric",
        )
        parts = made_by.prior, made_by.likelihood, sampler, made_by.encoder, made_by.labels
        model = Variational(*parts)
        asleep = self.sampler_steps * 2 // 3
        stages = [
            *taught.stages,
            Stage(model, Sleep(), asleep, (self.learning_rate, self.learning_rate)),
            self.final_stage(
                model, TrajectoryBalance(self.trajectories), self.sampler_steps - asleep
            ),
        ]
        return NetworkMethod(model, stages, self.batch, device)

    def _generator(self) -> NetworkRecipe:
        """The other method's recipe with the settings that both have."""
        made_by = recipe(self.generator)
        assert isinstance(made_by, NetworkRecipe)
        return replace(made_by, **{f.name: getattr(self, f.name) for f in fields(NetworkRecipe)})


def generators() -> list[str]:
    """Methods whose model a sampler can be trained for."""
    classes = {name: recipe_class(name) for name in METHODS}
    return [
        name
        for name, kind in classes.items()
        if issubclass(kind, NetworkRecipe) and not issubclass(kind, Outsourced)
    ]
