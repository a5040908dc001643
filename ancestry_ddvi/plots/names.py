"""Names written where their samples are, moved apart where they would cover each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke
from matplotlib.text import Text

from .groups import Group
from .lettering import shortened

MAX_NAMES = 40
LONGEST = 22
SIZE = 7.5
GAP = 2.0
"""Points between two names."""

LATTICE = np.stack(np.meshgrid(np.arange(-24, 25), np.arange(-24, 25)), axis=-1).reshape(-1, 2)
LATTICE = LATTICE[np.argsort(np.hypot(*LATTICE.T), kind="stable")]


def medians(points: np.ndarray, groups: Sequence[Group]) -> dict[str, np.ndarray]:
    """The median of each named group's points; (samples, 2)."""
    return {
        group.name: np.median(points[group.rows], axis=0)
        for group in groups
        if group.name and len(group.rows)
    }


def write_names(axes: Axes, named: Mapping[str, np.ndarray]) -> None:
    """Write the name of each group where it is, (2,), or close by.

    With more than 40 groups no names are written; the legend has them.
    """
    if not named or len(named) > MAX_NAMES:
        return
    anchors = axes.transData.transform(np.array(list(named.values())))
    texts = [_text(axes, name) for name in named]
    centres = separate(anchors, np.array([_size(axes, text) for text in texts]), _frame(axes))
    to_data = axes.transData.inverted()
    for text, centre, anchor in zip(texts, centres, anchors, strict=True):
        x, y = to_data.transform(centre)
        text.set_position((x, y))
        if np.abs(centre - anchor).max() > 1.5 * SIZE * _pixels(axes):
            _lead(axes, to_data.transform([centre, anchor]))


def _text(axes: Axes, name: str) -> Text:
    return axes.text(
        0,
        0,
        shortened(name, LONGEST),
        fontsize=SIZE,
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
    box = text.get_window_extent()
    gap = GAP * _pixels(axes)
    return box.width + gap, box.height + gap


def _pixels(axes: Axes) -> float:
    """Pixels in a point."""
    return axes.get_figure(root=True).dpi / 72  # type: ignore[union-attr]


def _frame(axes: Axes) -> np.ndarray:
    """Lower left and upper right corner of the axes in pixels; (2, 2)."""
    return np.asarray(axes.get_window_extent().get_points())


def _lead(axes: Axes, ends: np.ndarray) -> None:
    """A thin line from a name that was moved to its samples."""
    axes.plot(*ends.T, color="#555555", linewidth=0.5, zorder=5, scalex=False, scaley=False)


def separate(anchors: np.ndarray, sizes: np.ndarray, frame: np.ndarray) -> np.ndarray:
    """Centres of boxes that do not overlap, each at the free position nearest to its anchor.

    Boxes are positioned in order, on a lattice of a quarter of their width and half of their
    height around the anchor. A box without a free position stays at its anchor.

    Parameters
    ----------
    anchors, sizes : ndarray, (boxes, 2)
    frame : ndarray, (2, 2)
        Lower left and upper right corner, which no box leaves.
    """
    centres = np.empty_like(anchors)
    for i, (anchor, size) in enumerate(zip(anchors, sizes, strict=True)):
        candidates = anchor + LATTICE * size / [4, 2]
        candidates = np.clip(candidates, frame[0] + size / 2, frame[1] - size / 2)
        between = np.abs(candidates[:, None] - centres[:i])
        free = (between >= (size + sizes[:i]) / 2 - 1e-6).any(axis=2).all(axis=1)
        nearest = np.where(free, np.hypot(*(candidates - anchor).T), np.inf).argmin()
        centres[i] = candidates[nearest]
    return centres
