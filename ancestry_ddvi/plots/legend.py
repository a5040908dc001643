"""A legend of markers, names and counts, legible with dozens of groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure

from .groups import Group
from .lettering import shortened, width
from .palette import FAINT, MARKERS

ROWS = 28
COLUMNS = 3
LONGEST = 26
ROW = 0.178
"""Height of a row in inches."""

SIZE = 8.0


@dataclass(frozen=True)
class Entry:
    """One row: a group with its text, or the name of a parent above its groups."""

    text: str
    group: Group | None = None

    @property
    def count(self) -> str:
        """Number of samples."""
        return f"{len(self.group.rows):,}" if self.group and self.group.counted else ""


def columns(groups: Sequence[Group]) -> list[list[Entry]]:
    """Entries in at most three columns of at most 28."""
    entries = _entries(groups)[: ROWS * COLUMNS]
    number = -(-len(entries) // ROWS)
    rows = -(-len(entries) // max(number, 1))
    return [entries[i : i + rows] for i in range(0, len(entries), max(rows, 1))]


def _entries(groups: Sequence[Group]) -> list[Entry]:
    """A row for each group, and one above the first group of each parent."""
    entries, parent = [], ""
    for group in groups:
        if group.parent and group.parent != parent:
            entries.append(Entry(shortened(group.parent, LONGEST)))
        parent = group.parent
        entries.append(Entry(shortened(group.legend, LONGEST), group))
    return entries


def widths(groups: Sequence[Group]) -> list[float]:
    """Width of each column in inches."""
    found = columns(groups)
    count = max((width(entry.count, SIZE) for column in found for entry in column), default=0)
    return [
        0.22 + max(width(entry.text, SIZE) for entry in column) + 0.1 + count + 0.15
        for column in found
    ]


def draw_legend(figure: Figure, groups: Sequence[Group], left: float, top: float) -> None:
    """Draw the legend with its upper left corner at ``left``, ``top``, in inches."""
    across, up = figure.get_size_inches()
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, across), ylim=(0, up), zorder=4)
    axes.set_axis_off()
    below = top
    for column, wide in zip(columns(groups), widths(groups), strict=True):
        for row, entry in enumerate(column):
            y = top - ROW * (row + 0.5)
            below = min(below, y)
            _draw_entry(axes, entry, (left, left + wide - 0.15), y)
        left += wide
    if (more := len(_entries(groups)) - ROWS * COLUMNS) > 0:
        axes.text(
            left - 0.15, below - ROW, f"and {more:,} more", fontsize=SIZE, va="center", ha="right"
        )


def _draw_entry(axes: Axes, entry: Entry, ends: tuple[float, float], y: float) -> None:
    """One row between two positions, in inches."""
    left, right = ends
    style: dict[str, Any] = {"fontsize": SIZE, "va": "center", "parse_math": False}
    if entry.group is None:
        axes.text(left, y, entry.text, fontweight="bold", color="#555555", **style)
        return
    _draw_mark(axes, entry.group, left + 0.08, y)
    axes.text(left + 0.22, y, entry.text, **style)
    if entry.count:
        axes.text(right, y, entry.count, ha="right", color="#767676", **style)


def _draw_mark(axes: Axes, group: Group, x: float, y: float) -> None:
    """The mark of its samples, or a small ellipse for a group of the reference panel."""
    style, marker = group.style, group.style.marker if group.counted else "o"
    outlined = style.hollow or not group.counted
    opacity = 1.0 if group.counted else FAINT
    axes.scatter(
        x,
        y,
        s=34 * MARKERS[marker],
        marker=marker,
        facecolors="none" if style.hollow else to_rgba(style.colour, opacity),
        edgecolors=style.colour,
        linewidths=0.8 if outlined else 0,
    )
