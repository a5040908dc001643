"""Parts of the page about trust: intervals, groups, and the stability of the map."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import log10, sqrt
from typing import Any

import numpy as np

from ..artefacts.model import Model
from .charts import Line, Point, chart
from .markup import Markup, joined, name_of, percent, prose, section, table, tag
from .runs import Run

COVERAGES = (50, 80, 95)
"""Per cent that intervals are meant to cover."""


def trust(runs: Sequence[Run], model: Model) -> Markup:
    """Whether intervals and groups can be trusted."""
    parts = [_calibration(model.record.calibration), *_groups(runs, model)]
    return section("trust", "Can the intervals and groups be trusted?", *parts, open_=False)


def _calibration(calibration: Mapping[str, Any] | None) -> Markup:
    if not calibration:
        return tag("p", "The method of this model has no intervals that could be checked.")
    rows = [
        (f"{100 * row['share']:g} %", *(percent(row[f"covered_{n}"]) for n in COVERAGES))
        for row in calibration["coverage"]
    ]
    head = ("variants kept", "50 % intervals cover", "80 %", "95 %")
    whose = "held out of the fit" if calibration.get("held_out") else "of the fit"
    said = (
        f"{calibration['samples']:,} samples {whose} were embedded again from a part of their "
        "variants. Intervals are right if they cover as often as they say. "
        f"For this the variance of component scores was multiplied by "
        f"{calibration['temperature']:.3g}."
    )
    lines = [
        Line(
            f"{100 * row['share']:g} % of the variants",
            [Point(n / 100, row[f"covered_{n}"]) for n in COVERAGES],
        )
        for row in calibration["coverage"]
    ]
    drawn = chart("Coverage of intervals", lines, "nominal coverage", "covered")
    return joined([tag("h3", "Intervals"), tag("p", said), table(head, rows), drawn])


def _groups(runs: Sequence[Run], model: Model) -> Iterator[Markup]:
    """How right groups are: those of the model, and those of labels that runs were given."""
    others = [run for run in runs if run.assigned and run.assigned["options"].get("labels")]
    if model.record.assignment:
        yield tag("h3", "Groups")
        yield from _reliability(model.record.assignment)
    elif not others:
        yield tag("p", "The model has no labelled groups that could be checked.")
    for run in others:
        yield tag("h3", "Groups of other labels, ", name_of(run.name))
        yield from _reliability(run.assigned["assignment"])


def _reliability(levels: Sequence[Mapping[str, Any]]) -> Iterator[Markup]:
    """Accuracy by level, and how often groups are right by their probability."""
    rows = [
        (row["level"], row["samples"], *map(_share, (row["accuracy"], row["calibration_error"])))
        for row in levels
    ]
    yield tag(
        "p",
        "Labelled samples of the reference panel, each judged by groups that were found without "
        "it. The calibration error is how far stated probabilities are from the share that is "
        "right, on average.",
    )
    yield table(("level", "samples judged", "right", "calibration error"), rows)
    lines = [
        Line(row["level"], [_point(each) for each in row["reliability"]])
        for row in levels
        if row.get("reliability")
    ]
    if lines:
        yield chart("How often groups are right", lines, "stated probability", "right")
        yield tag(
            "p",
            "Dots are tenths of the probabilities: the larger, the more samples have one. Lines "
            "are two standard errors to either side, long where few samples are judged.",
        )
    else:
        yield tag("p", "The model was fitted by a version that kept no more than this average.")


def _share(value: float | None) -> Markup:
    """A share in a cell; a dash where nothing was judged."""
    return tag("span", "–") if value is None else percent(value)


def _point(row: Mapping[str, Any]) -> Point:
    """A tenth of the probabilities, with the standard error that its probability leads to."""
    stated, samples = row["probability"], row["samples"]
    error = sqrt(max(stated * (1 - stated), 1e-6) / samples)
    return Point(stated, row["right"], error, min(1.5 + 0.9 * log10(samples), 5))


def stability(runs: Sequence[Run]) -> Markup:
    """How far the map moves when it is fitted again."""
    moved = [run for run in runs if _is_refitted(run)]
    if not moved:
        return Markup()
    said = (
        "The map was fitted again with another seed and other samples held out. `map_sd` is how "
        "far that moves a sample along an axis. Do not read anything into smaller distances. "
        "Colour the map by `map_sd` to see where it is least stable."
    )
    head = (
        "run", "refits", "variance in common", "map_sd, median", "95 % of samples below",
        "standard deviation of the map",
    )  # fmt: skip
    rows = table(head, map(_moved, moved))
    return section("stability", "Stability of the map", tag("p", prose(said)), rows, open_=False)


def _is_refitted(run: Run) -> bool:
    """Whether a run knows how far its map moves."""
    movement = run.summary.get("movement") or {}
    return None not in (movement.get("r2"), movement.get("map_sd"))


def _moved(run: Run) -> tuple[object, ...]:
    """A row of the table of stability."""
    movement, moves = run.summary["movement"], run.coordinates["map_sd"]
    known = moves[np.isfinite(moves)]
    high = float(np.quantile(known, 0.95)) if len(known) else float("nan")
    size = float(run.coordinates.mean.std(axis=0).mean())
    return (
        name_of(run.name), movement["refits"], percent(movement["r2"]), float(movement["map_sd"]),
        high, size,
    )  # fmt: skip
