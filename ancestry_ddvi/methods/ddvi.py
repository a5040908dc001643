"""Denoising diffusion variational inference."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from ..errors import UsageProblem
from ..models.posteriors.diffusion import Diffusion
from ..models.posteriors.gaussian import Gaussian
from ..models.schedules import SCHEDULES
from ..models.variational import Variational
from ..objectives.wake_sleep import WakeSleep
from ..training.trainer import Stage
from .method import Built, Recipe
from .vae import gaussian_model, tempered


@dataclass(frozen=True)
class DDVI(Recipe):
    """Denoising diffusion variational inference (Piriyakulkij, Wang & Kuleshov, AAAI 2025).

    Attributes
    ----------
    diffusion_steps : int
        T, the steps of the reverse chain.
    chain_width : int
        Hidden width of the chain's network.
    schedule : str
        Noise schedule, rescaled to T: "cosine" or "linear".
    """

    diffusion_steps: int = 5
    chain_width: int = 64
    schedule: str = "cosine"

    def __post_init__(self) -> None:
        super().__post_init__()
        self._at_least(1, "diffusion_steps", "chain_width")
        if self.schedule not in SCHEDULES:
            raise UsageProblem(
                f"there is no schedule '{self.schedule}'", f"Choose from {', '.join(SCHEDULES)}."
            )

    def build(self, scale: Tensor, dims: int) -> Built:
        """Networks and stages: a tempered Gaussian start, then wake-sleep through the chain.

        The chain begins as the exact reversal of the Gaussian it takes over, so the warm start
        costs no step of the chain and loses nothing of the bound.
        """
        start = gaussian_model(self, scale, dims)
        gaussian = start.posterior
        assert isinstance(gaussian, Gaussian)
        chain = Diffusion(
            gaussian, self.encoder_width, self.diffusion_steps, self.chain_width, self.schedule
        )
        model = Variational(start.prior, start.likelihood, chain, start.encoder)
        warm = tempered(self, start, self.steps // 2)
        rest = self.steps - sum(stage.steps for stage in warm)
        final = Stage(model, WakeSleep(), rest, (self.learning_rate, self.learning_rate / 100))
        return Built(model, [*warm, final], scale)
