"""Last steps of a fit: embed its samples, and record what the model says of itself."""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ..artefacts.model import Model
from ..artefacts.record import ModelRecord
from ..artefacts.summary import versions
from ..data.scores import ScoreData
from ..genotypes.harmonise.panel import Panel
from ..inference.posterior_draws import PosteriorDraws, rotation, standard_error
from ..methods import row
from ..reference.groups import THINNINGS, Groups
from ..seeding import stream
from .calibration import CalibratedFit, Calibration, thinned
from .card import card, card_of_groups
from .diagnostics import learn_out_of_panel, membership, observed
from .groups import Shown, learn_groups
from .prepare import PreparedCohort

log = logging.getLogger(__name__)

EMBEDDED_DRAWS = 64
"""Posterior draws of each sample, times the proposals that the method needs for one."""

MAX_LABELLED = 500
"""Labelled samples of which a part of the variants is looked at, to calibrate groups."""


@dataclass(frozen=True)
class EmbeddedCohort:
    """The samples of a fit, embedded by its own method.

    Attributes
    ----------
    calibrated : CalibratedFit
    posterior : PosteriorDraws
        Of every sample, in the fit or not, on the axes of the coordinates.
    rotation : ndarray of float64, (dims, dims)
        From latents to those axes.
    calibration : Calibration, optional
        On those axes.
    """

    calibrated: CalibratedFit
    posterior: PosteriorDraws
    rotation: np.ndarray
    calibration: Calibration | None

    @property
    def fitted(self) -> PosteriorDraws:
        """Of the samples in the fit."""
        return self.posterior[self.calibrated.cohort.qc.fit_samples]


def embed_cohort(calibrated: CalibratedFit) -> EmbeddedCohort:
    """Embed every sample, and choose the axes of the coordinates by those in the fit."""
    cohort, method = calibrated.cohort, calibrated.trained.method
    request = cohort.request
    request.store.packed.release()
    posterior = method.embed(
        ScoreData(cohort.scores, request.device),
        request.store.samples,
        draws=EMBEDDED_DRAWS * method.proposals,
        seed=request.options.seed,
    )
    axes = np.eye(posterior.mean.shape[1])
    if method.rotatable:
        axes = rotation(posterior.mean[cohort.qc.fit_samples], cohort.fitted.value)
    request.clock.lap("embedding")
    calibration = calibrated.calibration and calibrated.calibration.rotated(axes)
    return EmbeddedCohort(calibrated, posterior.rotated(axes), axes, calibration)


def describe(embedded: EmbeddedCohort) -> Model:
    """The model with its record."""
    calibrated, posterior = embedded.calibrated, embedded.fitted
    cohort, calibration, method = (
        calibrated.cohort, embedded.calibration, calibrated.trained.method
    )  # fmt: skip
    request, held_out, seed = cohort.request, cohort.held_out, cohort.request.options.seed
    privacy = membership(posterior.importance_bound, held_out, cohort.projection, seed)
    groups, assignment = _groups(embedded)
    panel, test = _panel(cohort), None
    if row(request.options.method).embeds_new_samples:
        test = learn_out_of_panel(posterior, cohort.fitted, cohort.projection, calibration, seed)
    record = ModelRecord(
        options=request.options.recorded(calibrated.trained.recipe),
        scale=calibrated.trained.scale,
        counts=_counts(cohort),
        bounds=_bounds(posterior, held_out),
        calibration=_calibration(calibration, held_out),
        out_of_panel=test,
        groups=groups,
        assignment=assignment,
        privacy=privacy,
        training=[asdict(step) for step in calibrated.trained.history],
        versions=versions(),
        card={
            **card(cohort, panel, calibration, privacy, test),
            **card_of_groups(cohort, assignment),
            **request.card,
        },
    )
    model = Model(panel, cohort.projection, method.state(), embedded.rotation, record)
    request.clock.lap("bounds")
    return model


def _groups(embedded: EmbeddedCohort) -> tuple[Groups | None, list[dict[str, Any]]]:
    """The labelled groups of the samples in the fit, and how right they are."""
    cohort = embedded.calibrated.cohort
    request = cohort.request
    if request.labels is None:
        return None, []
    found = learn_groups(
        request.labels,
        cohort.ids,
        embedded.fitted,
        observed(cohort.fitted, cohort.projection),
        request.options.seed,
        _labelled_in_part(cohort),
    )
    request.clock.lap("groups")
    return found


def _labelled_in_part(cohort: PreparedCohort) -> list[Shown]:
    """Labelled samples with a part of their variants."""
    request, seed = cohort.request, cohort.request.options.seed
    if request.labels is None:
        return []
    known = np.flatnonzero([sample in request.labels.by_sample for sample in cohort.ids])
    rows = np.sort(stream(seed, "labelled in part").permutation(known)[:MAX_LABELLED])
    parts = thinned(cohort, rows, [1 / thinning for thinning in THINNINGS[1:]])
    return [Shown(rows, observed(scores, cohort.projection)) for _, scores in parts]


def _panel(cohort: PreparedCohort) -> Panel:
    """The variants that are left, with their positions in other builds."""
    qc, chain = cohort.qc, cohort.request.chain
    variants = cohort.request.store.variants[qc.variants]
    lifted = chain.positions(variants) if chain else {}
    for build, position in lifted.items():
        known = int((position > 0).sum())
        log.info("%s of %s variants have a known position in %s too.",
                 f"{known:,}", f"{len(variants):,}", build)  # fmt: skip
    return Panel(variants, qc.frequency, qc.build, lifted)


def _bounds(posterior: PosteriorDraws, held_out: np.ndarray) -> dict[str, Any]:
    """Bounds of held-out samples, or of all if none are; empty where draws have no weight."""
    judged = held_out if held_out.any() else ~held_out
    if posterior.log_weight is None:
        return {}
    elbo, importance = posterior.elbo[judged], posterior.importance_bound[judged]
    return {
        "samples": int(judged.sum()),
        "held_out": bool(held_out.any()),
        "draws": posterior.draws.shape[1],
        "elbo": float(elbo.mean()),
        "elbo_se": standard_error(elbo),
        "importance_weighted": float(importance.mean()),
        "importance_weighted_se": standard_error(importance),
    }


def _calibration(calibration: Calibration | None, held_out: np.ndarray) -> dict[str, Any] | None:
    """Coverage and temperature, and whether the samples behind them were held out."""
    if calibration is None:
        return None
    return {**calibration.as_json(), "held_out": bool(held_out.any())}


def _counts(cohort: PreparedCohort) -> dict[str, Any]:
    """Samples and variants in the input, in the fit and after every filter."""
    store, qc = cohort.request.store, cohort.qc
    flags = [flag for flag in qc.flags if flag]
    return {
        "samples": len(store.samples),
        "samples_in_fit": int(qc.fit_samples.sum()),
        "variants_in_model": len(qc.variants),
        "left_out_of_fit": {name: flags.count(name) for name in sorted(set(flags))},
        "skipped_records": dict(store.skipped),
        "steps": [asdict(step) for step in qc.table],
    }
