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

RASTER = 5_000
"""With more samples, marks are rasterised in the SVG."""

RASTER_SPREAD = 1_000
"""The same for ellipses and lines, each of which takes a kilobyte."""


def draw_points(axes: Axes, points: np.ndarray, groups: Sequence[Group]) -> None:
    """One mark for each sample; groups are drawn in turns, so that none hides the others.

    Parameters
    ----------
    points : ndarray, (samples, 2)
    """
    samples = len(points)
    for group, rows in _turns(groups):
        hollow, many = group.style.hollow, samples > RASTER
        # Marks with one edge colour, be it of no width, are drawn many times faster.
        edge = group.style.colour if hollow or many else "white"
        axes.scatter(
            points[rows, 0],
            points[rows, 1],
            s=area(samples) * MARKERS[group.style.marker],
            marker=group.style.marker,
            facecolors="none" if hollow else group.style.colour,
            alpha=0.5 if many else 0.85,
            edgecolors=edge,
            linewidths=0.6 if hollow else 0.0 if many else 0.3,
            zorder=3,
            rasterized=many,
        )


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
    axes: Axes, points: np.ndarray, covariance: np.ndarray, groups: Sequence[Group]
) -> None:
    """An ellipse of one posterior standard deviation around each sample that has one.

    Parameters
    ----------
    points : ndarray, (samples, 2)
    covariance : ndarray, (samples, 2, 2)
    """
    known = np.isfinite(covariance).all(axis=(1, 2))
    long, short, turn = ellipses_of(covariance[known])
    colour = colours(groups, len(points))[known]
    axes.add_collection(
        EllipseCollection(
            2 * ELLIPSE_SD * long,
            2 * ELLIPSE_SD * short,
            turn,
            units="xy",
            offsets=points[known],
            offset_transform=axes.transData,
            facecolors=colour * [1, 1, 1, faint(len(points))],
            edgecolors=colour * [1, 1, 1, 4 * faint(len(points))],
            linewidths=0.4 if len(points) <= RASTER else 0,
            zorder=2,
            rasterized=len(points) > RASTER_SPREAD,
        ),
        autolim=False,
    )


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
    return float(np.clip(1.2 / np.sqrt(samples), 0.015, 0.2))


def colours(groups: Sequence[Group], samples: int) -> np.ndarray:
    """RGBA of each sample; (samples, 4)."""
    colour = np.empty((samples, 4))
    for group in groups:
        colour[group.rows] = to_rgba(group.style.colour)
    return colour


def draw_strip(
    axes: Axes, values: np.ndarray, sd: np.ndarray, groups: Sequence[Group]
) -> np.ndarray:
    """One coordinate: samples stacked by group and value, each with a line of its interval.

    Parameters
    ----------
    values, sd : ndarray, (samples,)

    Returns
    -------
    ndarray, (samples, 2)
        Position at which each sample was drawn.
    """
    order = np.concatenate([g.rows[np.argsort(values[g.rows], kind="stable")] for g in groups])
    height = np.empty(len(values))
    height[order] = np.arange(len(values))
    reach = ELLIPSE_SD * sd
    lines = np.stack(
        [np.column_stack([values - reach, height]), np.column_stack([values + reach, height])],
        axis=1,
    )
    axes.add_collection(
        LineCollection(
            list(lines),
            colors=colours(groups, len(values)) * [1, 1, 1, 0.3],
            linewidths=0.8,
            zorder=2,
            rasterized=len(values) > RASTER_SPREAD,
        )
    )
    return np.column_stack([values, height])
