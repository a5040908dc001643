"""What methods answer about left-out samples, and figures of it with their sampling error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from calibration import by_region, judged
from classifiers import read
from reference_panels import LEVELS, Panel
from scipy.stats import norm

UNASSIGNED = "unassigned"


@dataclass(frozen=True)
class Answers:
    """What one method says of some samples at one level.

    Attributes
    ----------
    method, level : str
    samples : ndarray of str
    groups : ndarray of str, (groups,)
    probability : ndarray of float64, (samples, groups)
        NaN where the method has no answer at all.
    likely : ndarray of str, (samples,)
        The most probable group, as the method says it.
    named : ndarray of str, (samples,)
        The group that it reports, or ``UNASSIGNED``.
    """

    method: str
    level: str
    samples: np.ndarray
    groups: np.ndarray
    probability: np.ndarray
    likely: np.ndarray
    named: np.ndarray

    @property
    def answered(self) -> np.ndarray:
        """Samples with probabilities; bool (samples,)."""
        return ~np.isnan(self.probability).any(axis=1)

    def figures(self, truth: np.ndarray) -> dict[str, Any]:
        """Accuracy, calibration and share unassigned; ``truth`` by sample."""
        named, there = self.named != UNASSIGNED, self.answered
        found: dict[str, Any] = {
            "method": self.method,
            "level": self.level,
            "samples": len(truth),
            "answered": int(there.sum()),
            "unassigned": proportion(~named),
            "right_of_named": proportion(self.named[named] == truth[named]),
        }
        if not there.any():
            return found
        place = {name: i for i, name in enumerate(self.groups)}
        right = np.array([place.get(name, -1) for name in truth[there]])
        error = judged(self.probability[there], right)
        return found | {
            "accuracy": proportion(self.likely[there] == truth[there]),
            "ece": error["ece"],
            "ece_by_chance": error["ece_by_chance"],
        }


def proportion(true: np.ndarray) -> list[float] | None:
    """A share, and Wilson's 95 % interval of it."""
    if not len(true):
        return None
    n, p, z = len(true), float(true.mean()), float(norm.ppf(0.975))
    middle = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    low, high = max(0.0, middle - half), min(1.0, middle + half)
    return [round(p, 4), round(low, 4), round(high, 4)]


def of_assign(prefix: Path) -> list[Answers]:
    """The tables that ``assign`` wrote."""
    return [_of_table(read(f"{prefix}.assign.{level}.tsv"), level) for level in LEVELS]


def _of_table(table: pd.DataFrame, level: str) -> Answers:
    groups = table.columns[table.columns.get_loc("reason") + 1 :]
    return Answers(
        "`assign`",
        level,
        table.index.to_numpy(str),
        groups.to_numpy(str),
        table[groups].to_numpy(float),
        table["most_similar"].to_numpy(str),
        table["group"].to_numpy(str),
    )


def none(method: str, level: str, samples: Sequence[str]) -> Answers:
    """No answer about any sample, as when the file is refused."""
    who = np.full(len(samples), UNASSIGNED)
    return Answers(method, level, np.array(samples), np.array([UNASSIGNED]),
                   np.full((len(samples), 1), np.nan), who, who)  # fmt: skip


def joined(some: Sequence[Answers]) -> Answers:
    """The answers of one method about several sets; a group that one lacks has probability 0."""
    groups = np.unique(np.concatenate([one.groups for one in some if one.answered.any()] or
                                      [np.array([UNASSIGNED])]))  # fmt: skip
    chances = []
    for one in some:
        chance = np.full((len(one.samples), len(groups)), 0.0 if one.answered.any() else np.nan)
        if one.answered.any():
            chance[:, np.searchsorted(groups, one.groups)] = one.probability
        chances.append(chance)
    return Answers(
        some[0].method,
        some[0].level,
        np.concatenate([one.samples for one in some]),
        groups,
        np.concatenate(chances),
        np.concatenate([one.likely for one in some]),
        np.concatenate([one.named for one in some]),
    )


def pooled(parts: Sequence[Sequence[Answers]], panel: Panel) -> list[dict[str, Any]]:
    """Figures of every method at every level, over all folds."""
    found = []
    for some in zip(*parts, strict=True):
        answers = joined(some)
        truth = panel.labels.loc[answers.samples, answers.level].to_numpy(str)
        found.append(answers.figures(truth))
    return found


def covered(parts: Sequence[pd.DataFrame], panel: Panel) -> dict[str, Any]:
    """Coverage in per cent at each level with its standard error, and by superpopulation.

    ``parts`` have the coverage of each sample at each level.
    """
    every = pd.concat(parts)
    region = panel.labels.loc[every.index, "superpopulation"].to_numpy(str)
    error = 100 * every.std(axis=0) / np.sqrt(len(every))
    return by_region(every.to_numpy(), region) | {"error": error.round(2).tolist()}
