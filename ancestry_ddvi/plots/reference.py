"""The labelled groups of a reference panel behind the samples of a query; none of its samples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import EllipseCollection
from matplotlib.colors import to_rgba

from ..reference.groups import Groups
from .groups import Group, label_styles
from .palette import FAINT
from .panels import ellipses_of, include

REACH = 2.4477
"""Half axes of an ellipse in standard deviations of a group: 95 % of a normal in two dimensions."""


@dataclass(frozen=True)
class GroupShapes:
    """A normal for each group, on the axes of a panel.

    Attributes
    ----------
    mean : ndarray of float64, (groups, axes)
    covariance : ndarray of float64, (groups, axes, axes)
    """

    mean: np.ndarray
    covariance: np.ndarray

    def on(self, axes: tuple[int, int]) -> GroupShapes:
        """The same on two of the axes."""
        pair = list(axes)
        return GroupShapes(self.mean[:, pair], self.covariance[:, pair][:, :, pair])


@dataclass(frozen=True)
class Reference:
    """The groups that a model knows on its finest level.

    Attributes
    ----------
    parents : mapping of name to parent
        Every group with the one that it is a part of, "" if there is one level.
    coordinates : GroupShapes
        In the order of ``parents``.
    scores : GroupShapes, optional
        Of component scores.
    """

    parents: Mapping[str, str]
    coordinates: GroupShapes
    scores: GroupShapes | None = None

    @property
    def groups(self) -> list[Group]:
        """The groups as the legend has them, without samples."""
        chosen = label_styles(self.parents)
        no_rows = np.empty(0, dtype=np.int64)
        found = [Group(n, no_rows, chosen[n], p, counted=False) for n, p in self.parents.items()]
        return sorted(found, key=lambda group: (group.parent, group.name))


def parents_of(groups: Groups) -> dict[str, str]:
    """Each label of the finest level with that of the coarsest; "" where there is one level."""
    return {cell[0]: cell[-1] if len(cell) > 1 else "" for cell in groups.cells}


def reference_of(groups: Groups, noise: float) -> Reference:
    """The groups of a model as figures show them.

    Parameters
    ----------
    groups : Groups
    noise : float
        Variance of the scores of a sample with all variants about the expected ones.
    """
    mean, covariance = groups.scores.mean, groups.scores.covariance
    return Reference(
        parents_of(groups),
        GroupShapes(groups.coordinates.mean, groups.coordinates.covariance),
        GroupShapes(mean, covariance + noise * np.eye(mean.shape[1])),
    )


def draw_reference(
    axes: Axes, parents: Mapping[str, str], shapes: GroupShapes, scale: float = 1.0
) -> None:
    """An ellipse for each group, of 95 % of its samples on two axes; all are in view."""
    chosen = label_styles(parents)
    colours = np.array([to_rgba(chosen[name].colour) for name in parents])
    long, short, turn = ellipses_of(shapes.covariance)
    axes.add_collection(
        EllipseCollection(
            2 * REACH * long,
            2 * REACH * short,
            turn,
            units="xy",
            offsets=shapes.mean,
            offset_transform=axes.transData,
            facecolors=colours * [1, 1, 1, FAINT],
            edgecolors=colours * [1, 1, 1, 0.8],
            linewidths=0.7 * scale,
            zorder=1,
        ),
        autolim=False,
    )
    include(axes, shapes.mean, shapes.covariance, REACH)
