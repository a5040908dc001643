"""Denoising diffusion variational inference."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from ..models.likelihoods.scores import NormalScores
from ..models.modalities import ComponentScores
from ..models.posteriors.diffusion import Diffusion
from ..models.posteriors.gaussian import Gaussian
from ..models.recall import MAX_DIMS
from ..models.recalled import Recalled
from ..models.schedules import SCHEDULES
from ..models.variational import Variational
from ..training.objectives.base import Objective
from ..training.objectives.elbo import ELBO
from ..training.objectives.wake_sleep import SLEEPS, WakeSleep
from ..training.unfolding import MapStage
from .method import MAX_CHAIN, Spec
from .networks import ENCODER_WIDTH, NetworkMethod, VariationalRecipe

CHAINS = ("conditional", "unconditional")
BELIEFS = ("model", "network")

RECALLING_WIDTH = 64
"""Of the encoder where draws come from prior and likelihood alone."""


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
        "conditional": every step of the chain depends on the data. "unconditional": only the
        first latent of the chain does, as in the paper's simplified algorithm.
    sleep : str
        What the posterior is trained on besides the bound: "data", simulated data; "latent",
        latents of the prior alone, through the chain; "none", the ablation.
    belief : str
        What the chain believes about the latents while it draws. "model": their distribution
        under prior and likelihood, in closed form over many latents of the prior; for component
        scores, up to four latents, no classes. "network": the belief that was trained.
    """

    diffusion_steps: int = 5
    chain_width: int = 64
    schedule: str = "geometric"
    chain: str = "conditional"
    sleep: str = "data"
    belief: str = "model"

    def __post_init__(self) -> None:
        super().__post_init__()
        self._at_least(1, "diffusion_steps", "chain_width")
        self._at_most(MAX_CHAIN, "diffusion_steps")
        self._one_of("schedule", list(SCHEDULES))
        self._one_of("chain", CHAINS)
        self._one_of("sleep", [*SLEEPS, "none"])
        self._one_of("belief", BELIEFS)

    def build(self, spec: Spec, device: torch.device) -> NetworkMethod:
        """Networks and stages: a tempered start, then wake-sleep through the chain.

        A conditional chain starts as the exact reversal of the Gaussian posterior, with the same
        bound, so the Gaussian alone is trained first, which is faster. An unconditional chain has
        another first latent and is trained from the start. After a map stage prior and decoder
        stay, and a chain that draws by the belief they imply has nothing left to learn: that
        belief is what sleep would lead to.
        """
        gaussian = Gaussian(spec.dims, self.context(spec))
        trained = Variational(**self.parts(spec), posterior=self._chain(gaussian, spec))
        model = self._drawing(trained, spec)
        shares_gaussian = self.chain == "conditional"
        start = model.with_posterior(gaussian) if shares_gaussian else model
        stages = self.stages(start, model, self._objective, spec)
        if isinstance(model, Recalled) and isinstance(stages[0], MapStage):
            stages = stages[:1]
        return NetworkMethod(model, stages, self.batch, device)

    def _drawing(self, model: Variational, spec: Spec) -> Variational:
        """The same model, with draws of its own belief if it has one."""
        scores = model.likelihood
        if self._recalls(spec) and isinstance(scores, NormalScores):
            parts = model.prior, scores, model.posterior, model.encoder
            return Recalled(*parts, self.diffusion_steps)
        return model

    def context(self, spec: Spec) -> int:
        """Narrower where nothing but training needs it."""
        return self.encoder_width or (RECALLING_WIDTH if self._recalls(spec) else ENCODER_WIDTH)

    def _recalls(self, spec: Spec) -> bool:
        """Whether the belief can be that of the model."""
        few = spec.dims <= MAX_DIMS and not spec.classes
        return self.belief == "model" and few and isinstance(spec.modality, ComponentScores)

    def _chain(self, gaussian: Gaussian, spec: Spec) -> Diffusion:
        return Diffusion(
            gaussian,
            self.context(spec),
            self.diffusion_steps,
            self.chain_width,
            self.schedule,
            conditional=self.chain == "conditional",
        )

    def _objective(self, beta: float) -> Objective[Variational]:
        return ELBO(beta) if self.sleep == "none" else WakeSleep(self.sleep, beta)
