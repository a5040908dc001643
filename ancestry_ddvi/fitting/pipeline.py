"""From a genotype store to a model, step by step."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch

from ..artefacts.model import Model
from ..errors import UsageProblem
from ..genotypes.projection.scores import Scores
from ..genotypes.qc.quality_control import QC
from ..methods import recipe, row
from ..methods.method import Method, Spec
from ..models.modalities import ComponentScores
from .calibration import calibrate_fit
from .describe import describe, embed_cohort
from .prepare import FitRequest, prepare
from .train import train_method


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
    """

    model: Model
    method: Method
    qc: QC
    scores: Scores


def fit_model(request: FitRequest) -> Fit:
    """Fit a model to the samples of a store that pass quality control.

    Raises
    ------
    NothingLeft, TrainingDiverged, UsageProblem
    """
    cohort = prepare(request)
    trained = train_method(cohort)
    calibrated = calibrate_fit(trained)
    embedded = embed_cohort(calibrated)
    model = describe(embedded)
    return Fit(model, trained.method, cohort.qc, calibrated.cohort.scores)


def revive(model: Model, device: torch.device) -> Method:
    """The method of a model file, ready to embed samples.

    Raises
    ------
    UsageProblem
        If the method cannot embed samples it was not fitted to.
    """
    options = model.record.options
    if not row(options.method).embeds_new_samples:
        raise UsageProblem(
            f"{options.method} cannot embed new samples",
            "Fit it to all samples at once, or fit another method, such as ddvi or pca.",
        )
    modality = ComponentScores(torch.tensor(model.record.scale))
    made_by = replace(recipe(options.method), **options.settings)
    method = made_by.build(Spec(modality, options.dims, len(options.classes)), device)
    method.restore(model.weights, device)
    return method
