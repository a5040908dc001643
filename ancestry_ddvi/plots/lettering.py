"""Width of text, and shortened text."""

from __future__ import annotations

from functools import cache

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure


@cache
def width(text: str, points: float) -> float:
    """Width in inches of a line of text, in Matplotlib's current font."""
    figure = Figure(dpi=100)
    FigureCanvasAgg(figure)
    line = figure.text(0, 0, text, fontsize=points, parse_math=False)
    return float(line.get_window_extent().width) / figure.dpi


def shortened(text: str, letters: int) -> str:
    """The text, cut to a number of letters with an ellipsis at the end."""
    return text if len(text) <= letters else text[: letters - 1] + "…"
