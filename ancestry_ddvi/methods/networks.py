"""Settings, parts and use of all methods that train networks."""

from __future__ import annotations

import abc
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from ..data.dataset import Dataset
from ..errors import UsageProblem
from ..inference import generation
from ..inference.posterior_draws import PosteriorDraws
from ..inference.sampling import draw_posterior
from ..models.labels import Labels, NoLabels, PredictedLabels
from ..models.latent import LatentModel
from ..models.modalities import ComponentScores
from ..models.posteriors.base import DensityPosterior
from ..models.posteriors.gaussian import Gaussian
from ..models.priors import prior
from ..models.priors.adaptive import Adaptive
from ..models.priors.base import Prior
from ..models.variational import Variational
from ..training.objectives.base import Objective
from ..training.objectives.elbo import ELBO
from ..training.objectives.posterior_only import PosteriorOnly
from ..training.objectives.semi_supervised import SemiSupervised
from ..training.trainer import Record, Stage, train
from ..training.unfolding import MapStage, Unfolding, map_share, prior_parts
from .method import Method, Recipe, Spec

TEMPERING = (16.0, 8.0, 4.0, 2.0)
"""Weights of the divergence during tempering: coarse structure is learnt first, detail later."""

ENCODER_WIDTH = 128

MIN_LADDER_BETA = 2.0
"""Smallest weight of the divergence on a prior's ladder, where latents still have to move."""


class NetworkMethod(Method):
    """A latent-variable model and the stages that train it.

    Parameters
    ----------
    model : LatentModel
    stages : sequence of Stage
        In order; all on parts of ``model``.
    batch : int
        Rows per step.
    device : torch.device
    """

    def __init__(
        self, model: LatentModel, stages: Sequence[Stage[Any]], batch: int, device: torch.device
    ) -> None:
        self.model = model.to(device)
        self.stages = stages
        self.batch = batch
        self.rotatable = model.prior.isotropic or model.prior.learnt
        self.steps = sum(stage.steps for stage in stages)

    def fit(self, data: Dataset, advance: Callable[[int], None]) -> list[Record]:
        """Run the stages."""
        return train(self.stages, data, self.batch, advance)

    def embed(self, data: Dataset, ids: Sequence[str], *, draws: int, seed: int) -> PosteriorDraws:
        """Weighted draws from the posterior of each sample."""
        return draw_posterior(self.model, data, ids, draws=draws, seed=seed)

    def log_prior(self, z: np.ndarray) -> np.ndarray:
        """Log density of the prior."""
        device = next(self.model.parameters()).device
        flat = torch.tensor(z.reshape(-1, z.shape[-1]), dtype=torch.float32, device=device)
        with torch.no_grad():
            found = self.model.prior.log_prob(flat)
        return np.asarray(found.double().cpu().numpy().reshape(z.shape[:-1]))

    @property
    def latents(self) -> int:
        """Dimensions of the prior."""
        return self.model.noise_shape[1]

    def sample_prior(self, count: int, seed: int) -> np.ndarray:
        """Draws from the prior, (count, latents); the same for the same seed and count."""
        return generation.sample_prior(self.model, count, seed)

    def decode_scores(self, z: np.ndarray, normal: np.ndarray) -> np.ndarray:
        """True scores of samples at latents; see ``generation.decode_scores``."""
        return generation.decode_scores(self.model, z, normal)

    def state(self) -> dict[str, np.ndarray]:
        """The weights of the networks."""
        return {k: v.cpu().numpy() for k, v in self.model.state_dict().items()}

    def restore(self, state: Mapping[str, np.ndarray], device: torch.device) -> None:
        """Load the weights of the networks."""
        self.model.load_state_dict({k: torch.tensor(v) for k, v in state.items()})
        self.model.to(device)


@dataclass(frozen=True)
class NetworkRecipe(Recipe):
    """Settings of a method that trains networks.

    Attributes
    ----------
    prior : str
        A name of ``PRIORS``, with a number after a colon where it takes one. "" leaves it to the
        method: a mixture with a component for each class where classes guide the fit; otherwise,
        in a fit to samples by a bound, an adaptive prior of as many parts as they allow
        (``prior_parts``); the standard normal for other data and other methods.
    width : int
        Hidden width of the decoder.
    encoder_width : int
        Hidden width of the encoder, and width of its context. 0 leaves it to the method: 128, or
        64 where draws need no encoder.
    steps : int
        Training steps in all. With a map stage fewer: ``map_share`` of them, of four batches, and
        a sixth of one.
    batch : int
        Rows per step.
    learning_rate : float
        Adam's rate at the start; it ends a hundred times smaller.
    alpha : float
        Where classes guide the fit, the weight of the classification of rows with a known
        class, in units of a row's bound.
    """

    prior: str = ""
    width: int = 192
    encoder_width: int = 0
    steps: int = 3000
    batch: int = 256
    learning_rate: float = 0.004
    alpha: float = 10.0

    def __post_init__(self) -> None:
        super().__post_init__()
        self._at_least(1, "width", "steps", "batch")
        self._at_least(0, "encoder_width", "alpha")
        if not 0 < self.learning_rate < math.inf:
            raise UsageProblem(
                f"--set learning_rate={self.learning_rate} is out of range", "It must be above 0."
            )

    @abc.abstractmethod
    def build(self, spec: Spec, device: torch.device) -> NetworkMethod:
        """The model and its stages, not yet run."""

    def check(self, dims: int, classes: int) -> None:
        """Check that the prior exists."""
        super().check(dims, classes)
        self.build_prior(dims, classes)

    def build_prior(self, dims: int, classes: int) -> Prior:
        """The prior, with a partition for each class."""
        name = self.prior or (f"mixture:{classes}" if classes else "normal")
        return prior(name, dims, classes)

    def parts(self, spec: Spec) -> dict[str, Any]:
        """Prior, likelihood, encoder and labels: a model without its posterior."""
        return {
            "prior": self.build_prior(spec.dims, spec.classes),
            "likelihood": spec.modality.likelihood(spec.dims, self.width),
            "encoder": spec.modality.encoder(self.context(spec)),
            "labels": self.labels(spec),
        }

    def context(self, spec: Spec) -> int:
        """Width of the encoder and of its context."""
        del spec
        return self.encoder_width or ENCODER_WIDTH

    def labels(self, spec: Spec) -> Labels:
        """The classifier inside the model, if there are classes."""
        return PredictedLabels(spec.classes, self.context(spec)) if spec.classes else NoLabels()

    def final_stage(self, model: LatentModel, objective: Objective[Any], steps: int) -> Stage[Any]:
        """The final stage, in which the learning rate falls."""
        return Stage(model, objective, steps, (self.learning_rate, self.learning_rate / 100))


@dataclass(frozen=True)
class VariationalRecipe(NetworkRecipe):
    """A method whose posterior has a density.

    Attributes
    ----------
    beta : float
        Final weight of the divergence: 1 for the evidence lower bound. Above 1 latents fill the
        prior better and carry less information on a row.
    refits : int
        How often the map is drawn again, with other samples held out, to say how far a refit
        moves each sample.
    map_share : float
        Share of ``steps`` in the map stage, at most 1. 0 leaves it to the samples.
    """

    beta: float = 1.0
    refits: int = 1
    map_share: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        self._at_least(0, "refits", "map_share")
        self._at_most(1, "map_share")
        if not 0 < self.beta < math.inf:
            raise UsageProblem(f"--set beta={self.beta} is out of range", "It must be above 0.")

    def settled(self, samples: int, classes: int) -> VariationalRecipe:
        """With an adaptive prior and a map stage for this number of samples, if not chosen."""
        free = self.prior in ("", "adaptive") and not classes
        name = f"adaptive:{prior_parts(samples)}" if free else self.prior
        if not name.startswith("adaptive"):
            return self
        return replace(self, prior=name, map_share=self.map_share or map_share(samples))

    def with_classes(self, objective: Objective[Variational], spec: Spec) -> Objective[Variational]:
        """The objective, with classification added if classes guide the fit."""
        return SemiSupervised(objective, self.alpha) if spec.classes else objective

    def stages(
        self,
        start: Variational,
        model: Variational,
        objective: Callable[[float], Objective[Variational]],
        spec: Spec,
    ) -> list[Stage[Variational]]:
        """All stages: a start, the prior's ladder if it has one, then the objective.

        The start is a map stage for scores with an adaptive prior, and tempered otherwise.

        Parameters
        ----------
        start, model : Variational
            Trained in the tempered start, and after it; they share parts.
        objective : callable
            From a weight of the divergence to the objective.
        spec : Spec
        """
        scores = isinstance(spec.modality, ComponentScores)
        if scores and isinstance(model.prior, Adaptive):
            return self._from_map(start, model, objective(self.beta))
        ladder = model.prior.ladder()
        first = start.with_prior(ladder[0]) if ladder else start
        tempered, on_ladder = (0.2, 0.4) if ladder else (0.5, 0.0)
        rates = self.learning_rate, self.learning_rate
        betas = [beta for beta in TEMPERING if beta >= self.beta] or [self.beta]
        each = int(tempered * self.steps) // len(betas)
        warm = [Stage(first, self.with_classes(ELBO(beta), spec), each, rates) for beta in betas]
        for rung in ladder:
            share = int(on_ladder * self.steps) // len(ladder)
            chosen = self.with_classes(objective(max(MIN_LADDER_BETA, self.beta)), spec)
            warm.append(Stage(model.with_prior(rung), chosen, share, rates))
        rest = self.steps - sum(stage.steps for stage in warm)
        return [*warm, self.final_stage(model, self.with_classes(objective(self.beta), spec), rest)]

    def refitted(self, spec: Spec, device: torch.device) -> list[NetworkMethod]:
        """Map stages alone, half as long, with Gaussian posteriors; none without a map stage."""
        found = []
        for _ in range(self.refits):
            posterior = Gaussian(spec.dims, self.context(spec))
            model = Variational(**self.parts(spec), posterior=posterior)
            first, *_ = self.stages(model, model, ELBO, spec)
            if isinstance(first, MapStage):
                shorter = replace(first, steps=(first.steps + 1) // 2)
                found.append(NetworkMethod(model, [shorter], self.batch, device))
        return found

    def _from_map(
        self, start: Variational, model: Variational, objective: Objective[Variational]
    ) -> list[Stage[Variational]]:
        """A map stage, and then the posterior learns parts of samples too."""
        rates = 2 * self.learning_rate, self.learning_rate / 40
        first = MapStage(start, Unfolding(), max(1, round(self.map_share * self.steps)), rates)
        return [first, self.final_stage(model, self.after_map(objective), self.steps // 6)]

    def after_map(self, objective: Objective[Variational]) -> Objective[Variational]:
        """The objective with prior and decoder kept as whole samples made them.

        Thinned samples have wide, curved posteriors. Where the method's posterior cannot follow,
        they would bend the decoder, and the bound of whole samples would fall.
        """
        return PosteriorOnly(objective)


@dataclass(frozen=True)
class BoundRecipe(VariationalRecipe, abc.ABC):
    """A method that maximises a bound by a posterior with a density.

    Attributes
    ----------
    importance : int
        Draws per row in the bound: 1 for the evidence lower bound, more for the
        importance-weighted one (IWAE).
    """

    importance: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        self._at_least(1, "importance")

    def after_map(self, objective: Objective[Variational]) -> Objective[Variational]:
        """With several draws the bound has a decoder of its own, which is trained on."""
        return objective if self.importance > 1 else super().after_map(objective)

    @abc.abstractmethod
    def posterior(self, spec: Spec) -> DensityPosterior:
        """The method's own part: a posterior on the ``context``."""

    def build(self, spec: Spec, device: torch.device) -> NetworkMethod:
        """A tempered start, then the bound itself."""
        model = Variational(**self.parts(spec), posterior=self.posterior(spec))

        def objective(beta: float) -> ELBO:
            return ELBO(beta, self.importance)

        return NetworkMethod(model, self.stages(model, model, objective, spec), self.batch, device)
