"""Names written where their people are, moved apart where they would cover each other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke
from matplotlib.text import Text

from .groups import Group

MOST_NAMES = 60
LONGEST = 14
GAP = 2.0
"""Points between two names."""


def write_names(axes: Axes, points: np.ndarray, groups: Sequence[Group]) -> None:
    """Write each group's name at the median of its points; (people, 2).

    Nothing is written with more than 60 groups, where the legend has to do.
    """
    named = [group for group in groups if group.name]
    if not named or len(named) > MOST_NAMES:
        return
    anchors = axes.transData.transform(
        np.array([np.median(points[group.rows], axis=0) for group in named])
    )
    texts = [_text(axes, group) for group in named]
    places = apart(anchors, np.array([_size(axes, text) for text in texts]), _frame(axes))
    to_data = axes.transData.inverted()
    for text, place, anchor in zip(texts, places, anchors, strict=True):
        text.set_position(to_data.transform(place))
        if np.abs(place - anchor).max() > text.get_fontsize() * _pixels(axes):
            _lead(axes, to_data.transform([place, anchor]))


def _text(axes: Axes, group: Group) -> Text:
    name = group.name if len(group.name) <= LONGEST else group.name[: LONGEST - 1] + "…"
    return axes.text(
        0,
        0,
        name,
        fontsize=7.5,
        fontweight="bold",
        color="#222222",
        ha="center",
        va="center",
        zorder=6,
        parse_math=False,
        path_effects=[withStroke(linewidth=2.2, foreground="white", alpha=0.85)],
    )


def _size(axes: Axes, text: Text) -> tuple[float, float]:
    """Width and height in pixels, with the gap."""
    box = text.get_window_extent(axes.figure.canvas.get_renderer())  # type: ignore[attr-defined]
    gap = GAP * _pixels(axes)
    return box.width + gap, box.height + gap


def _pixels(axes: Axes) -> float:
    """Pixels in a point."""
    return axes.get_figure(root=True).dpi / 72  # type: ignore[union-attr]


def _frame(axes: Axes) -> np.ndarray:
    """Lower left and upper right corner of the axes in pixels; (2, 2)."""
    return np.asarray(axes.get_window_extent().get_points())


def _lead(axes: Axes, ends: np.ndarray) -> None:
    """A thin line from a name that had to move to where its people are."""
    axes.plot(*ends.T, color="#555555", linewidth=0.5, zorder=5, scalex=False, scaley=False)


def apart(anchors: np.ndarray, sizes: np.ndarray, frame: np.ndarray) -> np.ndarray:
    """Centres of boxes near their anchors that do not overlap, as far as 300 rounds get.

    In each round every two boxes that overlap are pushed apart along the shorter way, half each,
    and then all are kept inside the frame.

    Parameters
    ----------
    anchors, sizes : ndarray, (boxes, 2)
    frame : ndarray, (2, 2)
        Lower left and upper right corner.
    """
    # Boxes at the very same place have no way to go until they differ a little.
    centres = anchors + 1e-3 * np.arange(len(anchors))[:, None]
    for _ in range(300):
        between = centres[:, None] - centres[None]
        overlap = (sizes[:, None] + sizes[None]) / 2 - np.abs(between)
        overlap[np.eye(len(centres), dtype=bool)] = 0
        hit = (overlap > 0).all(axis=2)
        if not hit.any():
            break
        along = np.argmin(overlap, axis=2)[..., None] == np.arange(2)
        push = np.where(along & hit[..., None], np.sign(between) * overlap / 2, 0)
        centres = np.clip(centres + push.sum(axis=1), frame[0] + sizes / 2, frame[1] - sizes / 2)
    return centres
