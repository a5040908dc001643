"""Groups of samples with the same label, and the style in which they are drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..artefacts.assignments import UNASSIGNED
from ..artefacts.label_table import UNLABELLED
from .palette import (
    QUERY,
    SINGLE_GROUP,
    UNLIKE,
    UNNAMED,
    Style,
    nested_styles,
    parent_styles,
    styles,
)
from .shade import Shade


@dataclass(frozen=True)
class Group:
    """The samples of one label.

    Attributes
    ----------
    name : str
        "" for samples without a label.
    rows : ndarray of int64, ascending
    style : Style
    parent : str
        The group that it is a part of, such as a superpopulation; "" if it is of none.
    counted : bool
        Whether the legend says how many samples it has.
    """

    name: str
    rows: np.ndarray
    style: Style
    parent: str = ""
    counted: bool = True

    @property
    def legend(self) -> str:
        if self.style.hollow:
            return "unlike panel"
        return self.name or ("samples" if self.style == QUERY else "no label")


def with_unlike(groups: Sequence[Group], unlike: np.ndarray) -> list[Group]:
    """The groups without samples unlike the panel, and these as the last group.

    Parameters
    ----------
    groups : sequence of Group
    unlike : ndarray of bool, (samples,)
    """
    like = [replace(group, rows=group.rows[~unlike[group.rows]]) for group in groups]
    strangers = [Group("", np.flatnonzero(unlike), UNLIKE)]
    return [group for group in (*like, *strangers) if len(group.rows)]


def shaded_groups(shade: Shade, unlike: np.ndarray) -> list[Group]:
    """Samples that a quantity colours: those that have it, the others, and those unlike the panel.

    Parameters
    ----------
    shade : Shade
    unlike : ndarray of bool, (samples,)
    """
    known = Group("", np.flatnonzero(~shade.unknown), SINGLE_GROUP, counted=False)
    unknown = Group("no value", np.flatnonzero(shade.unknown), UNNAMED)
    return with_unlike([unknown, known], unlike)


def grouped(
    labels: Sequence[str] | None,
    samples: int,
    parents: Mapping[str, str] | None = None,
    alone: Style = SINGLE_GROUP,
) -> list[Group]:
    """Groups sorted by parent and name, samples without a label last.

    Each sample is in one group.

    Parameters
    ----------
    labels : sequence of str, optional
    samples : int
    parents : mapping of label to its parent, optional
        Every label that the model knows, so that each has the same style in every figure.
    alone : Style
        Of all samples where there are no labels.
    """
    if labels is None:
        return [Group("", np.arange(samples), alone)]
    names = np.array(labels, dtype=str)
    names[names == UNLABELLED] = ""
    order = np.argsort(names, kind="stable")
    found, first = np.unique(names[order], return_index=True)
    within = parents or {}
    chosen = label_styles(within, [name for name in found.tolist() if name])
    groups = [
        Group(name, rows, chosen.get(name, UNNAMED), _parent(name, within))
        for name, rows in zip(found.tolist(), np.split(order, first[1:]), strict=True)
    ]
    return sorted(groups, key=lambda group: (not group.name, group.parent, group.name))


def _parent(name: str, parents: Mapping[str, str]) -> str:
    """The parent of a label; a parent is listed with its labels."""
    return parents.get(name, name if name in parents.values() else "")


def label_styles(parents: Mapping[str, str], others: Sequence[str] = ()) -> dict[str, Style]:
    """The style of each label that a model knows, and of others.

    Labels have hues by parent where there is more than one of either, else styles of their own.
    A parent has its hue; what could not be assigned is grey.
    """
    names = sorted({*parents, *others} - {UNASSIGNED})
    found = {UNASSIGNED: UNNAMED}
    if 1 < len({*parents.values()}) < len(parents):
        known = dict(sorted(parents.items(), key=lambda pair: pair[::-1]))
        chosen = parent_styles(known.values()) | nested_styles(known)
        return found | styles(name for name in names if name not in chosen) | chosen
    return found | styles(names)
