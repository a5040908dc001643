"""Whether samples look like the reference panel, and whether membership in it can be inferred."""

from __future__ import annotations

import logging
from collections.abc import Mapping

import numpy as np

from ..artefacts.record import ModelRecord
from ..genotypes.projection.scores import Projection, Scores, area_under_curve, ridge
from ..inference.posterior_draws import PosteriorDraws
from ..reference.observed import ObservedScores
from ..reference.out_of_panel import Diagnostics, OutOfPanelTest, weighed
from .calibration import Calibration

log = logging.getLogger(__name__)


def diagnostics(posterior: PosteriorDraws, scores: Scores, projection: Projection) -> Diagnostics:
    """What the out-of-panel test looks at, of samples that are embedded."""
    seen = observed(scores, projection)
    return Diagnostics(
        draws=posterior.draws,
        weight=posterior.weight,
        scores=seen.value,
        covariance=seen.covariance,
        excess=scores.excess,
        thinning=seen.thinning,
    )


def observed(scores: Scores, projection: Projection) -> ObservedScores:
    """What scores say of expected scores."""
    return ObservedScores(
        scores.value,
        np.linalg.inv(scores.precision + ridge(scores.precision)),
        len(projection.frequency) / np.maximum(scores.effective_variants, 1),
    )


def learn_out_of_panel(
    posterior: PosteriorDraws,
    scores: Scores,
    projection: Projection,
    calibration: Calibration | None,
    seed: int,
) -> OutOfPanelTest:
    """What samples of the reference panel are like, and how that changes with few variants.

    Parameters
    ----------
    posterior : PosteriorDraws
        Of the samples of the fit, on the axes of the coordinates.
    scores : Scores
    projection : Projection
    calibration : Calibration, optional
        On the same axes.
    seed : int
    """
    found = OutOfPanelTest.of(diagnostics(posterior, scores, projection), posterior.mean, seed)
    log.info("Out-of-panel test: %s.", flag_rate(found))
    if calibration is None:
        return found
    full, *thinned = (
        diagnostics(draws, of_them, projection)
        for draws, of_them in (calibration.full, *calibration.thinned)
    )
    return found.with_allowance(full, thinned)


def flag_rate(test: OutOfPanelTest) -> str:
    """What the log and the model card say of false flags."""
    return (
        f"unlike_panel is raised where p_panel is below {test.line:g}, as in "
        f"{100 * test.flagged:.1f} % of the samples of the panel"
    )


def out_of_panel(
    record: ModelRecord, posterior: PosteriorDraws, scores: Scores, projection: Projection
) -> tuple[np.ndarray, list[str]]:
    """The share of the reference panel that is more unusual than each sample, and a flag.

    Not a number and no flag where the method cannot embed new samples: coordinates of two fits
    cannot be compared then.

    Parameters
    ----------
    record : ModelRecord
    posterior : PosteriorDraws
        On the axes of the coordinates.
    scores : Scores
        As new samples have them.
    projection : Projection

    Returns
    -------
    ndarray of float64, (samples,)
    list of str
        "unlike_panel:" and the check with the smallest p-value, or "".
    """
    if record.out_of_panel is None:
        return np.full(len(scores), np.nan), [""] * len(scores)
    seen = diagnostics(posterior, scores, projection)
    each = record.out_of_panel.chances(seen)
    chance, compared = record.out_of_panel.chance(each), weighed(each)
    worst = np.array(list(compared))[np.argmin(list(compared.values()), axis=0)]
    flags = [
        f"unlike_panel:{name}" if p < record.out_of_panel.line else ""
        for p, name in zip(chance, worst, strict=True)
    ]
    return chance, flags


def membership(
    bound: np.ndarray, held_out: np.ndarray, projection: Projection, seed: int
) -> Mapping[str, float | None]:
    """How well membership in the reference panel can be inferred from genotypes and the model.

    Areas under the curve; 0.5 is chance. ``training``: by the bound, samples the networks were
    trained on against those held out of training alone. ``loadings``: by noise components or marks,
    by which ``embed`` itself recognises samples of the panel.

    Parameters
    ----------
    bound : ndarray of float64, (samples in the fit,)
    held_out : ndarray of bool, (samples in the fit,)
    projection : Projection
    seed : int
    """
    area = None
    if held_out.any() and np.isfinite(bound).all():
        area = area_under_curve(bound[~held_out], bound[held_out])
    return {"training": area, "loadings": projection.membership_area(seed)}
