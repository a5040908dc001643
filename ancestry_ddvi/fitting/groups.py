"""The labelled groups of the reference panel, and how well calibrated their probabilities are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..artefacts.labels import Labels
from ..evaluation.coverage import calibration_error
from ..inference.posterior_draws import PosteriorDraws
from ..reference.groups import Groups
from ..seeding import stream

FOLDS = 5
"""Labelled samples are judged by groups of the others, a fifth at a time."""


@dataclass(frozen=True)
class Shown:
    """Posteriors of some labelled samples.

    Attributes
    ----------
    rows : ndarray of int64
        Which samples.
    draws : PosteriorDraws
    """

    rows: np.ndarray
    draws: PosteriorDraws

    def within(self, chosen: np.ndarray) -> Shown:
        """Those of samples that are chosen; bool (all samples,)."""
        some = np.flatnonzero(chosen[self.rows])
        return Shown(self.rows[some], self.draws[some])


def learn_groups(
    labels: Labels,
    ids: Sequence[str],
    posterior: PosteriorDraws,
    seed: int,
    thinned: Sequence[Shown] = (),
) -> tuple[Groups | None, list[dict[str, Any]]]:
    """The labelled groups of the reference panel, with calibrated probabilities.

    Temperatures and metrics come from cross-fitting: every labelled sample is judged by groups
    of the other folds. The groups that are kept are learnt from all of them.

    Parameters
    ----------
    labels : Labels
    ids : sequence of str
    posterior : PosteriorDraws
    seed : int
    thinned : sequence of Shown
        Some of the samples with a part of their variants, for each of ``THINNINGS`` but the
        first; none where temperatures are the same at all.

    Returns
    -------
    Groups or None
        None where no label has samples enough.
    list of dict
        For each level ``level``, ``samples``, ``accuracy`` and ``calibration_error`` from all
        variants; empty where too few samples are labelled to be judged by others.
    """
    truth = [labels.by_sample.get(sample) for sample in ids]
    known = np.array([label is not None for label in truth], dtype=bool)

    def groups_of(chosen: np.ndarray) -> Groups | None:
        rows = np.flatnonzero(chosen)
        return Groups.of(labels.names, [truth[i] or () for i in rows], posterior[rows])

    every = groups_of(known)
    if every is None:
        return None, []
    shown = [Shown(np.arange(len(ids)), posterior), *thinned]
    outcomes = _Outcomes.empty(every, len(shown))
    fold = stream(seed, "folds of groups").permutation(len(ids)) % FOLDS
    for number in range(FOLDS):
        mine = known & (fold == number)
        others = groups_of(known & ~mine)
        if others is not None and mine.any():
            outcomes.add(others, [each.within(mine) for each in shown], truth)
    return outcomes.figures(every)


@dataclass
class _Outcomes:
    """Probabilities of the groups, and true labels, at each level and each thinning."""

    levels: tuple[str, ...]
    names: list[list[str]]
    chance: list[list[list[np.ndarray]]]
    truth: list[list[list[str]]]

    @classmethod
    def empty(cls, groups: Groups, thinnings: int) -> _Outcomes:
        levels = range(len(groups.levels))
        return cls(
            groups.levels,
            [groups.names(level) for level in levels],
            [[[] for _ in range(thinnings)] for _ in levels],
            [[[] for _ in range(thinnings)] for _ in levels],
        )

    def add(
        self, groups: Groups, shown: Sequence[Shown], truth: Sequence[tuple[str, ...] | None]
    ) -> None:
        """Outcomes of one fold; a group that the other folds lack has probability 0."""
        for level, names in enumerate(self.names):
            column = [names.index(name) for name in groups.names(level)]
            for number, each in enumerate(shown):
                chance = np.zeros((len(each.rows), len(names)))
                chance[:, column] = groups.probabilities(level, each.draws)
                self.chance[level][number].append(chance)
                self.truth[level][number] += [(truth[i] or ())[level] for i in each.rows]

    def figures(self, groups: Groups) -> tuple[Groups, list[dict[str, Any]]]:
        """The groups at the temperatures that suit the outcomes, and what is then right."""
        if not self.chance[0][0]:
            return groups, []
        shown = [
            [(np.concatenate(c), t) for c, t in zip(chances, truths, strict=True)]
            for chances, truths in zip(self.chance, self.truth, strict=True)
        ]
        tempered = groups.tempered(shown)
        return tempered, [
            {"level": name, **_figures(tempered, level, *shown[level][0])}
            for level, name in enumerate(self.levels)
        ]


def _figures(
    groups: Groups, level: int, chance: np.ndarray, truth: Sequence[str]
) -> dict[str, Any]:
    """Accuracy and expected calibration error, of samples whose label is a group."""
    names = groups.names(level)
    known = [i for i, name in enumerate(truth) if name in names]
    if not known:
        return {"samples": 0, "accuracy": None, "calibration_error": None}
    right = np.array([names.index(truth[i]) for i in known], dtype=int)
    chance = groups.sharpened(level, chance[known])
    return {
        "samples": len(known),
        "accuracy": float((chance.argmax(axis=1) == right).mean()),
        "calibration_error": calibration_error(chance, right),
    }
