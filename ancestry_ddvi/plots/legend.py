"""A legend of markers, names and counts, legible with dozens of groups."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

from .groups import Group
from .lettering import shortened, width
from .palette import MARKERS

ROWS = 28
COLUMNS = 3
LONGEST = 26
ROW = 0.178
"""Height of a row in inches."""

SIZE = 8.0


def columns(groups: Sequence[Group]) -> list[list[tuple[Group, str]]]:
    """Groups with their text, in at most three columns of at most 28."""
    entries = [(group, shortened(group.legend, LONGEST)) for group in groups[: ROWS * COLUMNS]]
    number = -(-len(entries) // ROWS)
    rows = -(-len(entries) // max(number, 1))
    return [entries[i : i + rows] for i in range(0, len(entries), max(rows, 1))]


def widths(groups: Sequence[Group]) -> list[float]:
    """Width of each column in inches."""
    count = max((width(f"{len(group.rows):,}", SIZE) for group in groups), default=0)
    return [
        0.22 + max(width(text, SIZE) for _, text in column) + 0.1 + count + 0.15
        for column in columns(groups)
    ]


def draw_legend(figure: Figure, groups: Sequence[Group], left: float, top: float) -> None:
    """Draw the legend with its upper left corner at ``left``, ``top``, in inches."""
    across, up = figure.get_size_inches()
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, across), ylim=(0, up), zorder=4)
    axes.set_axis_off()
    below = top
    for column, wide in zip(columns(groups), widths(groups), strict=True):
        for row, (group, text) in enumerate(column):
            y = top - ROW * (row + 0.5)
            below = min(below, y)
            marker, colour = group.style.marker, group.style.colour
            axes.scatter(
                left + 0.08,
                y,
                s=34 * MARKERS[marker],
                marker=marker,
                facecolors="none" if group.style.hollow else colour,
                edgecolors=colour,
                linewidths=0.8 if group.style.hollow else 0,
            )
            axes.text(left + 0.22, y, text, fontsize=SIZE, va="center", parse_math=False)
            count = f"{len(group.rows):,}"
            axes.text(
                left + wide - 0.15,
                y,
                count,
                fontsize=SIZE,
                va="center",
                ha="right",
                color="#767676",
            )
        left += wide
    if len(groups) > ROWS * COLUMNS:
        more = f"and {len(groups) - ROWS * COLUMNS:,} more"
        axes.text(left - 0.15, below - ROW, more, fontsize=SIZE, va="center", ha="right")
