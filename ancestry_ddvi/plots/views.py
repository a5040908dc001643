"""Panels of a figure: samples on two axes, or stacked along one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from matplotlib.axes import Axes

from .groups import Group
from .names import hearts, write_names
from .panels import (
    MAX_SPREAD,
    colours,
    draw_lines,
    draw_points,
    draw_rings,
    draw_spread,
    draw_typical,
    shown_alone,
    stacked,
)
from .reference import GroupShapes, draw_reference
from .shade import Shade


@dataclass(frozen=True)
class Scene:
    """How samples look, in every panel.

    Attributes
    ----------
    groups : sequence of Group
        Each sample is in one.
    parents : mapping of name to parent
        The groups of a reference panel that are drawn behind the samples; empty for none.
    shade : Shade, optional
        A quantity that colours samples, instead of their groups.
    highlighted : mapping of row to name
        Samples with a ring and their name.
    """

    groups: Sequence[Group]
    parents: Mapping[str, str] = field(default_factory=dict)
    shade: Shade | None = None
    highlighted: Mapping[int, str] = field(default_factory=dict)

    @property
    def tint(self) -> np.ndarray | None:
        """RGBA of each sample by the quantity; None where groups colour them."""
        return self.shade.colours if self.shade else None

    def colours(self, samples: int) -> np.ndarray:
        """RGBA of each sample; (samples, 4)."""
        return self.shade.colours if self.shade else colours(self.groups, samples)


class View(Protocol):
    """One panel."""

    @property
    def meaning(self) -> str:
        """What ellipses or lines around samples are, for the caption; "" if there are none."""

    @property
    def has_groups(self) -> bool:
        """Whether groups of a reference panel are behind the samples."""

    @property
    def is_wider(self) -> bool:
        """Whether samples lie outside what the figure of the fit shows."""

    def draw(self, axes: Axes, scene: Scene, scale: float, marks: float) -> None:
        """Draw everything; letters have a scale and marks a factor of their areas."""


def reaches_beyond(points: np.ndarray, frame: np.ndarray | None) -> bool:
    """Whether points, (points, axes), lie outside a frame, (2, axes)."""
    return frame is not None and bool((points < frame[0]).any() or (points > frame[1]).any())


@dataclass(frozen=True)
class Plane:
    """Samples on two axes.

    Attributes
    ----------
    points : ndarray, (samples, 2)
    names : tuple of str
        Of the axes.
    title : str
    covariance : ndarray, (samples, 2, 2), optional
        Of the posterior; not a number where there is none.
    shapes : GroupShapes, optional
        Groups of the reference panel on the same axes, in the order of ``Scene.parents``.
    equal : bool
        Whether both axes have the same unit.
    frame : ndarray, (2, 2), optional
        Lower and upper corner of what the panel shows at least.
    """

    points: np.ndarray
    names: tuple[str, str]
    title: str
    covariance: np.ndarray | None = None
    shapes: GroupShapes | None = None
    equal: bool = False
    frame: np.ndarray | None = None

    @property
    def has_groups(self) -> bool:
        """Whether groups of a reference panel are behind the samples."""
        return self.shapes is not None

    @property
    def is_wider(self) -> bool:
        """Whether samples lie outside what the figure of the fit shows."""
        return reaches_beyond(self.points, self.frame)

    @property
    def _intervals(self) -> int:
        """Samples with an interval."""
        return 0 if self.covariance is None else int(np.isfinite(self.covariance[:, 0, 0]).sum())

    @property
    def meaning(self) -> str:
        """What ellipses around samples are, for the caption; "" if there are none."""
        if self.covariance is None or not self._intervals:
            return ""
        said = "Ellipses reach one posterior standard deviation"
        if self._intervals <= MAX_SPREAD:
            return f"{said}."
        widest = ", on the map the widest" if len(shown_alone(self.covariance)) else ""
        return f"{said}: in the corner the median of all samples{widest}."

    def draw(self, axes: Axes, scene: Scene, scale: float, marks: float) -> None:
        """Draw everything."""
        axes.set(xlabel=self.names[0], ylabel=self.names[1], title=self.title)
        rgba = scene.colours(len(self.points))
        draw_points(axes, self.points, scene.groups, scene.tint, marks)
        chosen = [*scene.highlighted]
        if self.covariance is not None:
            alone = shown_alone(self.covariance)
            ringed = np.array(chosen, dtype=np.int64)
            ringed = ringed[np.isfinite(self.covariance[ringed, 0, 0])]
            alone = np.union1d(alone, ringed)
            many = self._intervals > MAX_SPREAD
            draw_spread(axes, self.points[alone], self.covariance[alone], rgba[alone], many)
        names = [] if scene.shade else hearts(self.points, scene.groups)
        if self.shapes:
            draw_reference(axes, scene.parents, self.shapes, scale)
            names = list(zip(scene.parents, self.shapes.mean, strict=True))
        if chosen:
            draw_rings(axes, self.points[chosen], len(self.points), marks)
        self._settle(axes)
        if self.covariance is not None and self._intervals > MAX_SPREAD:
            draw_typical(axes, self.points, self.covariance, scale)
        own = [(name, self.points[row]) for row, name in scene.highlighted.items()]
        write_names(axes, names, scale, own, self.points)

    def _settle(self, axes: Axes) -> None:
        """Fix what is in view."""
        if self.frame is not None:
            axes.update_datalim(self.frame)
        axes.autoscale_view()
        if self.equal:
            axes.set_aspect("equal", adjustable="datalim")
            axes.apply_aspect()


@dataclass(frozen=True)
class Strip:
    """Samples along one axis, stacked by group and value.

    Attributes
    ----------
    values : ndarray, (samples,)
    name : str
        Of the axis.
    title : str
    sd : ndarray, (samples,)
        Posterior standard deviations; not a number where there are none.
    frame : ndarray, (2, 1), optional
        Lowest and highest value that the panel shows at least.
    """

    values: np.ndarray
    name: str
    title: str
    sd: np.ndarray
    frame: np.ndarray | None = None
    has_groups: bool = False

    @property
    def is_wider(self) -> bool:
        """Whether samples lie outside what the figure of the fit shows."""
        return reaches_beyond(self.values[:, None], self.frame)

    @property
    def meaning(self) -> str:
        """What lines around samples are, for the caption; "" if there are none."""
        known = np.isfinite(self.sd).any()
        return "Lines reach one posterior standard deviation." if known else ""

    def draw(self, axes: Axes, scene: Scene, scale: float, marks: float) -> None:
        """Draw everything."""
        points, rgba = stacked(self.values, scene.groups), scene.colours(len(self.values))
        by = "label and " if len(scene.groups) > 1 else ""
        axes.set(
            xlabel=self.name, ylabel=f"samples, by {by}{self.name}", title=self.title, yticks=[]
        )
        if self.frame is not None:
            axes.update_datalim(self.frame * [1, 0], updatey=False)
        draw_lines(axes, points, self.sd, rgba)
        draw_points(axes, points, scene.groups, scene.tint, marks)
        if scene.highlighted:
            draw_rings(axes, points[[*scene.highlighted]], len(points), marks)
        own = [(name, points[row]) for row, name in scene.highlighted.items()]
        names = [] if scene.shade else hearts(points, scene.groups)
        write_names(axes, names, scale, above=own)
