"""Second step of a fit: train the method on the samples that are not held out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from ..data.scores import ScoreData
from ..methods import row
from ..methods.method import Method, Recipe, Spec
from ..training.trainer import Record
from .prepare import PreparedCohort


@dataclass(frozen=True)
class TrainedFit:
    """A method after training.

    Attributes
    ----------
    cohort : PreparedCohort
    recipe : Recipe
        With everything that was left to the data.
    method : Method
    scale : tuple of float
        Standard deviation of each kept component in the training data.
    history : sequence of Record
    """

    cohort: PreparedCohort
    recipe: Recipe
    method: Method
    scale: tuple[float, ...]
    history: Sequence[Record]


def train_method(cohort: PreparedCohort) -> TrainedFit:
    """Build the method and train it.

    Raises
    ------
    TrainingDiverged
    """
    request, data = cohort.request, training_data(cohort)
    options = request.options
    spec = Spec(data.modality, options.dims, len(options.classes))
    recipe = options.recipe.settled(len(cohort.held_out), len(options.classes))
    method = recipe.build(spec, request.device)

    def learn() -> _Learnt:
        with request.progress.stage("training", method.steps) as advance:
            history = method.fit(data, advance)
        return _Learnt(history, method.state(), torch.get_rng_state().numpy())

    if row(options.method).embeds_new_samples:
        learnt = request.checkpoints.recall("training", _Learnt, learn)
        method.restore(learnt.weights, request.device)
        torch.set_rng_state(torch.from_numpy(learnt.randomness))
    else:
        learnt = learn()
    request.clock.lap("training")
    scale = tuple(data.modality.scale.double().tolist())
    return TrainedFit(cohort, recipe, method, scale, learnt.history)


def training_data(cohort: PreparedCohort) -> ScoreData:
    """Scores of the samples in the fit that are not held out, with classes where these guide it."""
    request, training = cohort.request, ~cohort.held_out
    numbers = request.class_numbers
    if numbers is not None:
        numbers = numbers[cohort.qc.fit_samples][training]
    return ScoreData(cohort.fitted[training], request.device, numbers)


@dataclass(frozen=True)
class _Learnt:
    """What training leaves: its record, the weights, and the state of the random numbers."""

    history: Sequence[Record]
    weights: Mapping[str, np.ndarray]
    randomness: np.ndarray
