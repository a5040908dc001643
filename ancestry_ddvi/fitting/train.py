"""Second step of a fit: train the method on the samples that are not held out."""

from __future__ import annotations

from dataclasses import dataclass

from ..data.scores import ScoreData
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
    history : list of Record
    """

    cohort: PreparedCohort
    recipe: Recipe
    method: Method
    scale: tuple[float, ...]
    history: list[Record]


def train_method(cohort: PreparedCohort) -> TrainedFit:
    """Build the method and train it.

    Raises
    ------
    TrainingDiverged
    """
    request, training = cohort.request, ~cohort.held_out
    options, numbers = request.options, request.class_numbers
    if numbers is not None:
        numbers = numbers[cohort.qc.fit_samples][training]
    data = ScoreData(cohort.fitted[training], request.device, numbers)
    spec = Spec(data.modality, options.dims, len(options.classes))
    recipe = options.recipe.settled(len(cohort.held_out), len(options.classes))
    method = recipe.build(spec, request.device)
    with request.progress.stage("training", method.steps) as advance:
        history = method.fit(data, advance)
    request.clock.lap("training")
    scale = tuple(data.modality.scale.double().tolist())
    return TrainedFit(cohort, recipe, method, scale, history)
