"""A legend of markers, names and counts, legible with dozens of groups."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure

from .groups import Group
from .lettering import apart, width
from .palette import FAINT, MARKERS

ROWS, COLUMNS = 28, 3
"""At most, beside the panels."""

ROWS_BELOW = 40
"""At most, below them."""

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


@dataclass(frozen=True)
class Legend:
    """Entries in columns; lengths are in inches.

    Attributes
    ----------
    columns : list of list of Entry
    more : int
        Groups for which there is no room.
    scale : float
        Of letters.
    """

    columns: list[list[Entry]]
    more: int
    scale: float

    @property
    def widths(self) -> list[float]:
        """Width of each column."""
        size = SIZE * self.scale
        counts = [width(entry.count, size) for column in self.columns for entry in column]
        beside = 0.47 * self.scale + max(counts, default=0)
        texts = [max(width(entry.text, size) for entry in column) for column in self.columns]
        return [text + beside for text in texts]

    @property
    def width(self) -> float:
        """Of all columns."""
        return sum(self.widths)

    @property
    def height(self) -> float:
        """Of the longest column, and of the line that says how many groups are left out."""
        rows = max(map(len, self.columns), default=0) + bool(self.more)
        return ROW * self.scale * rows

    def draw(self, figure: Figure, left: float, top: float) -> None:
        """Draw it with its upper left corner there."""
        across, up = figure.get_size_inches()
        axes = figure.add_axes((0, 0, 1, 1), xlim=(0, across), ylim=(0, up), zorder=4)
        axes.set_axis_off()
        at = left
        for column, wide in zip(self.columns, self.widths, strict=True):
            for row, entry in enumerate(column):
                ends = at, at + wide - 0.15 * self.scale
                _draw_entry(axes, entry, ends, top - ROW * self.scale * (row + 0.5), self.scale)
            at += wide
        if self.more:
            low = top - self.height + ROW * self.scale / 2
            said = f"and {self.more:,} more"
            axes.text(left, low, said, fontsize=SIZE * self.scale, va="center")


def legend_beside(groups: Sequence[Group], scale: float) -> Legend:
    """A legend of as few columns as hold the groups, at most three."""
    families = _families(groups)
    most = min(len(_columns(families, ROWS)), COLUMNS)
    rows = next(n for n in range(1, ROWS + 1) if len(_columns(families, n)) <= most or n == ROWS)
    return _legend(groups, _columns(families, rows)[:COLUMNS], scale)


def legend_below(groups: Sequence[Group], scale: float, within: float) -> Legend:
    """A legend of as few rows as fit into a width in inches."""
    families = _families(groups)
    for rows in range(1, ROWS_BELOW + 1):
        found = _legend(groups, _columns(families, rows), scale)
        if found.width <= within:
            return found
    columns = found.columns
    while len(columns) > 1 and _legend(groups, columns, scale).width > within:
        columns = columns[:-1]
    return _legend(groups, columns, scale)


def _legend(groups: Sequence[Group], columns: list[list[Entry]], scale: float) -> Legend:
    shown = sum(entry.group is not None for column in columns for entry in column)
    return Legend(columns, len(groups) - shown, scale)


Family = tuple[Entry | None, list[Entry]]
"""Groups of one parent with its name."""


def _families(groups: Sequence[Group]) -> list[Family]:
    texts = apart(dict.fromkeys(group.legend for group in groups), LONGEST)
    names = apart(dict.fromkeys(group.parent for group in groups), LONGEST)
    found: list[Family] = []
    for parent, members in groupby(groups, key=lambda group: group.parent):
        nothing = Entry("") if found else None  # a gap below the groups of a parent
        heading = Entry(names[parent]) if parent else nothing
        found.append((heading, [Entry(texts[group.legend], group) for group in members]))
    return found


def _columns(families: Sequence[Family], rows: int) -> list[list[Entry]]:
    """Columns of at most so many rows, or two; each begins with the name of a parent."""
    found: list[list[Entry]] = []
    for heading, entry, first in _rows(families):
        needed = 2 if heading and first else 1
        if not found or (found[-1] and len(found[-1]) + needed > rows):
            found.append([])
        if heading and (first or not found[-1]):
            found[-1].append(heading)
        found[-1].append(entry)
    return found


def _rows(families: Sequence[Family]) -> Iterator[tuple[Entry | None, Entry, bool]]:
    """Each entry with the name of its parent, and whether it is the first one there."""
    for heading, members in families:
        for number, entry in enumerate(members):
            yield heading, entry, number == 0


def _draw_entry(
    axes: Axes, entry: Entry, ends: tuple[float, float], y: float, scale: float
) -> None:
    """One row between two positions, in inches."""
    left, right = ends
    style: dict[str, Any] = {"fontsize": SIZE * scale, "va": "center", "parse_math": False}
    if entry.group is None:
        axes.text(left, y, entry.text, fontweight="bold", color="#555555", **style)
        return
    _draw_mark(axes, entry.group, (left + 0.08 * scale, y), scale)
    axes.text(left + 0.22 * scale, y, entry.text, **style)
    if entry.count:
        axes.text(right, y, entry.count, ha="right", color="#767676", **style)


def _draw_mark(axes: Axes, group: Group, place: tuple[float, float], scale: float) -> None:
    """The mark of its samples, or a small ellipse for a group of the reference panel."""
    style, marker = group.style, group.style.marker if group.counted else "o"
    outlined = style.hollow or not group.counted
    opacity = 1.0 if group.counted else FAINT
    axes.scatter(
        *place,
        s=34 * MARKERS[marker] * scale**2,
        marker=marker,
        facecolors="none" if style.hollow else to_rgba(style.colour, opacity),
        edgecolors=style.colour,
        linewidths=0.8 * scale if outlined else 0,
    )
