"""The map as a picture in the page, for readers without JavaScript and for print."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ..plots.panels import ellipses_of
from ..plots.reference import REACH, GroupShapes
from .markup import Markup, tag

WIDTH, HEIGHT, MARGIN = 720, 560, 40
UNLIKE_COLOUR = "#767676"
LINE = 11.0
"""Height of a name."""


class _Frame:
    """From coordinates to the picture, with the same scale on both axes."""

    def __init__(self, points: np.ndarray) -> None:
        low, high = points.min(axis=0), points.max(axis=0)
        room = np.array([WIDTH - 2 * MARGIN, HEIGHT - 2 * MARGIN])
        self.scale = float((room / np.maximum(high - low, 1e-9)).min())
        self.middle = (low + high) / 2

    def __call__(self, points: np.ndarray) -> np.ndarray:
        x, y = self.scale * (points - self.middle).T
        return np.stack([WIDTH / 2 + x, HEIGHT / 2 - y], axis=1)


def static_map(
    points: np.ndarray,
    values: np.ndarray,
    unlike: np.ndarray,
    styles: Mapping[str, Mapping[str, Any]],
    parents: Mapping[str, str],
    shapes: GroupShapes | None,
    axes: Sequence[str],
) -> Markup:
    """An SVG of the first two coordinates over the groups of the model.

    Samples at the same place of the picture are drawn once.

    Parameters
    ----------
    points : ndarray of float64, (samples, 2)
    values : ndarray of str, (samples,)
        What samples are coloured by.
    unlike : ndarray of bool, (samples,)
        Samples drawn hollow.
    styles : mapping of value to style
    parents, shapes
        Names and normals of the groups of the model.
    axes : sequence of str
        Names of the two axes.
    """
    frame = _Frame(np.concatenate([points, *_corners(shapes)]))
    return tag(
        "svg",
        tag("title", "Map of the samples over the groups of the reference panel"),
        tag("rect", width=WIDTH, height=HEIGHT, class_="paper"),
        *(_ellipses(frame, parents, styles, shapes) if shapes else ()),
        *_points(frame(points), values, unlike, styles),
        *(_names(frame, parents, shapes) if shapes else ()),
        tag("text", axes[0], x=WIDTH - MARGIN, y=HEIGHT - 8, text_anchor="end", class_="axis"),
        tag("text", axes[1], x=10, y=MARGIN, class_="axis"),
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        role="img",
        class_="map",
    )


def _corners(shapes: GroupShapes | None) -> Iterator[np.ndarray]:
    if shapes:
        reach = REACH * np.sqrt(np.diagonal(shapes.covariance, axis1=1, axis2=2)[:, :2])
        yield from (shapes.mean[:, :2] - reach, shapes.mean[:, :2] + reach)


def _ellipses(
    frame: _Frame,
    parents: Mapping[str, str],
    styles: Mapping[str, Mapping[str, Any]],
    shapes: GroupShapes,
) -> Iterator[Markup]:
    long, short, turn = ellipses_of(shapes.covariance[:, :2, :2])
    for k, (name, (x, y)) in enumerate(zip(parents, frame(shapes.mean[:, :2]), strict=True)):
        colour = styles.get(name, {}).get("colour", UNLIKE_COLOUR)
        yield tag(
            "ellipse",
            rx=f"{REACH * long[k] * frame.scale:.1f}",
            ry=f"{REACH * short[k] * frame.scale:.1f}",
            transform=f"translate({x:.1f} {y:.1f}) rotate({-turn[k]:.1f})",
            fill=colour,
            fill_opacity="0.14",
            stroke=colour,
        )


def _names(frame: _Frame, parents: Mapping[str, str], shapes: GroupShapes) -> Iterator[Markup]:
    """Names at the centres of their groups, moved down or up where they would cover another."""
    taken: list[tuple[float, float]] = []
    for name, (x, y) in zip(parents, frame(shapes.mean[:, :2]), strict=True):
        shown = name if len(name) <= 24 else f"{name[:23]}…"
        steps = (y + LINE * step for step in (0, 1, -1, 2, -2, 3, -3, 4, -4))
        y = next((at for at in steps if not _covers(taken, x, at)), y)
        taken.append((x, y))
        yield tag("text", shown, x=f"{x:.0f}", y=f"{y:.0f}", text_anchor="middle", class_="name")


def _covers(taken: Sequence[tuple[float, float]], x: float, y: float) -> bool:
    """Whether a name would lie on another."""
    return any(abs(a - x) < 6 * LINE / 2 and abs(b - y) < LINE for a, b in taken)


def _points(
    points: np.ndarray,
    values: np.ndarray,
    unlike: np.ndarray,
    styles: Mapping[str, Mapping[str, Any]],
) -> Iterator[Markup]:
    """One path of round dots for each value; rings for samples unlike the panel."""
    yield _dots(points[unlike], UNLIKE_COLOUR, 6)
    yield _dots(points[unlike], "#fff", 4)
    for value in dict.fromkeys(values.tolist()):
        style = styles.get(value, {})
        some = (values == value) & ~unlike
        yield _dots(points[some], style.get("colour", "#1a1a1a"), 4.5)


def _dots(points: np.ndarray, colour: str, size: float) -> Markup:
    places: Sequence[Sequence[float]] = np.unique(np.round(points, 0), axis=0).astype(int).tolist()
    path = "".join(f"M{x} {y}h0" for x, y in places)
    return tag(
        "path", d=path, stroke=colour, stroke_width=size, stroke_linecap="round", fill="none"
    )
