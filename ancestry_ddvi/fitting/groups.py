"""The labelled groups of the reference panel, and how well calibrated their probabilities are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..artefacts.labels import Labels
from ..evaluation.coverage import calibration_error
from ..inference.posterior_draws import PosteriorDraws
from ..reference.groups import Groups
from .calibration import Calibration

Shown = tuple[PosteriorDraws, list[tuple[str, ...]]]
"""Posterior draws of labelled samples, and their labels on each level."""


def learn_groups(
    labels: Labels,
    ids: Sequence[str],
    posterior: PosteriorDraws,
    held_out: np.ndarray,
    calibration: Calibration | None = None,
) -> tuple[Groups | None, list[dict[str, Any]]]:
    """The labelled groups of the reference panel, with calibrated probabilities.

    Temperatures and metrics come from held-out samples, judged by groups learnt from the other
    samples; the groups that are kept are learnt from all of them.

    Parameters
    ----------
    labels : Labels
    ids : sequence of str
    posterior : PosteriorDraws
    held_out : ndarray of bool, (samples,)
    calibration : Calibration, optional
        Shows held-out samples with a part of their variants too, so that the temperature suits
        them as well.

    Returns
    -------
    Groups or None
        None where no label has samples enough.
    list of dict
        For each level ``level``, ``samples``, ``accuracy`` and ``calibration_error`` from all
        variants; empty where no sample is held out.
    """
    known = np.array([sample in labels.by_sample for sample in ids], dtype=bool)

    def show(rows: np.ndarray, draws: PosteriorDraws) -> Shown:
        return draws, [labels.by_sample[ids[i]] for i in rows]

    def groups_of(chosen: np.ndarray) -> Groups | None:
        rows = np.flatnonzero(chosen)
        draws, truth = show(rows, posterior[rows])
        return Groups.of(labels.names, truth, draws)

    every, others = groups_of(known), groups_of(known & ~held_out)
    judged = np.flatnonzero(known & held_out)
    if every is None or others is None or not len(judged):
        return every, []
    shown = [show(judged, posterior[judged])]
    if calibration is not None:
        again = np.flatnonzero(known[calibration.rows])
        shown += [show(calibration.rows[again], draws[again]) for draws, _ in calibration.thinned]
    tempered = others.tempered(
        [_outcomes(others, level, shown) for level in range(len(labels.names))]
    )
    return every.at(tempered.temperature), [
        {"level": name, **_figures(tempered, level, shown[0])}
        for level, name in enumerate(labels.names)
    ]


def _outcomes(groups: Groups, level: int, shown: Sequence[Shown]) -> tuple[np.ndarray, list[str]]:
    """Probabilities of the groups of a level, and the true labels, of all that is shown."""
    chances = [groups.probabilities(level, draws) for draws, _ in shown]
    return np.concatenate(chances), [label[level] for _, labels in shown for label in labels]


def _figures(groups: Groups, level: int, shown: Shown) -> dict[str, Any]:
    """Accuracy and expected calibration error, of samples whose label is a group."""
    chance, truth = _outcomes(groups, level, [shown])
    names = groups.names(level)
    known = [i for i, name in enumerate(truth) if name in names]
    right = np.array([names.index(truth[i]) for i in known], dtype=int)
    if not known:
        return {"samples": 0, "accuracy": None, "calibration_error": None}
    return {
        "samples": len(known),
        "accuracy": float((chance[known].argmax(axis=1) == right).mean()),
        "calibration_error": calibration_error(chance[known], right),
    }
