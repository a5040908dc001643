"""Third step of a fit: check the intervals on samples seen in part, and widen them if too short."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from ..data.scores import ScoreData
from ..evaluation.coverage import LEVELS, nested_coverage
from ..genotypes.projection.scores import Scores, runs
from ..genotypes.variants import MISSING
from ..inference.posterior_draws import PosteriorDraws
from ..methods import row
from ..methods.method import Method
from ..parallel import each
from ..seeding import stream
from .prepare import PreparedCohort
from .train import TrainedFit

log = logging.getLogger(__name__)

SHARES = (0.5, 0.1, 0.01)
"""Shares of the variants from which samples are embedded again."""

MIN_CALIBRATED, CALIBRATED = 20, 200
"""Samples that are embedded again: fewer tell nothing, more cost seconds. If there are too few for
the second number, each is embedded from several parts of its variants."""

DRAWS = 256

TEMPERATURES = (1.0, 1.5, 2.0, 3.0, 4.0)
"""Factors for the variance of scores; the smallest that suffices is taken."""


@dataclass(frozen=True)
class Calibration:
    """What came of embedding samples of the reference panel again, from a part of their variants.

    Attributes
    ----------
    temperature : float
        Factor for the variance of scores.
    coverage : list of dict
        ``share`` of the variants; ``covered_50``, ``covered_80``, ``covered_95`` as computed by
        ``nested_coverage``.
    rows : ndarray of int
        Which samples of the fit.
    full : tuple of (PosteriorDraws, Scores)
        Of these samples, at that temperature, on the axes of the coordinates once ``rotated``.
    thinned : list of tuple of (PosteriorDraws, Scores)
        The same at each share.
    """

    temperature: float
    coverage: list[dict[str, float]]
    rows: np.ndarray
    full: tuple[PosteriorDraws, Scores]
    thinned: list[tuple[PosteriorDraws, Scores]]

    def rotated(self, rotation: np.ndarray) -> Calibration:
        """The same draws on rotated axes; ``rotation`` is (dims, dims)."""
        full, *thinned = (
            (posterior.rotated(rotation), scores)
            for posterior, scores in (self.full, *self.thinned)
        )
        return replace(self, full=full, thinned=thinned)

    def as_json(self) -> dict[str, Any]:
        """Plain values of the temperature and the coverage."""
        return {
            "samples": len(np.unique(self.rows)),
            "temperature": self.temperature,
            "coverage": self.coverage,
        }


@dataclass(frozen=True)
class CalibratedFit:
    """A trained method with its intervals checked.

    Attributes
    ----------
    cohort : PreparedCohort
        With scores at the temperature of the calibration.
    trained : TrainedFit
    calibration : Calibration, optional
        None for a method without intervals and for cohorts too small to judge by.
    """

    cohort: PreparedCohort
    trained: TrainedFit
    calibration: Calibration | None


def calibrate_fit(trained: TrainedFit) -> CalibratedFit:
    """Calibrate on held-out samples, or on samples of the fit where none are held out."""
    cohort = trained.cohort
    request, judged = cohort.request, cohort.held_out
    rows = np.flatnonzero(judged if judged.any() else ~judged)
    if not row(request.options.method).gives_sd or len(rows) < MIN_CALIBRATED:
        return CalibratedFit(cohort, trained, None)
    rows = np.resize(rows, CALIBRATED)
    found = calibrate(
        trained.method,
        cohort.fitted[rows],
        thinned(cohort, rows, SHARES),
        [cohort.ids[i] for i in rows],
        rows,
        request.device,
        request.options.seed,
    )
    request.clock.lap("calibration")
    return CalibratedFit(cohort.tempered(found.temperature), trained, found)


def calibrate(
    method: Method,
    full: Scores,
    thinned: Iterable[tuple[float, Scores]],
    ids: Sequence[str],
    rows: np.ndarray,
    device: torch.device,
    seed: int,
) -> Calibration:
    """Embed samples again from a part of their variants; find the temperature this needs.

    The variance of scores is raised until the 95 % intervals are not significantly too short at
    any share.

    Parameters
    ----------
    method : Method
    full : Scores
        Of some samples, as new samples would have them, from all their variants.
    thinned : iterable of (share, Scores)
        Of the same samples from a part.
    ids : sequence of str
    rows : ndarray of int
        Which samples of the fit they are.
    device : torch.device
    seed : int
    """
    shares, parts = zip(*thinned, strict=True)
    for temperature in TEMPERATURES:
        widened = [scores.tempered(temperature) for scores in (full, *parts)]
        whole, *some = (
            (method.embed(ScoreData(scores, device), ids, draws=DRAWS, seed=seed), scores)
            for scores in widened
        )
        covered = [[_covered(whole[0], part, level) for level in LEVELS] for part, _ in some]
        if not any(_too_short(by_level[-1], LEVELS[-1]) for by_level in covered):
            break
    table = [_coverage(share, of) for share, of in zip(shares, covered, strict=True)]
    return Calibration(temperature, table, rows, whole, some)


def _coverage(share: float, by_level: Sequence[np.ndarray]) -> dict[str, float]:
    """One row of the table of coverage."""
    row = {
        f"covered_{100 * level:.0f}": min(float(covered.mean()), 1.0)
        for level, covered in zip(LEVELS, by_level, strict=True)
    }
    log.info(
        "With %g of the variants the 50, 80 and 95 %% intervals cover %.3f, %.3f and %.3f.",
        share,
        *row.values(),
    )
    return {"share": share, **row}


def thinned(
    cohort: PreparedCohort, rows: np.ndarray, shares: Sequence[float]
) -> Iterator[tuple[float, Scores]]:
    """Scores of samples in the fit, as new samples, from random parts of their variants."""
    store, variants = cohort.request.store, cohort.qc.variants
    samples = np.flatnonzero(cohort.qc.fit_samples)[rows]
    members = np.ones(len(samples), dtype=bool)
    blocks = [(part, store.dosages(variants[part], samples)) for part in runs(len(variants))]
    without = cohort.projection.deletion(cohort.projection.read(blocks, len(samples)))

    def of(share: float) -> Scores:
        chance = stream(cohort.request.options.seed, f"thinning to {share}")
        some = [
            (part, np.where(chance.random(dosages.shape) < share, dosages, MISSING))
            for part, dosages in blocks
        ]
        everyone = cohort.projection.read(some, len(samples))
        return cohort.projection.newcomers(everyone, members, without)

    yield from zip(shares, each(of, shares), strict=True)


def _too_short(covered: np.ndarray, promised: float) -> bool:
    """Whether samples are covered less than promised, by three standard errors."""
    error = covered.std(ddof=1) / np.sqrt(len(covered))
    return bool(covered.mean() < promised - 3 * error)


def _covered(full: PosteriorDraws, part: PosteriorDraws, level: float) -> np.ndarray:
    """Coverage of each sample, over axes."""
    of_all, of_part = ((posterior.draws, posterior.weight) for posterior in (full, part))
    return np.asarray(nested_coverage(of_all, of_part, level).mean(axis=1))
