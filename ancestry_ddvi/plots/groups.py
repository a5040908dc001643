"""Groups of samples with the same label, and the style in which they are drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..artefacts.label_table import UNLABELLED
from .palette import SINGLE_GROUP, UNLIKE, UNNAMED, Style, styles


@dataclass(frozen=True)
class Group:
    """The samples of one label.

    Attributes
    ----------
    name : str
        "" for samples without a label.
    rows : ndarray of int64, ascending
    style : Style
    """

    name: str
    rows: np.ndarray
    style: Style

    @property
    def legend(self) -> str:
        if self.style.hollow:
            return "unlike panel"
        return self.name or "no label"


def with_unlike(groups: Sequence[Group], unlike: np.ndarray) -> list[Group]:
    """The groups without samples unlike the panel, and these as the last group.

    Parameters
    ----------
    groups : sequence of Group
    unlike : ndarray of bool, (samples,)
    """
    like = [Group(group.name, group.rows[~unlike[group.rows]], group.style) for group in groups]
    strangers = [Group("", np.flatnonzero(unlike), UNLIKE)]
    return [group for group in (*like, *strangers) if len(group.rows)]


def grouped(labels: Sequence[str] | None, samples: int) -> list[Group]:
    """Groups sorted by name, samples without a label last; each sample is in one group."""
    if labels is None:
        return [Group("", np.arange(samples), SINGLE_GROUP)]
    names = np.array(labels, dtype=str)
    names[names == UNLABELLED] = ""
    order = np.argsort(names, kind="stable")
    found, first = np.unique(names[order], return_index=True)
    chosen = styles(name for name in found.tolist() if name)
    groups = [
        Group(name, rows, chosen.get(name, UNNAMED))
        for name, rows in zip(found.tolist(), np.split(order, first[1:]), strict=True)
    ]
    return sorted(groups, key=lambda group: (not group.name, group.name))
