"""What a fitted model learns of its own panel: how calibrated, alike, grouped and private."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from ..artefacts.labels import Levels
from ..data.scores import ScoreData
from ..evaluation.coverage import LEVELS, calibration_error, nested_coverage
from ..genotypes.projection.scores import Projection, Scores
from ..inference.posterior_draws import PosteriorDraws
from ..methods import row
from ..methods.method import Method
from ..reference.groups import Groups
from ..reference.out_of_panel import Diagnostics, OutOfPanelTest

log = logging.getLogger(__name__)

UNLIKE = 0.005
"""A sample is flagged where a smaller share of the panel is more unusual."""

SHARES = (0.5, 0.1, 0.01)
"""Of the variants, at which held-out samples are placed again."""

MIN_CALIBRATED, CALIBRATED = 20, 100
"""Samples who are placed again: fewer say nothing, more cost seconds."""

DRAWS = 256
TEMPERATURES = (1.0, 1.5, 2.0, 3.0, 4.0)
"""By which the variance of scores may be multiplied, the least that will do."""


def diagnostics(posterior: PosteriorDraws, scores: Scores, projection: Projection) -> Diagnostics:
    """What the checks of likeness look at, of samples who are placed."""
    return Diagnostics(
        draws=posterior.draws,
        weight=posterior.weight,
        misfit=posterior.misfit,
        excess=projection.norm_excess(scores),
        thinning=len(projection.frequency) / np.maximum(scores.effective_variants, 1),
    )


@dataclass(frozen=True)
class Calibration:
    """What came of placing samples of the panel again, from a part of their variants.

    Attributes
    ----------
    temperature : float
        By which the variance of scores is to be multiplied.
    coverage : list of dict
        ``share`` of the variants; ``covered_50``, ``covered_80``, ``covered_95`` by the law of
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
        """The same places on rotated axes."""
        full, *thinned = (
            (placed.rotated(rotation), scores) for placed, scores in (self.full, *self.thinned)
        )
        return replace(self, full=full, thinned=thinned)

    def as_json(self) -> dict[str, Any]:
        """The figures."""
        return {
            "samples": len(self.rows),
            "temperature": self.temperature,
            "coverage": self.coverage,
        }


def calibrate(
    method: Method,
    full: Scores,
    thinned: Iterable[tuple[float, Scores]],
    ids: Sequence[str],
    rows: np.ndarray,
    device: torch.device,
    seed: int,
) -> Calibration:
    """Place samples again from a part of their variants; find the temperature it takes.

    The variance of scores is raised until the 95 % intervals are not significantly short at any
    share.

    Parameters
    ----------
    method : Method
    full : Scores
        Of some samples, as newcomers, from all their variants.
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
        cooled = [scores.tempered(temperature) for scores in (full, *parts)]
        whole, *some = (
            (method.embed(ScoreData(scores, device), ids, draws=DRAWS, seed=seed), scores)
            for scores in cooled
        )
        covered = [[_covered(whole[0], part, level) for level in LEVELS] for part, _ in some]
        if not any(_short(by_level[-1], LEVELS[-1]) for by_level in covered):
            break
    table = []
    for share, by_level in zip(shares, covered, strict=True):
        row = {
            f"covered_{100 * a:.0f}": min(float(c.mean()), 1.0)
            for a, c in zip(LEVELS, by_level, strict=True)
        }
        table.append({"share": share, **row})
        log.info("With %g of the variants the 50, 80 and 95 %% intervals cover %.3f, %.3f and %.3f.",
                 share, *row.values())  # fmt: skip
    return Calibration(temperature, table, rows, whole, some)


def _short(covered: np.ndarray, promised: float) -> bool:
    """Whether samples are covered less than promised, by three standard errors."""
    error = covered.std(ddof=1) / np.sqrt(len(covered))
    return bool(covered.mean() < promised - 3 * error)


def _covered(full: PosteriorDraws, part: PosteriorDraws, level: float) -> np.ndarray:
    """Coverage of each sample, over axes."""
    of_all, of_part = ((posterior.draws, posterior.weight) for posterior in (full, part))
    return np.asarray(nested_coverage(of_all, of_part, level).mean(axis=1))


def know_groups(
    levels: Levels,
    ids: Sequence[str],
    posterior: PosteriorDraws,
    held_out: np.ndarray,
    calibration: Calibration | None = None,
) -> tuple[Groups | None, list[dict[str, Any]]]:
    """The labelled groups of the panel, and how right their probabilities are for others.

    Temperatures and the figures come from samples held out of training, judged by groups of the
    others; the groups that are kept are those of every sample.

    Parameters
    ----------
    levels : Levels
    ids : sequence of str
    posterior : PosteriorDraws
    held_out : ndarray of bool, (samples,)
    calibration : Calibration, optional
        Shows held-out samples with a part of their variants too, so that the temperature suits all.

    Returns
    -------
    Groups or None
        None where no label has samples enough.
    list of dict
        For each level ``level``, ``samples``, ``accuracy`` and ``calibration_error`` from all
        variants; empty where no sample was held out.
    """
    known = np.array([sample in levels.labels for sample in ids], dtype=bool)

    def labels_of(chosen: np.ndarray) -> list[tuple[str, ...]]:
        return [levels.labels[ids[i]] for i in chosen]

    def groups_of(chosen: np.ndarray) -> Groups | None:
        rows = np.flatnonzero(chosen)
        return Groups.of(levels.names, labels_of(rows), posterior[rows])

    every, others = groups_of(known), groups_of(known & ~held_out)
    judged = np.flatnonzero(known & held_out)
    if every is None or others is None or not len(judged):
        return every, []
    shown = [(posterior[judged], labels_of(judged))]
    if calibration is not None:
        again = np.flatnonzero(known[calibration.rows])
        truth = labels_of(calibration.rows[again])
        shown += [(placed[again], truth) for placed, _ in calibration.thinned]
    plain = [
        (
            np.concatenate([others.probabilities(level, placed) for placed, _ in shown]),
            [label[level] for _, labels in shown for label in labels],
        )
        for level in range(len(levels.names))
    ]
    tempered = others.tempered(plain)
    placed, labels = shown[0]
    figures = [
        {"level": name, **_accuracy(tempered.probabilities(i, placed), [x[i] for x in labels],
                                    tempered.names(i))}
        for i, name in enumerate(levels.names)
    ]  # fmt: skip
    return every.at(tempered.temperature), figures


def _accuracy(chance: np.ndarray, truth: Sequence[str], names: Sequence[str]) -> dict[str, Any]:
    known = [i for i, name in enumerate(truth) if name in names]
    right = np.array([names.index(truth[i]) for i in known], dtype=int)
    if not known:
        return {"samples": 0, "accuracy": None, "calibration_error": None}
    return {
        "samples": len(known),
        "accuracy": float((chance[known].argmax(axis=1) == right).mean()),
        "calibration_error": calibration_error(chance[known], right),
    }


def membership(
    bound: np.ndarray, held_out: np.ndarray, projection: Projection, seed: int
) -> Mapping[str, float | None]:
    """How well a sample who holds genotypes can tell whether their owner was in the panel.

    Areas under the curve, 0.5 being a coin. ``training``: by the bound, samples the networks
    were trained on against those held out of training alone. ``loadings``: by the components
    of noise, from which ``embed`` itself recognises samples of the panel.
    """
    from sklearn.metrics import roc_auc_score

    area = None
    if held_out.any() and np.isfinite(bound).all():
        area = float(roc_auc_score(~held_out, bound))
    return {"training": area, "loadings": projection.membership_area(seed)}


def likeness(
    posterior: PosteriorDraws,
    scores: Scores,
    projection: Projection,
    calibration: Calibration | None,
    seed: int,
) -> OutOfPanelTest:
    """What the samples of the panel are like, and what of it few variants leave.

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
    if calibration is None:
        return found
    full, *thinned = (
        diagnostics(placed, of_them, projection)
        for placed, of_them in (calibration.full, *calibration.thinned)
    )
    return found.with_allowance(full, thinned)


def judged(
    record: Mapping[str, Any], posterior: PosteriorDraws, scores: Scores, projection: Projection
) -> tuple[np.ndarray, list[str]]:
    """The share of the panel that is more unusual than each sample, and what to remark.

    Not a number, and nothing, where a method arranges samples anew whenever it is asked: they
    cannot be compared with where the panel lay another time.

    Parameters
    ----------
    record : mapping
        Of the model.
    posterior : PosteriorDraws, on the axes of the coordinates
    scores : Scores
        As newcomers.
    projection : Projection

    Returns
    -------
    ndarray, (samples,)
    list of str
        "unlike_panel:" and the check that failed most, or nothing.
    """
    if not row(record["options"]["method"]).embeds_new_samples:
        return np.full(len(scores), np.nan), [""] * len(scores)
    panel = OutOfPanelTest.of_json(record["likeness"])
    seen = diagnostics(posterior, scores, projection)
    chance, each = panel.chance(seen), panel.chances(seen)
    worst = np.array(list(each))[np.argmin(list(each.values()), axis=0)]
    remarks = [
        f"unlike_panel:{name}" if p < UNLIKE else "" for p, name in zip(chance, worst, strict=True)
    ]
    return chance, remarks
