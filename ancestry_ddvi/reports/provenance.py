"""Parts of the page about how it was made, and how to read it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..artefacts.model import Model
from .markup import Markup, joined, name_of, section, tag
from .runs import Run

READING = (
    "Each dot is a sample. Dots that are close have similar genotypes at the variants of the "
    "model. An ellipse with a name holds 95 % of the samples of a group of the reference panel.",
    "The ellipse around the sample you select holds the sample's true place with a probability "
    "of 95 %, given the genotypes that were read. Fewer variants make it wider. Dots are "
    "draws: more where the true place is more probable. A dashed circle is how far another fit "
    "would move the sample: smaller distances mean nothing.",
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
    return joined(
        [tag("h3", name_of(run.name)), tag("dl", *(p for row in rows for p in _entry(*row)))]
    )


def _listed(values: Mapping[str, Any]) -> str:
    """Names and values on one line, those of inner tables with a dot."""
    return ", ".join(f"{name} {value}" for name, value in _flat(values) if value is not None)


def _flat(values: Mapping[str, Any], before: str = "") -> Iterable[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", value


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
