"""PREFIX.assign.LEVEL.tsv: the labelled group that each sample is genetically most similar to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .columns import values_of
from .flags import LOW_PROBABILITY, UNLIKE_GROUPS, gravest
from .tables import frame, write_table

if TYPE_CHECKING:
    from pandas import DataFrame

UNASSIGNED = "unassigned"


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
        Entropy of the probabilities, in nats.
    reason : sequence of str
        Why a sample is unassigned; "" for a sample that is assigned.
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
        """Number of samples by group, and of unassigned samples by reason."""
        groups, reasons = Counter(self.group), Counter(filter(None, self.reason))
        return {"groups": dict(sorted(groups.items())), "reasons": dict(sorted(reasons.items()))}

    @property
    def best(self) -> np.ndarray:
        """The probability of the most probable group; (samples,)."""
        return np.asarray(self.probability.max(axis=1))

    def to_frame(self) -> DataFrame:
        """The table as a pandas DataFrame, with all digits."""
        return frame(*values_of("assign", self, self.groups))

    def write(self, path: Path) -> None:
        """Write the table."""
        write_table(path, "assign", self, self.groups)


def reasons(
    flags: Sequence[str], unlike: np.ndarray, probability: np.ndarray, minimum: float
) -> list[str]:
    """Why each sample is unassigned; "" for a sample that is assigned.

    Parameters
    ----------
    flags : sequence of str
        The column ``flag`` of the coordinates.
    unlike : ndarray of bool, (samples,)
        Whether it is unlike every group.
    probability : ndarray, (samples,)
        Of the most probable group.
    minimum : float
        A sample with a smaller probability is unassigned.
    """
    return [
        gravest(flag) or (UNLIKE_GROUPS if far else "" if chance >= minimum else LOW_PROBABILITY)
        for flag, far, chance in zip(flags, unlike, probability, strict=True)
    ]
