"""Width of text, and shortened text."""

from __future__ import annotations

from collections.abc import Iterable
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


def apart(names: Iterable[str], letters: int) -> dict[str, str]:
    """Each name, cut to a number of letters such that different names stay different.

    Names that would be the same without their ends keep their ends and lose their middle; those
    that would still be the same are numbered.
    """
    chosen = dict.fromkeys(names, "")
    for cut in (shortened, _without_middle):
        taken = {shown for shown in chosen.values() if shown}
        tried = {name: cut(name, letters) for name, shown in chosen.items() if not shown}
        found = list(tried.values())
        for name, text in tried.items():
            if found.count(text) == 1 and text not in taken:
                chosen[name] = text
    number = 1
    for name in [name for name, shown in chosen.items() if not shown]:
        while not chosen[name] or list(chosen.values()).count(chosen[name]) > 1:
            end = f"…{number}"
            chosen[name], number = name[: letters - len(end)] + end, number + 1
    return chosen


def _without_middle(text: str, letters: int) -> str:
    if len(text) <= letters:
        return text
    end = letters // 2
    return f"{text[: letters - 1 - end]}…{text[-end:]}"
