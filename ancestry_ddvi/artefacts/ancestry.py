"""PREFIX.ancestry.tsv: one row for each sample, with what a report needs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .assignments import UNASSIGNED, Assignment
from .columns import values_of
from .coordinates import Coordinates
from .flags import LOW_PROBABILITY, in_words
from .tables import frame, write_columns

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True, eq=False, repr=False)
class Ancestry:
    """The most similar group of each sample at the finest level that is sure enough.

    Attributes
    ----------
    coordinates : Coordinates
    assignments : sequence of Assignment
        One for each level of labels, the finest first, of the samples of ``coordinates``.
    build : str, optional
        Genome build of the input; None where it is not known.
    model : str
        Name of the model.
    """

    coordinates: Coordinates
    assignments: Sequence[Assignment]
    build: str | None
    model: str

    @property
    def samples(self) -> list[str]:
        """Sample IDs."""
        return self.coordinates.samples

    @cached_property
    def _finest(self) -> np.ndarray:
        """The number of each sample's level, -1 where it is unassigned; (samples,)."""
        assigned = np.array([[not why for why in a.reason] for a in self.assignments])
        return np.where(assigned.any(axis=0), assigned.argmax(axis=0), -1)

    @property
    def group(self) -> list[str]:
        """The group of each sample at its level, or ``UNASSIGNED``."""
        names = [a.most_similar for a in self.assignments]
        return [names[k][i] if k >= 0 else UNASSIGNED for i, k in enumerate(self._finest)]

    @property
    def level(self) -> list[str]:
        """The level of each sample's group; "" where it is unassigned."""
        return [self.assignments[k].level if k >= 0 else "" for k in self._finest]

    @property
    def probability(self) -> np.ndarray:
        """The probability of each sample's group; NaN where it is unassigned; (samples,)."""
        best = np.array([a.best for a in self.assignments])
        chosen = best[self._finest, np.arange(len(self.samples))]
        return np.where(self._finest >= 0, chosen, np.nan)

    @property
    def reason(self) -> list[str]:
        """Why each sample is unassigned, at the coarsest level; "" where it is assigned."""
        last = self.assignments[-1].reason
        return [last[i] if k < 0 else "" for i, k in enumerate(self._finest)]

    @property
    def by_level(self) -> list[list[str]]:
        """The group of each sample at every level, or ``UNASSIGNED``."""
        return [a.group for a in self.assignments]

    @property
    def most_similar(self) -> list[list[str]]:
        """The most similar group of each sample at every level, assigned or not."""
        return [a.most_similar for a in self.assignments]

    @property
    def probabilities(self) -> np.ndarray:
        """Their probabilities; NaN where a flag says that they mean nothing; (levels, samples)."""
        return np.array(
            [
                np.where(np.isin(a.reason, ["", LOW_PROBABILITY]), a.best, np.nan)
                for a in self.assignments
            ]
        )

    @cached_property
    def words(self) -> list[tuple[str, str]]:
        """What the flags and the reason of each sample mean, and what to do."""
        complete = (self.coordinates["variant_fraction"] >= 1).tolist()
        raised = list(zip(self.coordinates.flag, self._reasons, complete, strict=True))
        known = {each: in_words(*each) for each in set(raised)}
        return [known[each] for each in raised]

    @property
    def _reasons(self) -> list[str]:
        """Why each sample has no group at the finest level; "" where it has."""
        return list(self.assignments[0].reason)

    @property
    def counts(self) -> dict[str, dict[str, int]]:
        """Number of samples by level and by group, and of unassigned samples by reason."""
        levels = Counter(self.level)
        named = {a.level: levels[a.level] for a in self.assignments}
        groups, reasons = Counter(self.group), Counter(filter(None, self.reason))
        return {
            "levels": named,
            "groups": dict(sorted(groups.items())),
            "reasons": dict(sorted(reasons.items())),
        }

    def lines(self) -> list[str]:
        """For each level how many samples have a group there, and which; the unassigned last."""
        found: dict[str, Counter[str]] = {a.level: Counter() for a in self.assignments}
        for level, group in zip(self.level, self.group, strict=True):
            if level:
                found[level][group] += 1
        found[UNASSIGNED] = Counter(filter(None, self.reason))
        wide = max(map(len, found))
        return [
            f"{name:<{wide}} {counts.total():>9,}  {_most_common(counts)}".rstrip()
            for name, counts in found.items()
        ]

    def to_frame(self) -> DataFrame:
        """The table as a pandas DataFrame, with all digits."""
        return frame(*self._columns())

    def write(self, path: Path) -> None:
        """Write the table."""
        write_columns(path, *self._columns())

    def _columns(self) -> tuple[list[str], list[np.ndarray]]:
        levels = [a.level for a in self.assignments]
        return values_of("ancestry", self, self.coordinates.axes, levels)


def _most_common(counts: Counter[str], shown: int = 12) -> str:
    """The largest counts in one line, and the number of others."""
    named = [f"{name} {count:,}" for name, count in counts.most_common(shown)]
    others = len(counts) - len(named)
    return ", ".join(named) + (f" and {others} others" if others else "")
