"""The parts of the page about runs: quality control, matching, relatives, trust, provenance."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..artefacts.model import Model
from ..genotypes.harmonise.report import COLUMNS
from .markup import Markup, joined, name_of, prose, table, tag
from .runs import Run

PAIRS = 1000
"""So many pairs of relatives are listed."""

_MATCHED = {
    "model_variants": "variants of the model",
    "matched": "found in the file and used",
    "same": "with the same alleles",
    "swapped": "with REF and ALT swapped",
    "strand_flipped": "on the other strand",
    "strand_flipped_and_swapped": "on the other strand and swapped",
    "ambiguous_resolved": "ambiguous (A/T, C/G), strand known",
    "ambiguous_dropped": "ambiguous, strand unknown: not used",
    "allele_mismatch": "with other alleles: not used",
    "absent": "absent from the file",
    "absent_as_reference": "absent and taken as homozygous reference",
    "uncalled": "in the file without any call",
    "duplicate": "further records of the same variant: not used",
}


def section(name: str, title: str, *parts: object, open_: bool = True) -> Markup:
    """A part of the page that can be folded."""
    head = tag("summary", tag("h2", title))
    return tag("details", head, *parts, id=name, open=open_, class_="part")


def quality_control(runs: Sequence[Run]) -> Markup:
    """What each filter cost, of runs of ``fit``."""
    fits = [run for run in runs if run.summary.get("steps")]
    if not fits:
        return Markup()
    return section("quality", "Quality control", *map(_funnel, fits), open_=False)


def _funnel(run: Run) -> Markup:
    steps = run.summary["steps"]
    most = max((step["variants_before"] for step in steps), default=0) or 1
    rows = [
        (
            step["name"],
            _bar(step["variants_after"] / most),
            step["variants_after"],
            step["variants_before"] - step["variants_after"],
            step["samples_after"],
            step["samples_before"] - step["samples_after"],
            step["remark"],
        )
        for step in steps
    ]
    head = ("filter", "", "variants left", "removed", "samples left", "removed", "what it removes")
    left = run.summary.get("left_out_of_fit") or {}
    why = ", ".join(f"{count:,} {reason}" for reason, count in left.items())
    said = (
        f"{run.summary['samples_in_fit']:,} of {run.summary['samples']:,} samples and "
        f"{run.summary['variants_in_model']:,} variants are in the fit."
        + (f" Samples left out of it and embedded all the same: {why}." if why else "")
    )
    return joined([_heading(run), tag("p", said), table(head, rows), _skipped(run)])


def _bar(share: float) -> Markup:
    """A bar of a share of the width."""
    width = f"{max(0.0, min(1.0, share)) * 100:.1f}"
    inner = tag("rect", width=width, height="10", class_="bar")
    return tag("svg", inner, viewBox="0 0 100 10", width="100", height="10", aria_hidden="true")


def _heading(run: Run) -> Markup:
    return tag("h3", name_of(run.name))


def _skipped(run: Run) -> Markup:
    """Records that were not read, by reason."""
    skipped = run.summary.get("skipped_records") or {}
    if not skipped:
        return Markup()
    return joined(
        [tag("p", "Records that were not read:"), table(("why", "records"), skipped.items())]
    )


def harmonisation(runs: Sequence[Run]) -> Markup:
    """How the variants of each query were matched to the model."""
    found = [run for run in runs if run.summary.get("harmonisation")]
    if not found:
        return Markup()
    return section(
        "harmonisation", "Variants matched to the model", *map(_matched, found), open_=False
    )


def _matched(run: Run) -> Markup:
    report = run.summary["harmonisation"]
    key = {"id": "rsID", "position": "position"}.get(report["key"], report["key"])
    said = (
        f"{report['matched']:,} of {report['model_variants']:,} variants were matched by {key}. "
        f"Build of the file: {report['detected_build'] or 'unknown'}; "
        f"of the model: {report['model_build'] or 'unknown'}."
    )
    rows = [(words, report[name]) for name, words in _MATCHED.items() if report.get(name)]
    by_chromosome = [
        (name, *(counts.get(column, 0) for column in COLUMNS.values()))
        for name, counts in report["chromosomes"].items()
    ]
    more = tag(
        "details",
        tag("summary", "By chromosome"),
        table(("chromosome", *COLUMNS), by_chromosome),
    )
    counts = table(("variants", "count"), rows)
    return joined([_heading(run), tag("p", said), counts, more, _skipped(run)])


def relatives(runs: Sequence[Run]) -> Markup:
    """Pairs of relatives and duplicates in the input of each run."""
    found = [run for run in runs if run.relatives]
    if not found:
        return Markup()
    return section("relatives", "Relatives and duplicates", *map(_pairs, found), open_=False)


def _pairs(run: Run) -> Markup:
    closest = sorted(run.relatives, key=lambda pair: -_number(pair[2]))
    rows = [
        (name_of(one), name_of(other), relation, kinship, variants)
        for one, other, kinship, variants, relation in closest[:PAIRS]
    ]
    head = ("sample", "and", "relation", "kinship", "variants")
    more = len(closest) - len(rows)
    said = f"{len(closest):,} pairs" + (f", the closest {PAIRS:,} of them here." if more else ".")
    return joined([_heading(run), tag("p", said), table(head, rows)])


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


def trust(model: Model) -> Markup:
    """Whether intervals, groups and the map can be trusted."""
    record = model.record
    parts = [_calibration(record.calibration), _reliability(record.assignment)]
    return section("trust", "Can the intervals and groups be trusted?", *parts, open_=False)


def _calibration(calibration: Mapping[str, Any] | None) -> Markup:
    if not calibration:
        return tag("p", "The method of this model has no intervals that could be checked.")
    rows = [
        (f"{100 * row['share']:g} %", *(_share(row[f"covered_{n}"]) for n in (50, 80, 95)))
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


def _share(value: float) -> Markup:
    return tag("span", f"{100 * value:.1f} %")


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
        (row["level"], row["samples"], _share(row["accuracy"]), _share(row["calibration_error"]))
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
            _share(run.summary["movement"]["r2"]),
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


def provenance(runs: Sequence[Run], model: Model, name: str) -> Markup:
    """How the runs were made, and the model card."""
    card = tag("dl", *(part for row in model.record.card.items() for part in _entry(*row)))
    parts = [tag("h3", "Model card of ", name_of(name)), card]
    return section(
        "provenance", "Runs, versions and model card", *parts, *map(_made, runs), open_=False
    )


def _entry(name: object, value: object) -> tuple[Markup, Markup]:
    return tag("dt", name), tag("dd", value)


def _made(run: Run) -> Markup:
    summary = run.summary
    rows: list[tuple[str, object]] = [
        ("command", f"ddvi-ancestry {run.command}"),
        ("input", joined(map(name_of, summary["inputs"]), ", ")),
        ("samples", f"{summary['samples']:,}"),
        ("options", _listed(summary["options"])),
        ("time", f"{summary['seconds']:,.1f} s, {summary['peak_memory_mib']:,.0f} MiB of memory"),
        ("versions", _listed(summary["versions"])),
    ]
    if run.assigned:
        rows.append(("options of assign", _listed(run.assigned["options"])))
    return joined([_heading(run), tag("dl", *(p for row in rows for p in _entry(*row)))])


def _listed(values: Mapping[str, Any]) -> str:
    """Names and values on one line, those of inner tables with a dot."""
    return ", ".join(f"{name} {value}" for name, value in _flat(values) if value is not None)


def _flat(values: Mapping[str, Any], before: str = "") -> Iterable[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", value


READING = (
    "Each dot is a sample. Dots that are close have similar genotypes at the variants of the "
    "model. An ellipse with a name holds 95 % of the samples of a group of the reference panel.",
    "The ellipse around the sample you select holds the sample's true place with a probability "
    "of 95 %, given the genotypes that were read. Fewer variants make it wider.",
    "A group is the *most genetically similar reference group*: of the groups in this panel, the "
    "one whose samples are most like this one. It is not identity, ethnicity or nationality, and "
    "another panel may name another group.",
    "A probability of 90 % means that of ten such samples about nine are of that group. Where no "
    "group of a fine level is probable enough, a coarser level is given.",
    "A hollow grey dot is a sample unlike every sample of the panel. It is drawn at the most "
    "likely place, but that place means little. A panel with similar samples would be needed.",
    "Distances depend on the panel, its variants and the method. Compare distances in the same "
    "region of the map only. The principal components beside the map are a second view of the "
    "same samples.",
    "Admixture proportions cannot be read from the map: a sample between two groups may have "
    "ancestry from both, or be from a group that the panel lacks.",
)


def reading() -> Markup:
    """How to read the page, in plain language."""
    words = (tag("p", _emphasised(paragraph)) for paragraph in READING)
    source = tag(
        "p",
        "Words for groups follow ",
        tag(
            "a", "the NASEM report of 2023", href="https://doi.org/10.17226/26902", rel="noreferrer"
        ),
        ".",
    )
    keys = tag(
        "p",
        "Keys on a map: arrows move it, + and − zoom, 0 shows everything, Escape ends the "
        "selection. In the filter, words are looked for in every text; ",
        tag("code", "group=CEU"), ", ", tag("code", "p_panel<0.01"), " and ",
        tag("code", "probability>0.9"), " compare a column.",
    )  # fmt: skip
    return section("reading", "How to read this page", *words, source, keys)


def _emphasised(paragraph: str) -> Markup:
    parts = paragraph.split("*")
    return joined(tag("em", part) if odd % 2 else part for odd, part in enumerate(parts))
