"""An empty figure with panels, title, caption and legend."""

from __future__ import annotations

import textwrap
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from .groups import Group
from .legend import draw_legend, widths
from .lettering import shortened, width

SIDE, LEFT, GAP, TOP, BOTTOM, LINE = 5.0, 0.7, 0.75, 0.72, 0.55, 0.155
"""Inches: side of a panel, margins left, between, above and below, height of a caption line."""

DPI = 200
CAPTION_SIZE = 8.0
TITLE_LETTER = 0.12
"""Width of a letter of the title in inches, slightly above average."""

STYLE: dict[Any, Any] = {
    "font.family": ["DejaVu Sans"],
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#555555",
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.titlelocation": "left",
    "axes.titlesize": 10,
    "axes.xmargin": 0.07,
    "axes.ymargin": 0.07,
    "grid.color": "#EBEBEB",
    "grid.linewidth": 0.6,
    "xtick.color": "#555555",
    "ytick.color": "#555555",
    "svg.hashsalt": "ddvi-ancestry",
    "svg.fonttype": "none",
}


@contextmanager
def style() -> Iterator[None]:
    """Matplotlib settings for one figure, without warnings of letters missing from the font."""
    with matplotlib.rc_context(STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from", category=UserWarning)
        yield


def canvas(
    panels: int, groups: Sequence[Group], title: str, caption: str
) -> tuple[Figure, list[Axes]]:
    """A figure with empty square panels, and with title, caption and legend around them."""
    right = LEFT + panels * SIDE + (panels - 1) * GAP
    across = right + 0.25 + sum(widths(groups))
    lines = _wrapped(caption, across - LEFT - 0.1)
    bottom = BOTTOM + LINE * (len(lines) + 0.5)
    height = bottom + SIDE + TOP
    figure = Figure(figsize=(across, height), dpi=DPI)
    FigureCanvasAgg(figure)
    size = (SIDE / across, SIDE / height)
    starts = [(LEFT + i * (SIDE + GAP)) / across for i in range(panels)]
    axes = [figure.add_axes((start, bottom / height, *size)) for start in starts]
    edge = LEFT / across
    heading = shortened(title, int((across - LEFT) / TITLE_LETTER))
    figure.text(edge, 1 - 0.2 / height, heading, fontsize=13, va="top", parse_math=False)
    figure.text(
        edge,
        0.1 / height,
        "\n".join(lines),
        fontsize=CAPTION_SIZE,
        color="#555555",
        parse_math=False,
    )
    draw_legend(figure, groups, right + 0.25, bottom + SIDE)
    return figure, axes


def _wrapped(caption: str, inches: float) -> list[str]:
    """The caption in lines that fit, with a margin for wide letters."""
    if not caption:
        return []
    letter = width(caption, CAPTION_SIZE) / len(caption)
    return textwrap.wrap(caption, int(0.97 * inches / letter))
