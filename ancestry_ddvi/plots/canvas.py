"""An empty figure with panels, title, caption, legend and colour bar."""

from __future__ import annotations

import textwrap
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from .groups import Group
from .legend import Legend, legend_below, legend_beside
from .lettering import shortened, width
from .sheet import Sheet

SIDE, SMALL = 5.0, 3.6
"""Inches: side of a panel on a screen, where a row has one or two, and more."""

LEFT, GAP, TOP, TITLE, BOTTOM, LINE, EDGE = 0.7, 0.75, 0.34, 0.38, 0.55, 0.155, 0.25
"""Inches: left of and between panels, above and below a row of them, title, height of a line of
the caption, and space beside the legend."""

BAR = (1.6, 0.12, 0.72)
"""Inches: width and height of a colour bar, and the height with its words."""

LEAST_BESIDE = 2.6
"""Inches: the smallest panel of a figure in print that leaves room for a legend beside it."""

IN_A_ROW = 3
CAPTION_SIZE, TITLE_SIZE = 8.0, 13.0
TITLE_LETTER = 0.12
"""Width of a letter of the title in inches, slightly above average."""


@contextmanager
def style(scale: float = 1.0) -> Iterator[None]:
    """Matplotlib settings for one figure, without warnings of letters missing from the font."""
    with matplotlib.rc_context(_settings(scale)), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from", category=UserWarning)
        yield


def _settings(scale: float) -> dict[Any, Any]:
    return {
        "font.family": ["DejaVu Sans"],
        "font.size": 9 * scale,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.edgecolor": "#555555",
        "axes.linewidth": 0.8 * scale,
        "axes.grid": True,
        "axes.axisbelow": True,
        "axes.titlelocation": "left",
        "axes.titlesize": 10 * scale,
        "axes.xmargin": 0.07,
        "axes.ymargin": 0.07,
        "grid.color": "#EBEBEB",
        "grid.linewidth": 0.6 * scale,
        "xtick.color": "#555555",
        "ytick.color": "#555555",
        "pdf.fonttype": 42,
        "svg.hashsalt": "ddvi-ancestry",
        "svg.fonttype": "none",
    }


@dataclass(frozen=True)
class Words:
    """What stands around the panels."""

    title: str = ""
    caption: str = ""


@dataclass(frozen=True)
class Canvas:
    """An empty figure.

    Attributes
    ----------
    figure : Figure
    panels : list of Axes
    bar : Axes, optional
        For a colour bar.
    scale : float
        Of letters.
    marks : float
        Of areas of marks, by the size of the panels.
    """

    figure: Figure
    panels: list[Axes]
    bar: Axes | None
    scale: float
    marks: float


@dataclass(frozen=True)
class _Layout:
    """Where things are, in inches."""

    sheet: Sheet
    panels: int
    legend: Legend
    beside: bool
    has_bar: bool
    words: Words

    @property
    def scale(self) -> float:
        return self.sheet.scale

    @property
    def columns(self) -> int:
        return columns_of(self.panels, self.sheet)

    @property
    def rows(self) -> int:
        return -(-self.panels // self.columns)

    @property
    def side(self) -> float:
        """Of a panel."""
        if self.sheet.width is None:
            return SIDE if self.columns < IN_A_ROW else SMALL
        around = LEFT + (self.columns - 1) * GAP + EDGE / 2
        legend = EDGE * self.scale / 2 + self._beside if self.beside else 0
        return (self.sheet.width - self.scale * around - legend) / self.columns

    @property
    def _beside(self) -> float:
        """Width of what stands beside the panels."""
        return max(self.legend.width, (BAR[0] + 0.3) * self.scale if self.has_bar else 0)

    @property
    def right(self) -> float:
        """Right edge of the panels."""
        gaps = LEFT + (self.columns - 1) * GAP
        return self.scale * gaps + self.columns * self.side

    @property
    def width(self) -> float:
        if self.sheet.width is not None:
            return self.sheet.width
        return self.right + EDGE + self._beside

    @property
    def lines(self) -> list[str]:
        """Of the caption."""
        room = self.width - (LEFT + 0.1) * self.scale
        return _wrapped(self.words.caption, room, CAPTION_SIZE * self.scale)

    @property
    def top(self) -> float:
        """Height above the panels."""
        return self.scale * (TOP + (TITLE if self.words.title else 0))

    @property
    def caption(self) -> float:
        """Height of the caption."""
        return self.scale * LINE * (len(self.lines) + 0.5)

    @property
    def bar(self) -> float:
        """Height of the colour bar."""
        return BAR[2] * self.scale if self.has_bar else 0

    @property
    def below(self) -> float:
        """Height of the legend below the panels."""
        return 0 if self.beside else self.legend.height + self.bar + 0.1 * self.scale

    @property
    def row(self) -> float:
        """Height of a row of panels with the words above the next one."""
        return self.side + self.scale * (BOTTOM + TOP)

    @property
    def height(self) -> float:
        panels = self.rows * self.row - self.scale * TOP
        return self.top + panels + self.below + self.caption

    def corner(self, panel: int) -> tuple[float, float]:
        """Lower left corner of a panel."""
        row, column = divmod(panel, self.columns)
        up = self.height - self.top - self.side - row * self.row
        return self.scale * LEFT + column * (self.side + self.scale * GAP), up

    @property
    def legend_corner(self) -> tuple[float, float]:
        """Upper left corner of colour bar and legend."""
        if self.beside:
            return self.right + self.scale * EDGE, self.height - self.top
        return self.scale * LEFT, self.caption + self.below - 0.05 * self.scale


def columns_of(panels: int, sheet: Sheet) -> int:
    """Panels in a row: three at most, two where more would be smaller than 5 centimetres."""
    most = IN_A_ROW if sheet.width is None else max(1, int(sheet.width / 2.6))
    return min(panels, most, 2 if panels == 4 else IN_A_ROW)


def canvas(
    panels: int, groups: Sequence[Group], words: Words, sheet: Sheet, has_bar: bool = False
) -> Canvas:
    """A figure with empty square panels, and with title, caption and legend around them."""
    layout = _layout(panels, groups, words, sheet, has_bar)
    across, up = layout.width, layout.height
    figure = Figure(figsize=(across, up), dpi=sheet.dpi)
    FigureCanvasAgg(figure)
    size = (layout.side / across, layout.side / up)
    corners = [layout.corner(panel) for panel in range(panels)]
    axes = [figure.add_axes((x / across, y / up, *size)) for x, y in corners]
    _write(figure, layout)
    left, top = layout.legend_corner
    bar = _bar(figure, left, top, sheet.scale) if has_bar else None
    layout.legend.draw(figure, left, top - layout.bar)
    marks = max((layout.side / SIDE) ** 2, 0.3)
    return Canvas(figure, axes, bar, sheet.scale, marks)


def _layout(
    panels: int, groups: Sequence[Group], words: Words, sheet: Sheet, has_bar: bool
) -> _Layout:
    """Legend beside the panels, or below where that would leave too little room for them."""
    beside = _Layout(sheet, panels, legend_beside(groups, sheet.scale), True, has_bar, words)
    if sheet.width is None or (beside.columns == 1 and beside.side >= LEAST_BESIDE):
        return beside
    room = sheet.width - (LEFT + 0.1) * sheet.scale
    legend = legend_below(groups, sheet.scale, room)
    return _Layout(sheet, panels, legend, False, has_bar, words)


def _write(figure: Figure, layout: _Layout) -> None:
    """Title and caption."""
    across, up = layout.width, layout.height
    left, scale = LEFT * layout.scale, layout.scale
    if layout.words.title:
        heading = shortened(layout.words.title, int((across - left) / (TITLE_LETTER * scale)))
        figure.text(
            left / across, 1 - 0.2 * scale / up, heading, fontsize=TITLE_SIZE * scale, va="top",
            parse_math=False,
        )  # fmt: skip
    if layout.lines:
        figure.text(
            left / across, 0.1 * scale / up, "\n".join(layout.lines),
            fontsize=CAPTION_SIZE * scale, color="#555555", parse_math=False,
        )  # fmt: skip


def _bar(figure: Figure, left: float, top: float, scale: float) -> Axes:
    """Axes of a colour bar, below the line for its name."""
    across, up = figure.get_size_inches()
    wide, high = BAR[0] * scale, BAR[1] * scale
    low = top - 0.22 * scale - high
    left += 0.1 * scale
    return figure.add_axes((left / across, low / up, wide / across, high / up))


def _wrapped(caption: str, inches: float, size: float) -> list[str]:
    """The caption in lines that fit, with a margin for wide letters."""
    if not caption:
        return []
    letter = width(caption, size) / len(caption)
    return textwrap.wrap(caption, int(0.97 * inches / letter))
