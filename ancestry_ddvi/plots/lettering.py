"""How wide words are, and what is left of them where there is no room."""

from __future__ import annotations

from functools import cache

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure


@cache
def width(text: str, points: float) -> float:
    """Width in inches of a line of text, as Matplotlib's present font sets it."""
    figure = Figure(dpi=100)
    FigureCanvasAgg(figure)
    line = figure.text(0, 0, text, fontsize=points, parse_math=False)
    return float(line.get_window_extent().width) / figure.dpi


def shortened(text: str, letters: int) -> str:
    """At most so many letters, the last an ellipsis where some are missing."""
    return text if len(text) <= letters else text[: letters - 1] + "…"
