"""Parts of the page about the input of runs: quality control, matching, relatives."""

from __future__ import annotations

from collections.abc import Sequence

from ..genotypes.harmonise.report import COLUMNS
from .markup import Markup, joined, name_of, section, table, tag
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
    return joined([tag("h3", name_of(run.name)), tag("p", said), table(head, rows), _skipped(run)])


def _bar(share: float) -> Markup:
    """A bar of a share of the width."""
    width = f"{max(0.0, min(1.0, share)) * 100:.1f}"
    inner = tag("rect", width=width, height="10", class_="bar")
    return tag("svg", inner, viewBox="0 0 100 10", width="100", height="10", aria_hidden="true")


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
    return joined([tag("h3", name_of(run.name)), tag("p", said), counts, more, _skipped(run)])


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
    return joined([tag("h3", name_of(run.name)), tag("p", said), table(head, rows)])


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
