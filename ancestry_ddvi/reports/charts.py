"""Charts of what was found against what was stated: on the diagonal they agree."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from .markup import Markup, tag

SIDE = 200
COLOURS = 3


class Point(NamedTuple):
    """A share that was stated and the one that was found, 0 to 1, with its standard error."""

    stated: float
    found: float
    error: float = 0.0


class Line(NamedTuple):
    """Points with a name."""

    name: str
    points: Sequence[Point]


def chart(title: str, lines: Sequence[Line], across: str, up: str) -> Markup:
    """Lines on a square of 0 to 100 %, with two standard errors to either side.

    Parameters
    ----------
    title : str
    lines : sequence of Line
    across, up : str
        Names of the axes.
    """
    return tag(
        "svg",
        tag("title", title),
        tag("line", x1=0, y1=SIDE, x2=SIDE, y2=0, class_="guide"),
        tag("rect", width=SIDE, height=SIDE, class_="edge"),
        *(part for number, line in enumerate(lines) for part in _drawn(number, line)),
        *(part for number, line in enumerate(lines) for part in _named(number, line, len(lines))),
        tag("text", f"{across}, 0 to 100 %", x=SIDE / 2, y=SIDE + 14, text_anchor="middle",
            class_="axis"),
        tag("text", up, x=4, y=12, class_="axis"),
        viewBox=f"-4 -4 {SIDE + 8} {SIDE + 24}", class_="chart", role="img",
    )  # fmt: skip


def _drawn(number: int, line: Line) -> Iterator[Markup]:
    """A line, its points and their errors."""
    shade = number % COLOURS
    places = [(SIDE * point.stated, SIDE - SIDE * point.found) for point in line.points]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    yield tag("polyline", points=path, class_=f"line{shade}")
    for (x, y), point in zip(places, line.points, strict=True):
        if point.error:
            ends = (min(max(y + sign * 2 * SIDE * point.error, 0), SIDE) for sign in (-1, 1))
            top, low = (f"{end:.1f}" for end in ends)
            yield tag("line", x1=f"{x:.1f}", x2=f"{x:.1f}", y1=top, y2=low, class_=f"line{shade}")
        yield tag("circle", cx=f"{x:.1f}", cy=f"{y:.1f}", r=3, class_=f"dot{shade}")


def _named(number: int, line: Line, lines: int) -> Iterator[Markup]:
    """Its name in the lower right corner, after a dot of its colour."""
    y, shade = SIDE - 8 - 14 * (lines - 1 - number), number % COLOURS
    short = line.name if len(line.name) <= 24 else f"{line.name[:23]}…"
    yield tag("text", f"{short} ●", x=SIDE - 6, y=y, text_anchor="end", class_=f"axis dot{shade}")
