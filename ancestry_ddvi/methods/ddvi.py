"""Denoising diffusion variational inference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from ..models.posteriors.diffusion import Diffusion
from ..models.posteriors.gaussian import Gaussian
from ..models.schedules import SCHEDULES
from ..models.variational import Variational
from ..objectives.base import Objective
from ..objectives.elbo import ELBO
from ..objectives.wake_sleep import SLEEPS, Sleep, WakeSleep
from ..training.trainer import Stage
from .method import Spec
from .networks import NetworkRecipe, Trained

AWAKENING = (8.0, 4.0, 2.0)
"""Weights of the divergence for a chain that starts asleep."""

CHAINS = ("conditional", "unconditional")


@dataclass(frozen=True)
class DDVI(NetworkRecipe):
    """Denoising diffusion variational inference (Piriyakulkij, Wang & Kuleshov, AAAI 2025).

    Attributes
    ----------
    diffusion_steps : int
        T, the steps of the reverse chain.
    chain_width : int
        Hidden width of the chain's network.
    schedule : str
        Noise schedule, rescaled to T: "cosine" or "linear".
    chain : str
        "conditional": every step of the chain sees the data. "unconditional": only its first
        latent does, as in the paper's simplified algorithm.
    sleep : str
        What the posterior learns besides the bound: "data", fantasies of data; "latent",
        latents of the prior alone, through the chain; "none", the ablation.
    """

    diffusion_steps: int = 5
    chain_width: int = 64
    schedule: str = "cosine"
    chain: str = "conditional"
    sleep: str = "data"

    def __post_init__(self) -> None:
        super().__post_init__()
        self._at_least(1, "diffusion_steps", "chain_width")
        self._one_of("schedule", list(SCHEDULES))
        self._one_of("chain", CHAINS)
        self._one_of("sleep", [*SLEEPS, "none"])

    def build(self, spec: Spec, device: torch.device) -> Trained:
        """Networks and stages: a warm start, then wake-sleep through the chain.

        A conditional chain begins as the exact reversal of the Gaussian it takes over, so a
        tempered Gaussian start costs no step of the chain and loses nothing of the bound. Where
        no Gaussian can follow the prior, or the chain has another first latent than the
        Gaussian, the chain itself starts: asleep, until it samples the prior, then tempered.
        """
        parts = self.parts(spec)
        gaussian = Gaussian(spec.dims, self.encoder_width)
        model = Variational(**parts, posterior=self._chain(gaussian))
        if self.chain == "conditional" and not model.prior.curved:
            start = Variational(**parts, posterior=gaussian)
            warm: list[Stage[Any]] = self.tempered(start, spec, self.steps // 2)
        else:
            warm = self._awakening(model, spec)
        rest = self.steps - sum(stage.steps for stage in warm)
        final = self.last(model, self.guided(self._objective(), spec), rest)
        return Trained(model, [*warm, final], self.batch, device)

    def _awakening(self, model: Variational, spec: Spec) -> list[Stage[Any]]:
        """A tenth of the steps asleep, four tenths at falling weights of the divergence."""
        rate, kind = self.learning_rate, "data" if self.sleep == "none" else self.sleep
        asleep: Stage[Any] = Stage(model, Sleep(kind), self.steps // 10, (rate, rate))
        each = 2 * self.steps // (5 * len(AWAKENING))
        return [
            asleep,
            *(
                Stage(model, self.guided(self._objective(beta), spec), each, (rate, rate))
                for beta in AWAKENING
            ),
        ]

    def _chain(self, gaussian: Gaussian) -> Diffusion:
        return Diffusion(
            gaussian,
            self.encoder_width,
            self.diffusion_steps,
            self.chain_width,
            self.schedule,
            conditional=self.chain == "conditional",
        )

    def _objective(self, beta: float = 1.0) -> Objective[Variational]:
        return ELBO(beta) if self.sleep == "none" else WakeSleep(self.sleep, beta)
