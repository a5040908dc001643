"""What a reader should know first: the head line, and what needs attention with what to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..artefacts.flags import FLAGS, NOTHING, REASONS, Flag, of_reason
from .markup import Markup, joined, name_of, prose, tag, text
from .runs import Run

FEW_VARIANTS = 0.5
"""Share of the model's variants below which intervals are wide, as ``embed`` warns."""

OTHER_ALLELES = 0.01
"""Share of the model's variants with other alleles that is worth a word."""

SHORT = 0.02
"""So far may the coverage of 95 % intervals stay below 95 %."""

SAME_MAP = 0.9
"""Share of the variance that a refit has in common with a stable map."""

HARMLESS = ("in_panel", "related", "low_call_rate")
"""Flags after which there is little to do."""


@dataclass(frozen=True)
class Notice:
    """One thing that needs attention, or is worth knowing.

    Attributes
    ----------
    run : str
        Its name; "" for what concerns samples of any run.
    what, advice : Markup
        What is the case, and what to do.
    flag : str
        The flag of the samples concerned; "" for what concerns the whole run.
    urgent : bool
    """

    run: str
    what: Markup
    advice: Markup
    flag: str = ""
    urgent: bool = True


def head_line(runs: Sequence[Run]) -> Markup:
    """The result in words: how many samples, with a group and without, and why."""
    count = sum(len(run.coordinates) for run in runs)
    of = f" in {len(runs)} runs" if len(runs) > 1 else ""
    said = f"{_samples(count)}{of}."
    judged = [run.finest for run in runs if run.levels]
    if not judged:
        unlike = sum(int(run.unlike.sum()) for run in runs)
        return text(
            f"{said} No groups are assigned yet. {_are(unlike)} unlike the reference panel."
        )
    levels = Counter(level for each in judged for level in each.level.tolist())
    why = (reason.partition(":")[0] for each in judged for reason in each.reason.tolist())
    reasons = Counter(filter(None, why))
    without = levels.pop("", 0)
    counted = ", ".join(f"{n:,} {_in_words(reason)}" for reason, n in reasons.most_common())
    if not levels:
        parts: list[object] = [
            said, f"None has a most genetically similar reference group: {counted}."
        ]  # fmt: skip
    else:
        by_level = (prose(f"{n:,} by {{level}}", level=level) for level, n in levels.most_common())
        have = "has" if sum(levels.values()) == 1 else "have"
        most = f"{sum(levels.values()):,} {have} a most genetically similar reference group ("
        parts = [
            said,
            joined([most, joined(by_level, ", "), ")."]),
            *([f"{_are(without)} unassigned: {counted}."] if without else []),
        ]
    if silent := count - sum(levels.values()) - without:
        parts.append(prose(f"{_are(silent)} of runs without `assign`."))
    return joined(parts, " ")


def _samples(count: int) -> str:
    return f"{count:,} sample{'s' if count != 1 else ''}"


def _are(count: int) -> str:
    return f"{count:,} {'is' if count == 1 else 'are'}"


_REASONS = {
    "unlike_panel": "unlike the reference panel",
    "low_probability": "between groups (no group is probable enough)",
    "few_variants": "with too few variants",
    "unlike_groups": "unlike every group of the panel",
    "no_reference_calls": "without reference calls",
}


def _in_words(reason: str) -> str:
    """A reason in the head line."""
    return _REASONS.get(reason, reason.replace("_", " "))


def notices(runs: Sequence[Run]) -> list[Notice]:
    """Everything that needs attention, the urgent first."""
    found = [
        *_of_flags(runs),
        *_of_reasons(runs),
        *(notice for run in runs for notice in _of_the_run(run)),
    ]
    return sorted(found, key=lambda notice: not notice.urgent)


def flag_meaning(name: str) -> Flag:
    """The row of a flag; a flag of a later version or a filter has none of its own."""
    plain = "a flag without an entry in the table of flags"
    return FLAGS.get(name, Flag(name, (), plain, "see the documentation"))


def _of_flags(runs: Sequence[Run]) -> Iterator[Notice]:
    """Flags of samples, the most frequent first, with the number in each run."""
    by_run = [Counter(flags_of(run)) for run in runs]
    for name, count in sum(by_run, Counter[str]()).most_common():
        row = flag_meaning(name)
        each = {run.name: c[name] for run, c in zip(runs, by_run, strict=True) if c[name]}
        yield Notice(
            "",
            joined(
                [
                    _samples(count),
                    _where(each) if len(runs) > 1 else "",
                    " with the flag ",
                    tag("code", name),
                    ": ",
                    prose(row.meaning),
                    ".",
                ]
            ),
            prose(as_sentence(row.advice)),
            name,
            name not in HARMLESS,
        )


def _where(counts: Mapping[str, int]) -> Markup:
    """The runs that samples are of, with their number where there are several."""
    if len(counts) == 1:
        return joined([" of ", name_of(next(iter(counts)))])
    each = (joined([f"{n:,} of ", name_of(name)]) for name, n in counts.items())
    return joined([" (", joined(each, ", "), ")"])


def _of_reasons(runs: Sequence[Run]) -> Iterator[Notice]:
    """Reasons of unassigned samples that are no flags."""
    reasons = np.concatenate([run.finest.reason for run in runs])
    shares = np.concatenate([run.coordinates["variant_fraction"] for run in runs])
    for name in REASONS:
        if count := int((raised := reasons == name).sum()):
            meaning, advice = of_reason(name, bool((shares[raised] >= 1).all()))
            what = prose(f"{_samples(count)} without a group (`{name}`): {meaning}.")
            yield Notice("", what, prose(as_sentence(advice)), name)


def as_sentence(advice: str) -> str:
    """What to do, as the table of flags has it in a cell."""
    return "Nothing to do." if advice == NOTHING else f"{advice[:1].upper()}{advice[1:]}."


def flags_of(run: Run) -> Iterator[str]:
    """Every flag of every sample of a run."""
    for each in run.coordinates.flag:
        yield from filter(None, each.split(","))


def _of_the_run(run: Run) -> Iterator[Notice]:
    yield from _of_matching(run)
    yield from _of_intervals(run)
    if not run.levels:
        yield Notice(
            run.name,
            text("No groups are assigned."),
            prose(
                "Run `ddvi-ancestry assign MODEL {table}` if the model has labels.",
                table=f"{run.name}.coords.tsv",
            ),
            urgent=False,
        )


def _of_matching(run: Run) -> Iterator[Notice]:
    """How the variants of the input fit those of the model."""
    report = run.summary.get("harmonisation")
    if not report:
        return
    if report["variant_fraction"] < FEW_VARIANTS:
        share = f"{100 * report['variant_fraction']:.1f} %"
        yield Notice(
            run.name,
            text(f"Only {share} of the model's variants are in the file."),
            text("Expect wide intervals. Give a file with more of the variants, if there is one."),
        )
    if report["allele_mismatch"] > OTHER_ALLELES * report["model_variants"]:
        yield Notice(
            run.name,
            text(f"{report['allele_mismatch']:,} variants have other alleles than in the model."),
            text("Check the genome build and the strand of the file."),
        )
    if not report["positions_agree"]:
        told = report["detected_build"] or "unknown"
        yield Notice(
            run.name,
            text(f"Variants were matched by rsID: the positions are of another build ({told})."),
            text("Nothing to do, if that is the build of the file."),
            urgent=False,
        )


def _of_intervals(run: Run) -> Iterator[Notice]:
    """Whether the intervals of a fit can be trusted."""
    rows = (run.summary.get("calibration") or {}).get("coverage", [])
    short = [row for row in rows if row["covered_95"] < 0.95 - SHORT]
    for row in short:
        yield Notice(
            run.name,
            text(
                f"From {100 * row['share']:g} % of the variants, 95 % intervals cover "
                f"{100 * row['covered_95']:.0f} % of held-out samples."
            ),
            text("Take the intervals of samples with so few variants as too short."),
        )
    movement = run.summary.get("movement") or {}
    if movement.get("r2") is not None and movement["r2"] < SAME_MAP:
        yield Notice(
            run.name,
            text(f"A refit has {100 * movement['r2']:.0f} % of the variance of the map in common."),
            prose("Do not interpret distances smaller than `map_sd`."),
        )
