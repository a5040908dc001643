"""From a genotype store to a model, step by step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from ..artefacts.model import Model
from ..artefacts.typed import Malformed, require, typed
from ..errors import InputUnreadable, UsageProblem
from ..genotypes.projection.scores import Scores
from ..genotypes.qc.quality_control import QC
from ..inference.posterior_draws import PosteriorDraws
from ..methods import METHODS, recipe, row
from ..methods.method import Method, Spec
from ..models.allowance import Allowance, TooLarge
from ..models.modalities import ComponentScores
from .calibration import calibrate_fit
from .describe import describe, embed_cohort
from .prepare import FitRequest, prepare
from .refits import redrawing
from .train import train_method

UNSAVED = 2**25
"""Numbers that a method may hold beside its weights: tables of priors, networks that only train."""


@dataclass(frozen=True)
class Fit:
    """A fitted model with what was learnt of the cohort on the way.

    Attributes
    ----------
    model : Model
    method : Method
    qc : QC
    scores : Scores
        Of every sample on the kept components, as new samples would have them.
    posterior : PosteriorDraws
        Of every sample, on the axes of the coordinates.
    refits : sequence of Method
        Maps of the same samples that were drawn again.
    """

    model: Model
    method: Method
    qc: QC
    scores: Scores
    posterior: PosteriorDraws
    refits: Sequence[Method]


def fit_model(request: FitRequest) -> Fit:
    """Fit a model to the samples of a store that pass quality control.

    Raises
    ------
    NothingLeft, TrainingDiverged, UsageProblem
    """
    cohort = prepare(request)
    with redrawing(cohort) as refits:
        trained = train_method(cohort)
        calibrated = calibrate_fit(trained)
        embedded = embed_cohort(calibrated)
        model = describe(embedded)
        again = refits()
        request.clock.lap("refits")
    scores = calibrated.cohort.scores
    return Fit(model, trained.method, cohort.qc, scores, embedded.posterior, again)


def revive(model: Model, device: torch.device) -> Method:
    """The method of a model file, ready to embed samples.

    Raises
    ------
    UsageProblem
        If the method cannot embed samples it was not fitted to.
    InputUnreadable
        If the record and the weights of the model do not belong together.
    """
    options = model.record.options
    if options.method in METHODS and not row(options.method).embeds_new_samples:
        raise UsageProblem(
            f"{options.method} cannot embed new samples",
            "Fit it to all samples at once, or fit another method, such as ddvi or pca.",
        )
    try:
        method = _built(model, device)
        _check_weights(method.state(), model.weights)
        method.restore(model.weights, device)
        require(model.record.out_of_panel is not None, "out_of_panel is missing")
    except (UsageProblem, TooLarge, Malformed) as error:
        what = getattr(error, "problem", None) or str(error) or "its networks exceed its weights"
        raise InputUnreadable(f"the model is damaged: {what}", "Fit it again.") from error
    return method


def _built(model: Model, device: torch.device) -> Method:
    """The method by its record, no larger than the weights of the model allow."""
    options, modality = model.record.options, ComponentScores(torch.tensor(model.record.scale))
    made_by = recipe(options.method)
    for name, value in options.settings.items():
        require(hasattr(made_by, name), f"{options.method} has no setting {name:.40}")
        typed(type(getattr(made_by, name)), value, f"options.settings.{name}")
    made_by = replace(made_by, **options.settings)
    made_by.check(options.dims, len(options.classes))
    with Allowance(sum(array.size for array in model.weights.values()) + UNSAVED):
        return made_by.build(Spec(modality, options.dims, len(options.classes)), device)


def _check_weights(due: Mapping[str, np.ndarray], found: Mapping[str, np.ndarray]) -> None:
    """Check that weights have the names, types and shapes of those of a method.

    Raises
    ------
    Malformed
    """
    for name in due.keys() ^ found.keys():
        raise Malformed(f"weights.{name:.40} is missing or superfluous")
    for name, array in found.items():
        same = (array.dtype, array.shape) == (due[name].dtype, due[name].shape)
        require(same, f"weights.{name} does not have the shape that the settings lead to")
