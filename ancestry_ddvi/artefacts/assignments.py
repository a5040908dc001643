"""PREFIX.assign.LEVEL.tsv: to which group of the panel each sample is most similar."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .coordinates import numbers, write_table

UNASSIGNED = "unassigned"

DISQUALIFYING = ("unlike_panel", "few_variants", "few_draws")
"""Flags of a sample, before any colon, of whom no group is said; the gravest first."""


@dataclass(frozen=True)
class Assignment:
    """Probabilities of the groups of one level.

    Attributes
    ----------
    level : str
    groups : sequence of str
    samples : sequence of str
    probability : ndarray of float64, (samples, groups)
    entropy : ndarray of float64, (samples,)
        Of the probabilities, in nats.
    reason : sequence of str
        Why a sample is unassigned; "" where they are not.
    """

    level: str
    groups: Sequence[str]
    samples: Sequence[str]
    probability: np.ndarray
    entropy: np.ndarray
    reason: Sequence[str]

    @property
    def most_similar(self) -> list[str]:
        """The most probable group of each sample, assigned or not."""
        return [self.groups[k] for k in self.probability.argmax(axis=1)]

    @property
    def group(self) -> list[str]:
        """The group of each sample, or ``UNASSIGNED``."""
        return [
            UNASSIGNED if reason else name
            for name, reason in zip(self.most_similar, self.reason, strict=True)
        ]

    @property
    def counts(self) -> dict[str, dict[str, int]]:
        """Samples by group, and those unassigned by reason."""
        groups, reasons = Counter(self.group), Counter(filter(None, self.reason))
        return {"groups": dict(sorted(groups.items())), "reasons": dict(sorted(reasons.items()))}

    def write(self, path: Path) -> None:
        """Write the tab-separated table with a header."""
        best = self.probability.max(axis=1)
        similar, group = self.most_similar, self.group
        header = ["sample_id", "group", "most_similar", "probability", "entropy", "reason"]
        rows = (
            [
                sample,
                group[i],
                similar[i],
                *numbers([best[i], self.entropy[i]]),
                self.reason[i],
                *numbers(self.probability[i]),
            ]
            for i, sample in enumerate(self.samples)
        )
        write_table(path, [*header, *self.groups], rows)


def reasons(flags: Sequence[str], probability: np.ndarray, least: float) -> list[str]:
    """Why each sample is unassigned; "" where they are not.

    Parameters
    ----------
    flags : sequence of str
        The column of the coordinates.
    probability : ndarray, (samples,)
        Of the most probable group.
    least : float
        Below it no sample is assigned.
    """
    found = []
    for flag, chance in zip(flags, probability, strict=True):
        words = {word.split(":")[0]: word for word in flag.split(",")}
        grave = next((words[word] for word in DISQUALIFYING if word in words), "")
        found.append(grave or ("" if chance >= least else "low_probability"))
    return found
