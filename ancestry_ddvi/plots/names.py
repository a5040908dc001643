"""Names written where their samples are, moved apart where they would cover each other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke
from matplotlib.text import Text

from .groups import Group
from .lettering import apart
from .palette import UNNAMED
from .panels import area, pixels

MAX_NAMES = 40
LONGEST = 22
SIZE = 7.5
GAP = 2.0
"""Points between two names."""

FEW_MARKS = 30
"""With more samples, names may cover their marks."""

NOWHERE = np.empty((0, 2))

HEART = 3
"""Samples that are left when the outer half of a group has been taken away again and again."""

LATTICE = np.stack(np.meshgrid(np.arange(-24, 25), np.arange(-24, 25)), axis=-1).reshape(-1, 2)
LATTICE = LATTICE[np.argsort(np.hypot(*LATTICE.T), kind="stable")]

Named = tuple[str, np.ndarray]
"""A name and where it belongs, (2,)."""


APART = 0.3
"""Share of the variance of points between groups that have places of their own."""


def hearts(points: np.ndarray, groups: Sequence[Group]) -> list[Named]:
    """Where the samples of each named group are dense; points are (samples, 2).

    None of groups that are spread over each other, such as batches, and none of a single group.
    """
    named = [g for g in groups if g.name and len(g.rows) and g.style != UNNAMED]
    if len(named) < 2 or _between(points, named) < APART:
        return []
    return [(group.name, heart(points[group.rows])) for group in named]


def _between(points: np.ndarray, groups: Sequence[Group]) -> float:
    """Share of the variance of points that is between groups."""
    within = sum(len(group.rows) * points[group.rows].var(axis=0) for group in groups)
    every = points[np.concatenate([group.rows for group in groups])]
    return float((1 - within / np.maximum(len(every) * every.var(axis=0), 1e-300)).max())


def heart(points: np.ndarray) -> np.ndarray:
    """Where points, (points, 2), are dense: among them, also where they form a bow or two clouds.

    The median of the half nearest to the median, of its own nearest half, and so on.
    """
    while len(points) > HEART:
        away = np.hypot(*(points - np.median(points, axis=0)).T)
        points = points[np.argsort(away, kind="stable")[: len(points) // 2]]
    return np.asarray(np.median(points, axis=0))


def write_names(
    axes: Axes,
    named: Sequence[Named],
    scale: float = 1.0,
    above: Sequence[Named] = (),
    marks: np.ndarray | None = None,
) -> None:
    """Write each name where it belongs, or close by; some rather above it.

    Of more than 40 names those above are left out, and the others where they are too many still;
    the legend has them. Few ``marks``, (samples, 2), are not covered by names.
    """
    above = above if len(above) + len(named) <= MAX_NAMES else ()
    named = [*above, *named]
    if not named or len(named) > MAX_NAMES:
        return
    shown = apart([name for name, _ in named], LONGEST)
    anchors = axes.transData.transform(np.array([place for _, place in named]))
    anchors[: len(above), 1] += 1.4 * SIZE * scale * pixels(axes)
    texts = [_text(axes, shown[name], SIZE * scale) for name, _ in named]
    sizes = np.array([_size(axes, text) for text in texts])
    centres = separate(anchors, sizes, _frame(axes), *_covered(axes, marks))
    to_data = axes.transData.inverted()
    for text, centre, anchor in zip(texts, centres, anchors, strict=True):
        x, y = to_data.transform(centre)
        text.set_position((x, y))
        if np.abs(centre - anchor).max() > 1.5 * SIZE * scale * pixels(axes):
            _lead(axes, to_data.transform([centre, anchor]), scale)


def _covered(axes: Axes, marks: np.ndarray | None) -> tuple[np.ndarray, float]:
    """Where marks of few samples are, and the side of a box around one, in pixels."""
    side = (area(1) ** 0.5 + GAP) * pixels(axes)
    if marks is None or len(marks) > FEW_MARKS:
        return np.empty((0, 2)), side
    return np.asarray(axes.transData.transform(marks)), side


def _text(axes: Axes, name: str, size: float) -> Text:
    return axes.text(
        0,
        0,
        name,
        fontsize=size,
        fontweight="bold",
        color="#222222",
        ha="center",
        va="center",
        zorder=6,
        parse_math=False,
        path_effects=[withStroke(linewidth=size / 3.4, foreground="white", alpha=0.85)],
    )


def _size(axes: Axes, text: Text) -> tuple[float, float]:
    """Width and height in pixels, with the gap."""
    box = text.get_window_extent()
    gap = GAP * pixels(axes)
    return box.width + gap, box.height + gap


def _frame(axes: Axes) -> np.ndarray:
    """Lower left and upper right corner of the axes in pixels; (2, 2)."""
    return np.asarray(axes.get_window_extent().get_points())


def _lead(axes: Axes, ends: np.ndarray, scale: float) -> None:
    """A thin line from a name that was moved to its samples."""
    axes.plot(*ends.T, color="#555555", linewidth=0.5 * scale, zorder=5, scalex=False, scaley=False)


def separate(
    anchors: np.ndarray,
    sizes: np.ndarray,
    frame: np.ndarray,
    taken: np.ndarray = NOWHERE,
    side: float = 0.0,
) -> np.ndarray:
    """Centres of boxes that do not overlap, each at the free position nearest to its anchor.

    Boxes are positioned in order, on a lattice of a quarter of their width and half of their
    height around the anchor. A box without a free position stays at its anchor.

    Parameters
    ----------
    anchors, sizes : ndarray, (boxes, 2)
    frame : ndarray, (2, 2)
        Lower left and upper right corner, which no box leaves.
    taken : ndarray, (marks, 2)
        Centres of squares that no box covers.
    side : float
        Of such a square.
    """
    centres = np.concatenate([taken, np.empty_like(anchors)])
    sizes = np.concatenate([np.full((len(taken), 2), side), sizes])
    before = len(taken)
    for i, (anchor, size) in enumerate(zip(anchors, sizes[before:], strict=True), before):
        candidates = anchor + LATTICE * size / [4, 2]
        candidates = np.clip(candidates, frame[0] + size / 2, frame[1] - size / 2)
        between = np.abs(candidates[:, None] - centres[:i])
        free = (between >= (size + sizes[:i]) / 2 - 1e-6).any(axis=2).all(axis=1)
        nearest = np.where(free, np.hypot(*(candidates - anchor).T), np.inf).argmin()
        centres[i] = candidates[nearest]
    return centres[before:]
