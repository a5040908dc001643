"""Charts of what was found against what was stated: on the diagonal they agree."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from .markup import Markup, tag

SIDE, ROW = 200, 14
COLOURS = 3
LONGEST = 30


class Point(NamedTuple):
    """A share that was stated and the one that was found, 0 to 1.

    ``error`` is the standard error of the second, and ``radius`` that of the dot.
    """

    stated: float
    found: float
    error: float = 0.0
    radius: float = 3.0


class Line(NamedTuple):
    """Points with a name, joined unless they have errors."""

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
        tag("text", f"{across}, 0 to 100 %", x=SIDE / 2, y=SIDE + ROW, text_anchor="middle",
            class_="axis"),
        tag("text", up, x=4, y=12, class_="axis"),
        *(_named(number, line) for number, line in enumerate(lines)),
        viewBox=f"-4 -4 {SIDE + 8} {SIDE + 12 + ROW * (1 + len(lines))}",
        class_="chart", role="img",
    )  # fmt: skip


def _drawn(number: int, line: Line) -> Iterator[Markup]:
    """A line, its points and their errors."""
    shade = number % COLOURS
    places = [(SIDE * point.stated, SIDE - SIDE * point.found) for point in line.points]
    if not any(point.error for point in line.points):
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        yield tag("polyline", points=path, class_=f"line{shade}")
    for (x, y), point in zip(places, line.points, strict=True):
        if point.error:
            ends = (min(max(y + sign * 2 * SIDE * point.error, 0), SIDE) for sign in (-1, 1))
            top, low = (f"{end:.1f}" for end in ends)
            yield tag("line", x1=f"{x:.1f}", x2=f"{x:.1f}", y1=top, y2=low, class_=f"line{shade}")
        size = f"{point.radius:.1f}"
        yield tag("circle", cx=f"{x:.1f}", cy=f"{y:.1f}", r=size, class_=f"dot{shade}")


def _named(number: int, line: Line) -> Markup:
    """Its name below the chart, after a dot of its colour."""
    short = line.name if len(line.name) <= LONGEST else f"{line.name[: LONGEST - 1]}…"
    y = SIDE + 4 + ROW * (2 + number)
    return tag("text", f"● {short}", x=0, y=y, class_=f"axis dot{number % COLOURS}")
