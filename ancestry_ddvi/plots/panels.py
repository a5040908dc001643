"""Elements of a panel: samples, and their posterior standard deviations."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import EllipseCollection, LineCollection
from matplotlib.colors import to_rgba

from .groups import Group
from .palette import MARKERS

TURNS = 4
"""Number of turns of each group in the order of drawing."""

ELLIPSE_SD = 1.0
"""Half axes of an ellipse, in posterior standard deviations."""

MAX_SPREAD = 300
"""With more samples, only the widest intervals are drawn, and the median one in a corner."""

WIDE, MAX_WIDE = 4.0, 100
"""An interval so many times as long as the median one is drawn all the same; at most so many."""

FEW = 100
"""With at most so many samples, marks have a dark outline: ellipses of few are as dark as marks."""

RASTER = 5_000
"""With more samples, marks are rasterised in the SVG."""

RASTER_SPREAD = 1_000
"""The same for lines, each of which takes a kilobyte."""

CORNERS = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
INSET = 0.07
"""Of what is drawn in a corner, from either side of a panel."""


def draw_points(
    axes: Axes,
    points: np.ndarray,
    groups: Sequence[Group],
    rgba: np.ndarray | None = None,
    marks: float = 1.0,
) -> None:
    """One mark for each sample; groups are drawn in turns, so that none hides the others.

    Parameters
    ----------
    points : ndarray, (samples, 2)
    groups : sequence of Group
    rgba : ndarray, (samples, 4), optional
        Colours of samples; by default, and where marks are hollow, those of their groups.
    marks : float
        Factor of areas.
    """
    samples = len(points)
    for group, rows in _turns(groups):
        hollow, many = group.style.hollow, samples > RASTER
        colour = group.style.colour if rgba is None or hollow else rgba[rows]
        edge, width = (colour, 0.6) if hollow else _outline(samples)
        axes.scatter(
            points[rows, 0],
            points[rows, 1],
            s=marks * area(samples) * MARKERS[group.style.marker],
            marker=group.style.marker,
            facecolors="none" if hollow else colour,
            alpha=0.5 if many else 0.85,
            edgecolors=edge,
            linewidths=marks**0.5 * width,
            zorder=3,
            rasterized=many,
        )


def _outline(samples: int) -> tuple[str, float]:
    """Colour and width in points of the outline of a mark.

    Marks with one edge colour, be it of no width, are drawn many times faster.
    """
    if samples > RASTER:
        return "none", 0.0
    return ("#1a1a1a", 0.6) if samples <= FEW else ("white", 0.3)


def _turns(groups: Sequence[Group]) -> list[tuple[Group, np.ndarray]]:
    """Rows in the order of drawing: first samples without a label, then some of each group."""
    turns = [
        (bool(group.name), turn, -len(group.rows), order)
        for order, group in enumerate(groups)
        for turn in range(min(TURNS, len(group.rows)))
    ]
    return [(groups[i], groups[i].rows[turn::TURNS]) for _, turn, _, i in sorted(turns)]


def area(samples: int) -> float:
    """Area of a mark in square points: the more samples, the smaller."""
    return float(np.clip(800 / np.sqrt(samples), 2, 36))


def draw_spread(
    axes: Axes, points: np.ndarray, covariance: np.ndarray, rgba: np.ndarray, of_many: bool = False
) -> None:
    """An ellipse of one posterior standard deviation around each sample; all are in view.

    Parameters
    ----------
    points : ndarray, (samples, 2)
    covariance : ndarray, (samples, 2, 2)
    rgba : ndarray, (samples, 4)
    of_many : bool
        Whether these are the widest of many, which are fainter.
    """
    long, short, turn = ellipses_of(covariance)
    opacity = faint(max(len(points), MAX_WIDE * of_many))
    axes.add_collection(
        EllipseCollection(
            2 * ELLIPSE_SD * long,
            2 * ELLIPSE_SD * short,
            turn,
            units="xy",
            offsets=points,
            offset_transform=axes.transData,
            facecolors=rgba * [1, 1, 1, opacity / 2 if of_many else opacity],
            edgecolors=rgba * [1, 1, 1, 4 * opacity],
            linewidths=0.4,
            zorder=2,
        ),
        autolim=False,
    )
    include(axes, points, covariance, ELLIPSE_SD)


def include(axes: Axes, centres: np.ndarray, covariance: np.ndarray, reach: float) -> None:
    """Bring ellipses into view, whose half axes are so many standard deviations.

    Parameters
    ----------
    centres : ndarray, (ellipses, 2)
    covariance : ndarray, (ellipses, 2, 2)
    reach : float
    """
    half = reach * np.sqrt(np.diagonal(covariance, axis1=1, axis2=2))
    axes.update_datalim(np.concatenate([centres - half, centres + half]))
    axes.autoscale_view()


def shown_alone(covariance: np.ndarray) -> np.ndarray:
    """Rows of the samples whose intervals are drawn: all of few, the widest of many.

    Parameters
    ----------
    covariance : ndarray, (samples, 2, 2)
        Not a number where there is no interval.
    """
    known = np.flatnonzero(np.isfinite(covariance).all(axis=(1, 2)))
    if len(known) <= MAX_SPREAD:
        return known
    long, _, _ = ellipses_of(covariance[known])
    widest = known[np.argsort(-long, kind="stable")[:MAX_WIDE]]
    return np.asarray(widest[np.sort(-long)[:MAX_WIDE] < -WIDE * np.median(long)])


def typical(covariance: np.ndarray) -> np.ndarray:
    """Covariance of median standard deviations and median correlation; (2, 2).

    Parameters
    ----------
    covariance : ndarray, (samples, 2, 2)
        Not a number where there is no interval.
    """
    known = covariance[np.isfinite(covariance).all(axis=(1, 2))]
    sd = np.sqrt(np.maximum(np.diagonal(known, axis1=1, axis2=2), 1e-300))
    correlation = np.median(known[:, 0, 1] / sd.prod(axis=1))
    middle = np.median(sd, axis=0)
    return np.asarray(np.outer(middle, middle) * [[1, correlation], [correlation, 1]])


def draw_typical(axes: Axes, points: np.ndarray, covariance: np.ndarray, scale: float) -> None:
    """The median interval of many samples, (samples, 2, 2), in the emptiest corner."""
    (long,), (short,), (turn,) = ellipses_of(typical(covariance)[None])
    corner = CORNERS[np.argmin([_crowd(axes, points, corner) for corner in CORNERS])]
    place = INSET + corner * (1 - 2 * INSET)
    axes.add_collection(
        EllipseCollection(
            [2 * ELLIPSE_SD * long],
            [2 * ELLIPSE_SD * short],
            [turn],
            units="xy",
            offsets=place[None],
            offset_transform=axes.transAxes,
            facecolors="#00000022",
            edgecolors="#333333",
            linewidths=0.7 * scale,
            zorder=5,
        ),
        autolim=False,
    )
    side = 1 - 2 * corner[0]
    half = ELLIPSE_SD * long * axes.get_window_extent().width / np.ptp(axes.get_xlim())
    beside = side * (half / pixels(axes) + 4 * scale)
    axes.annotate(
        "median interval",
        place,
        (beside, 0),
        xycoords="axes fraction", textcoords="offset points", fontsize=6.5 * scale,
        color="#555555", ha="left" if side > 0 else "right", va="center", zorder=5,
    )  # fmt: skip


def pixels(axes: Axes) -> float:
    """Pixels in a point."""
    return axes.get_figure(root=True).dpi / 72  # type: ignore[union-attr]


def _crowd(axes: Axes, points: np.ndarray, corner: np.ndarray) -> int:
    """Number of points near a corner of the axes."""
    at = axes.transAxes.inverted().transform(axes.transData.transform(points))
    return int((np.abs(at - corner) < [0.3, 2.5 * INSET]).all(axis=1).sum())


def ellipses_of(covariance: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Longer and shorter half axis of ellipses of one standard deviation, and angle in degrees.

    Parameters
    ----------
    covariance : ndarray, (ellipses, 2, 2)
    """
    variance, directions = np.linalg.eigh(covariance)
    half = np.sqrt(np.maximum(variance, 0))
    return half[:, 1], half[:, 0], np.degrees(np.arctan2(directions[:, 1, 1], directions[:, 0, 1]))


def faint(samples: int) -> float:
    """Opacity of an ellipse: the more samples, the fainter."""
    return float(np.clip(1.2 / np.sqrt(max(samples, 1)), 0.015, 0.2))


def colours(groups: Sequence[Group], samples: int) -> np.ndarray:
    """RGBA of each sample; (samples, 4)."""
    colour = np.empty((samples, 4))
    for group in groups:
        colour[group.rows] = to_rgba(group.style.colour)
    return colour


def stacked(values: np.ndarray, groups: Sequence[Group]) -> np.ndarray:
    """Places of samples of one coordinate, (samples,), one above the other by group and value.

    Returns
    -------
    ndarray, (samples, 2)
    """
    order = np.concatenate([g.rows[np.argsort(values[g.rows], kind="stable")] for g in groups])
    height = np.empty(len(values))
    height[order] = np.arange(len(values))
    return np.column_stack([values, height])


def draw_lines(axes: Axes, points: np.ndarray, sd: np.ndarray, rgba: np.ndarray) -> None:
    """A line of the interval of each sample.

    Parameters
    ----------
    points : ndarray, (samples, 2)
    sd : ndarray, (samples,)
    rgba : ndarray, (samples, 4)
    """
    reach = np.column_stack([ELLIPSE_SD * sd, np.zeros(len(sd))])
    axes.add_collection(
        LineCollection(
            list(np.stack([points - reach, points + reach], axis=1)),
            colors=rgba * [1, 1, 1, 0.3],
            linewidths=0.8,
            zorder=2,
            rasterized=len(points) > RASTER_SPREAD,
        )
    )


def draw_rings(axes: Axes, points: np.ndarray, samples: int, marks: float) -> None:
    """A ring around each of some points, (points, 2), of a figure of so many samples."""
    axes.scatter(
        points[:, 0],
        points[:, 1],
        s=marks * (4 * area(samples) + 30),
        facecolors="none",
        edgecolors="#000000",
        linewidths=1.1 * marks**0.5,
        zorder=5,
    )
