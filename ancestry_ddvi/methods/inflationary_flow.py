"""Inflationary flows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ..data.dataset import Dataset
from ..errors import UsageProblem
from ..inference.posterior_draws import PosteriorDraws
from ..models.batch import Batch
from ..models.flow import Flow
from ..models.inflation import INFLATIONS
from ..models.inflationary import Inflationary, variances
from ..models.integrators import INTEGRATORS
from ..models.modalities import ComponentScores, Modality
from ..training.objectives.denoising import Denoising
from ..training.trainer import Record, Stage, train
from .method import MAX_CHAIN, Recipe, Spec
from .networks import NetworkMethod

DRAWS = 4
"""Draws of the true scores of each sample that a round is trained on."""

FIRST, LAST = 0.25, 0.35
"""Shares of the steps before the first round of draws, and after the last."""

LEAST = 0.05
"""Smallest variance of true scores, in units of the variance of measured scores."""


class TrueScores(Dataset):
    """Draws of the true scores of all samples."""

    def __init__(self, draws: Tensor, modality: Modality) -> None:
        self.draws = draws
        self._modality = modality

    @property
    def modality(self) -> Modality:
        """That of the measured scores."""
        return self._modality

    def __len__(self) -> int:
        return len(self.draws)

    def batch(self, rows: Tensor | slice = slice(None)) -> Batch:
        """The draws as they are."""
        return Batch(self.draws[rows])

    def minibatch(self, size: int) -> Batch:
        """Draws at random."""
        return self.batch(torch.randint(len(self), (size,), device=self.draws.device))


class FlowMethod(NetworkMethod):
    """A flow fitted to true scores, which are observed with noise.

    Stochastic expectation maximisation over the distribution of true scores: they are drawn from
    their posterior under the present flow, and the flow is trained on the draws. The start is
    scores shrunk to the variances of true scores.
    """

    model: Inflationary
    proposals = 1

    def __init__(
        self, model: Inflationary, spec: Spec, recipe: InflationaryFlow, device: torch.device
    ) -> None:
        self.recipe = recipe
        self.dims = spec.dims
        super().__init__(model, self._stages(model), recipe.batch, device)
        self.rotatable = False

    def _stages(self, model: Inflationary) -> list[Stage[Inflationary]]:
        """One on shrunk scores, then one per round; the learning rate falls in the last."""
        steps, rate = self.recipe.steps, self.recipe.learning_rate
        first, last = int(FIRST * steps), int(LAST * steps)
        rounds = max(self.recipe.rounds, 1)
        each = (steps - first - last) // rounds
        counts = [first, *[each] * (rounds - 1), steps - first - each * (rounds - 1)]
        even = [Stage(model, Denoising(), count, (rate, rate)) for count in counts[:-1]]
        return [*even, Stage(model, Denoising(), counts[-1], (rate, rate / 100))]

    def fit(self, data: Dataset, advance: Callable[[int], None]) -> list[Record]:
        """Set centre and spectrum, then train and draw in turns."""
        batch = data.batch()
        noise = variances(batch)
        measured = batch.x.var(0)
        spectrum = torch.maximum(measured - noise.mean(0), LEAST * measured)
        centre = batch.x.mean(0)
        self.model.flow.set_moments(centre, spectrum)
        draws = centre + (batch.x - centre) * (spectrum / (spectrum + noise)).sqrt()
        records = []
        for number, stage in enumerate(self.stages):
            if number and self.recipe.rounds:
                draws = self._drawn(batch)
            true_scores = TrueScores(draws, data.modality)
            done = train([stage], true_scores, self.batch, advance)
            records += [replace(record, stage=number) for record in done]
        return records

    def _drawn(self, batch: Batch) -> Tensor:
        """Draws of true scores under the present flow; (samples * draws, features)."""
        again = batch.repeat(DRAWS)
        noise = torch.randn(len(again), *self.model.noise_shape, device=batch.x.device)
        with torch.no_grad():
            return self.model.flow.posterior(again.x, variances(again), noise)

    def embed(self, data: Dataset, ids: Sequence[str], *, draws: int, seed: int) -> PosteriorDraws:
        """Draws from the posterior of each sample; coordinates are the leading latents."""
        found = super().embed(data, ids, draws=draws, seed=seed)
        leading = found.draws[..., : self.dims]
        return replace(found, draws=leading, log_prior=self.log_prior(leading))


@dataclass(frozen=True)
class InflationaryFlow(Recipe):
    """Inflationary flow (de Albuquerque & Pearson, NeurIPS 2024): unique and invertible.

    Attributes
    ----------
    inflation : str
        How noise grows: "whitened" (in proportion to the variance along each component, which
        keeps the participation ratio exactly), "uniform" (the published code) or "published"
        (the paper's text).
    gap : float
        How much slower noise grows along components beyond the coordinates: 0 preserves the
        participation ratio, above 0 they are compressed.
    floor : float
        Noise at the start of the flow, in units of the variance of true scores.
    width, depth : int
        Of the denoiser's hidden layers.
    steps : int
        Training steps in all.
    rounds : int
        How often true scores are drawn again; 0 to train on shrunk scores alone.
    batch : int
        Rows per step.
    learning_rate : float
        Adam's rate at the start; it ends a hundred times smaller.
    integrator : str
        "rk4" or "heun".
    flow_steps : int
        Steps of the flow, each way.
    posterior_steps : int
        Denoising steps from measured scores to true scores.
    """

    inflation: str = "whitened"
    gap: float = 0.0
    floor: float = 1e-4
    width: int = 128
    depth: int = 3
    steps: int = 8000
    rounds: int = 20
    batch: int = 1024
    learning_rate: float = 0.001
    integrator: str = "rk4"
    flow_steps: int = 32
    posterior_steps: int = 24

    def __post_init__(self) -> None:
        super().__post_init__()
        self._at_least(1, "width", "depth", "steps", "batch", "flow_steps", "posterior_steps")
        self._at_least(0, "rounds", "gap")
        self._at_most(MAX_CHAIN, "rounds", "flow_steps", "posterior_steps")
        self._one_of("inflation", list(INFLATIONS))
        self._one_of("integrator", list(INTEGRATORS))
        for name, most in (("gap", 1), ("floor", 1), ("learning_rate", 1)):
            if not getattr(self, name) <= most or (name != "gap" and getattr(self, name) <= 0):
                raise UsageProblem(
                    f"--set {name}={getattr(self, name)} is out of range",
                    f"Give {'0 or' if name == 'gap' else 'above 0,'} up to {most}.",
                )

    def min_components(self, dims: int) -> int:
        """As many as coordinates: the map is invertible."""
        return dims

    def build(self, spec: Spec, device: torch.device) -> FlowMethod:
        """A flow over all components of the data, not yet fitted."""
        assert isinstance(spec.modality, ComponentScores)
        flow = Flow(
            len(spec.modality.scale),
            self.width,
            self.depth,
            inflation=self.inflation,
            kept=spec.dims,
            gap=self.gap,
            floor=self.floor,
            integrator=self.integrator,
            steps=self.flow_steps,
        )
        return FlowMethod(Inflationary(flow, self.posterior_steps), spec, self, device)
