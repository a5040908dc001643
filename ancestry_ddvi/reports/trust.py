"""Parts of the page about trust: intervals, groups, and the stability of the map."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..artefacts.model import Model
from .markup import Markup, joined, name_of, percent, prose, section, table, tag
from .runs import Run


def trust(model: Model) -> Markup:
    """Whether intervals, groups and the map can be trusted."""
    record = model.record
    parts = [_calibration(record.calibration), _reliability(record.assignment)]
    return section("trust", "Can the intervals and groups be trusted?", *parts, open_=False)


def _calibration(calibration: Mapping[str, Any] | None) -> Markup:
    if not calibration:
        return tag("p", "The method of this model has no intervals that could be checked.")
    rows = [
        (f"{100 * row['share']:g} %", *(percent(row[f"covered_{n}"]) for n in (50, 80, 95)))
        for row in calibration["coverage"]
    ]
    head = ("variants kept", "50 % intervals cover", "80 %", "95 %")
    whose = "held out of the fit" if calibration.get("held_out") else "of the fit"
    said = (
        f"{calibration['samples']:,} samples {whose} were embedded again from a part of their "
        "variants. Intervals are right if they cover as often as they say. "
        f"Their width was multiplied by {calibration['temperature']:.3g}."
    )
    chart = _coverage_chart(calibration["coverage"])
    return joined([tag("h3", "Intervals"), tag("p", said), table(head, rows), chart])


def _coverage_chart(rows: Sequence[Mapping[str, float]]) -> Markup:
    """Coverage against what is nominal; on the diagonal they agree."""
    lines = []
    for number, row in enumerate(rows):
        points = [(n, 100 * row[f"covered_{n}"]) for n in (50, 80, 95)]
        path = " ".join(f"{2 * x:.0f},{200 - 2 * y:.0f}" for x, y in points)
        lines.append(tag("polyline", points=path, class_=f"line{number % 3}"))
        marks = (tag("circle", cx=2 * x, cy=f"{200 - 2 * y:.0f}", r=3) for x, y in points)
        lines.append(tag("g", *marks, class_=f"dot{number % 3}"))
        words = f"● {100 * row['share']:g} % of the variants"
        at = {"x": 88, "y": 150 + 14 * number}
        lines.append(tag("text", words, **at, class_=f"axis dot{number % 3}"))
    return tag(
        "svg",
        tag("title", "Coverage of intervals against their nominal coverage"),
        tag("line", x1=0, y1=200, x2=200, y2=0, class_="guide"),
        tag("rect", width=200, height=200, class_="edge"),
        *lines,
        tag("text", "nominal coverage, 0 to 100 %", x=100, y=216, text_anchor="middle",
            class_="axis"),
        tag("text", "found", x=4, y=14, class_="axis"),
        viewBox="-4 -4 208 226", class_="chart", role="img",
    )  # fmt: skip


def _reliability(assignment: Sequence[Mapping[str, Any]]) -> Markup:
    if not assignment:
        return tag("p", "The model has no labelled groups.")
    rows = [
        (row["level"], row["samples"], percent(row["accuracy"]), percent(row["calibration_error"]))
        for row in assignment
    ]
    head = ("level", "samples judged", "right", "calibration error")
    said = (
        "Labelled samples of the reference panel, each judged by groups that were found without "
        "it. The calibration error is how far stated probabilities are from the share that is "
        "right, on average."
    )
    return joined([tag("h3", "Groups"), tag("p", said), table(head, rows)])


def stability(runs: Sequence[Run]) -> Markup:
    """How far the map moves when it is fitted again."""
    rows = [
        (
            name_of(run.name),
            run.summary["movement"]["refits"],
            percent(run.summary["movement"]["r2"]),
            float(run.summary["movement"]["map_sd"]),
        )
        for run in runs
        if (run.summary.get("movement") or {}).get("r2") is not None
    ]
    if not rows:
        return Markup()
    said = (
        "The map was fitted again with another seed and other samples held out. `map_sd` is how "
        "far a sample moves along an axis. Do not read anything into smaller distances."
    )
    head = ("run", "refits", "variance in common", "map_sd, average")
    return section(
        "stability", "Stability of the map", tag("p", prose(said)), table(head, rows), open_=False
    )
