"""Denoising diffusion variational inference."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from ..models.posteriors.diffusion import Diffusion
from ..models.posteriors.gaussian import Gaussian
from ..models.schedules import SCHEDULES
from ..models.variational import Variational
from ..training.objectives.base import Objective
from ..training.objectives.elbo import ELBO
from ..training.objectives.wake_sleep import SLEEPS, WakeSleep
from .method import Spec
from .networks import NetworkMethod, VariationalRecipe

CHAINS = ("conditional", "unconditional")


@dataclass(frozen=True)
class DDVI(VariationalRecipe):
    """Denoising diffusion variational inference (Piriyakulkij, Wang & Kuleshov, AAAI 2025).

    Attributes
    ----------
    diffusion_steps : int
        T, the steps of the reverse chain.
    chain_width : int
        Hidden width of the chain's network.
    schedule : str
        Noise schedule, rescaled to T: "geometric", "cosine" or "linear".
    chain : str
        "conditional": every step of the chain sees the data. "unconditional": only its first
        latent does, as in the paper's simplified algorithm.
    sleep : str
        What the posterior learns besides the bound: "data", simulated data of data; "latent",
        latents of the prior alone, through the chain; "none", the ablation.
    """

    diffusion_steps: int = 5
    chain_width: int = 64
    schedule: str = "geometric"
    chain: str = "conditional"
    sleep: str = "data"

    def __post_init__(self) -> None:
        super().__post_init__()
        self._at_least(1, "diffusion_steps", "chain_width")
        self._one_of("schedule", list(SCHEDULES))
        self._one_of("chain", CHAINS)
        self._one_of("sleep", [*SLEEPS, "none"])

    def build(self, spec: Spec, device: torch.device) -> NetworkMethod:
        """Networks and stages: a warm start, then wake-sleep through the chain.

        A conditional chain begins as the exact reversal of the Gaussian it takes over, so a
        tempered Gaussian start costs no step of the chain and loses nothing of the bound. A
        chain that has another first latent than the Gaussian starts by itself.
        """
        gaussian = Gaussian(spec.dims, self.encoder_width)
        model = Variational(**self.parts(spec), posterior=self._chain(gaussian))
        takes_over = self.chain == "conditional"
        start = model.with_posterior(gaussian) if takes_over else model
        stages = self.stages(start, model, self._objective, spec)
        return NetworkMethod(model, stages, self.batch, device)

    def _chain(self, gaussian: Gaussian) -> Diffusion:
        return Diffusion(
            gaussian,
            self.encoder_width,
            self.diffusion_steps,
            self.chain_width,
            self.schedule,
            conditional=self.chain == "conditional",
        )

    def _objective(self, beta: float) -> Objective[Variational]:
        return ELBO(beta) if self.sleep == "none" else WakeSleep(self.sleep, beta)
