"""The labelled groups of the reference panel, and how well calibrated their probabilities are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..artefacts.labels import Labels
from ..evaluation.coverage import calibration_error, reliability
from ..inference.posterior_draws import PosteriorDraws
from ..reference.cells import Members, ScoreCells, coordinate_normals
from ..reference.empirical import EmpiricalTail
from ..reference.groups import THINNINGS, Groups, fitted_temperature, grouped, sharpened
from ..reference.normals import Normals
from ..reference.observed import ObservedScores
from ..reference.rarity import rarity
from ..seeding import stream

FOLDS = 5
"""Labelled samples are judged by groups of the others, a fifth at a time."""

MAX_JUDGED = 5_000
"""Labelled samples that are judged at most."""

STRENGTHS = (2.0, 8.0, 32.0, 128.0)
"""Of the shrinkage of the covariances of cells, in samples: the one under which samples of other
folds are densest in their own cells is taken."""

Truth = Sequence[tuple[str, ...] | None]
"""The label of each sample on each level; None where it has none."""


@dataclass(frozen=True)
class Shown:
    """Scores of some labelled samples.

    Attributes
    ----------
    rows : ndarray of int64
        Which samples.
    observed : ObservedScores
    """

    rows: np.ndarray
    observed: ObservedScores

    def within(self, chosen: np.ndarray) -> Shown:
        """Those of samples that are chosen; bool (all samples,)."""
        some = np.flatnonzero(chosen[self.rows])
        return Shown(self.rows[some], self.observed[some])


def learn_groups(
    labels: Labels,
    ids: Sequence[str],
    posterior: PosteriorDraws,
    observed: ObservedScores,
    seed: int,
    thinned: Sequence[Shown] = (),
) -> tuple[Groups | None, list[dict[str, Any]]]:
    """The labelled groups of the reference panel, with calibrated probabilities.

    Shrinkage, temperatures, the tail of rare samples and metrics come from cross-fitting: every
    labelled sample is judged by groups of the other folds. The groups that are kept are learnt
    from all of them.

    Parameters
    ----------
    labels : Labels
    ids : sequence of str
    posterior : PosteriorDraws
        On the axes of the coordinates.
    observed : ObservedScores
        As new samples have them.
    seed : int
    thinned : sequence of Shown
        Some of the samples with a part of their variants, for each of ``THINNINGS`` but the
        first; none where temperatures are the same at all.

    Returns
    -------
    Groups or None
        None where no label has samples enough.
    list of dict
        For each level ``level``, ``samples``, ``accuracy``, ``calibration_error`` and
        ``reliability`` from all variants; empty where too few samples are labelled to be judged
        by others.
    """
    truth = [labels.by_sample.get(sample) for sample in ids]
    members = Members.of(truth)
    if not members.cells:
        return None, []
    shown = [Shown(np.arange(len(ids)), observed), *thinned]
    judged = _Judged.of(truth, members.cells, shown, seed)
    strength = judged.strength() if judged.folds else STRENGTHS[0]
    found = Groups(
        labels.names,
        members.cells,
        ScoreCells.of(members, observed).shrunk(strength),
        coordinate_normals(members.rows, posterior),
        ((1.0,) * len(THINNINGS),) * len(labels.names),
    )
    return judged.figures(found, strength) if judged.folds else (found, [])


@dataclass(frozen=True)
class _Fold:
    """Cells of the other folds, and which samples they judge; bool (all samples,)."""

    judges: np.ndarray
    cells: tuple[tuple[str, ...], ...]
    scores: ScoreCells


@dataclass(frozen=True)
class _Judged:
    """Labelled samples as the other folds see them.

    Attributes
    ----------
    truth : sequence of tuple of str, or None
    cells : tuple of tuple of str
        Of all samples together.
    shown : sequence of Shown
        From all variants, and from parts.
    folds : sequence of _Fold
    """

    truth: Truth
    cells: tuple[tuple[str, ...], ...]
    shown: Sequence[Shown]
    folds: Sequence[_Fold]

    @classmethod
    def of(
        cls, truth: Truth, cells: tuple[tuple[str, ...], ...], shown: Sequence[Shown], seed: int
    ) -> _Judged:
        """Cells of all folds but one, for each fold that has samples to judge."""
        known = np.array([label is not None for label in truth], dtype=bool)
        order = stream(seed, "folds of groups").permutation(len(truth))
        judged = np.zeros(len(truth), dtype=bool)
        judged[order[known[order]][:MAX_JUDGED]] = True
        folds = []
        for number in range(FOLDS):
            mine = order % FOLDS == number
            others = Members.of([None if own else t for own, t in zip(mine, truth, strict=True)])
            if others.cells and (mine & judged).any():
                found = ScoreCells.of(others, shown[0].observed)
                folds.append(_Fold(mine & judged, others.cells, found))
        return cls(truth, cells, shown, folds)

    def strength(self) -> float:
        """The shrinkage with the largest density of samples in their own cells."""
        number = {cell: k for k, cell in enumerate(self.cells)}
        found = []
        for strength in STRENGTHS:
            rows, density = self._densities(strength, self.shown[0])
            own = [density[i, number[self.truth[row]]] for i, row in enumerate(rows)
                   if self.truth[row] in number]  # fmt: skip
            found.append(np.mean([each for each in own if np.isfinite(each)] or [0.0]))
        return STRENGTHS[int(np.argmax(found))]

    def figures(self, groups: Groups, strength: float) -> tuple[Groups, list[dict[str, Any]]]:
        """The groups with the temperatures and the tail that suit, and what is then right."""
        levels, shown = range(len(groups.levels)), self.shown
        seen = [self._densities(strength, each) for each in shown]
        told = [[self._of_level(level, *each) for each in seen] for level in levels]
        fitted = [[fitted_temperature(*each) for each in by_thinning] for by_thinning in told]
        every = [each if len(each) > 1 else each * len(THINNINGS) for each in fitted]
        tempered = replace(groups.at([tuple(each) for each in every]), tail=self._tail(strength))
        return tempered, [
            {"level": name, **_figures(tempered.temperature[level][0], *told[level][0])}
            for level, name in enumerate(groups.levels)
        ]

    def _densities(self, strength: float, shown: Shown) -> tuple[np.ndarray, np.ndarray]:
        """Samples, and the log of weight times density of each cell; -inf where folds lack it."""
        rows, found = [], []
        for fold, normals, mine in self._by_fold(strength, shown):
            squared, highest = normals.widened(mine.observed.value, mine.observed.covariance)
            density = np.full((len(mine.rows), len(self.cells)), -np.inf)
            column = [self.cells.index(cell) for cell in fold.cells]
            density[:, column] = highest - squared / 2
            rows.append(mine.rows)
            found.append(density)
        return np.concatenate(rows), np.concatenate(found)

    def _by_fold(self, strength: float, shown: Shown) -> list[tuple[_Fold, Normals, Shown]]:
        return [
            (fold, fold.scores.shrunk(strength), shown.within(fold.judges)) for fold in self.folds
        ]

    def _of_level(
        self, level: int, rows: np.ndarray, density: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Log probabilities of groups, and true groups, of samples whose label is a group."""
        names = sorted({cell[level] for cell in self.cells})
        labels = [(self.truth[row] or ())[level] for row in rows]
        known = np.array([label in names for label in labels], dtype=bool)
        right = [names.index(label) for label in labels if label in names]
        return grouped(self.cells, level, density[known]), np.array(right, dtype=int)

    def _tail(self, strength: float) -> EmpiricalTail | None:
        """Of how rare samples of groups are among the cells of the other folds."""
        found = []
        for _, normals, mine in self._by_fold(strength, self.shown[0]):
            kept = [self.truth[row] in self.cells for row in mine.rows]
            some = mine.observed[np.flatnonzero(kept)]
            found.append(rarity(normals, some.value, some.covariance))
        rare = np.concatenate(found)
        return EmpiricalTail.of(rare) if len(rare) else None


def _figures(temperature: float, log_chance: np.ndarray, right: np.ndarray) -> dict[str, Any]:
    """Accuracy, expected calibration error, and how often probabilities are right."""
    if not len(right):
        return {"samples": 0, "accuracy": None, "calibration_error": None, "reliability": []}
    chance = sharpened(log_chance, np.full(len(right), temperature))
    return {
        "samples": len(right),
        "accuracy": float((chance.argmax(axis=1) == right).mean()),
        "calibration_error": calibration_error(chance, right),
        "reliability": reliability(chance, right),
    }
