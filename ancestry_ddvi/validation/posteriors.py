"""Posteriors from one warm start: what each leaves to the exact evidence of held-out samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from ..data.scores import ScoreData
from ..evaluation.evidence import GAPS, Grid, gaps
from ..inference.sampling import draw_posterior
from ..methods.method import Recipe, Spec
from ..methods.networks import NetworkMethod, NetworkRecipe
from ..models.likelihoods.scores import NormalScores
from ..models.recalled import Recalled
from ..models.variational import Variational
from ..training.objectives.posterior_only import PosteriorOnly
from ..training.trainer import Stage, train

DIMS = 2
"""Latents of a grid."""

DRAWS = 256


@dataclass(frozen=True)
class WarmStart:
    """A prior, a decoder and an encoder that all posteriors start from.

    Attributes
    ----------
    model : Variational
        Fitted; its prior and likelihood stay as they are.
    grid : Grid
    data : ScoreData
        Samples of the fit.
    """

    model: Variational
    grid: Grid
    data: ScoreData

    @classmethod
    def of(cls, recipe: NetworkRecipe, data: ScoreData, device: torch.device) -> WarmStart:
        """Fit the method of a recipe, one with a posterior, in two dimensions."""
        made = recipe.build(Spec(data.modality, DIMS), device)
        made.fit(data, lambda done: None)
        model = made.model
        assert isinstance(model, Variational)
        assert isinstance(model.likelihood, NormalScores)
        for part in (model.prior, model.likelihood):
            part.requires_grad_(False)
        return cls(model, Grid.of(model.prior, model.likelihood), data)


def posterior_alone(recipe: Recipe, start: WarmStart, device: torch.device) -> Variational | None:
    """The posterior of a method, trained alone on a warm start; None where it has no density.

    Training takes the last objective of the method and half of its steps. What is drawn without
    parameters is not trained.
    """
    made = recipe.build(Spec(start.data.modality, DIMS), device)
    if not isinstance(made, NetworkMethod) or not isinstance(made.model, Variational):
        return None
    assert isinstance(recipe, NetworkRecipe)
    model = made.model.with_generator(start.model)
    if not isinstance(model, Recalled):
        model.encoder.load_state_dict(start.model.encoder.state_dict())
        objective = PosteriorOnly(made.stages[-1].objective)
        rates = recipe.learning_rate, recipe.learning_rate / 100
        stage = Stage(model, objective, (recipe.steps + 1) // 2, rates)
        train([stage], start.data, recipe.batch, lambda done: None)
    return model


def measured(
    model: Variational,
    data: ScoreData,
    log_evidence: np.ndarray,
    ids: Sequence[str],
    seed: int,
) -> dict[str, np.ndarray]:
    """Gaps of each row (``evaluation.evidence.gaps``), and its importance-weighted bound."""
    drawn = draw_posterior(model, data, ids, draws=DRAWS, seed=seed)
    assert drawn.own_log_weight is not None
    return gaps(drawn.own_log_weight, log_evidence) | {"bound": drawn.importance_bound}


def columns_of(found: dict[str, np.ndarray]) -> dict[str, float]:
    """Means over rows, for a table."""
    return {name: float(found[name].mean()) for name in GAPS}
