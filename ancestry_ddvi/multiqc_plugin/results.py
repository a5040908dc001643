"""Files of runs as MultiQC finds them, put together by run, and what is shown of them.

Runs have the name of their prefix. Their files may lie in different folders, as a workflow engine
stages them.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import PurePath
from typing import Any

from ..outputs import output

UNASSIGNED = "unassigned"

_NAMESPACE = "ddvi-ancestry: "
"""Of the general statistics, before the name of the model."""

Counts = dict[str, dict[str, float]]
"""Numbers by run and category."""

Columns = dict[str, dict[str, Any]]
"""Settings of the columns of a table, or of the categories of a graph."""

SAMPLE_COLUMNS: Columns = {
    "call_rate": {
        "title": "Call rate",
        "description": "Share of the matched variants that have a genotype in the sample",
        "min": 0,
        "max": 1,
        "format": "{:,.3f}",
        "scale": "RdYlGn",
    },
    "p_panel": {
        "title": "p panel",
        "description": "Share of the reference panel that is more unusual than the sample; samples "
        "below 0.01 are flagged",
        "min": 0,
        "max": 1,
        "format": "{:,.3f}",
        "scale": "Purples",
        "hidden": True,
    },
}
"""General statistics that custom content has not; from PREFIX.coords.tsv."""

MATCHED: Columns = {
    "same": {"name": "matched", "color": "#009E73"},
    "changed": {"name": "matched after a change of alleles or strand", "color": "#56B4E9"},
    "mismatch": {"name": "other alleles", "color": "#D55E00"},
    "ambiguous": {"name": "ambiguous strand", "color": "#E69F00"},
    "absent": {"name": "absent", "color": "#BBBBBB"},
}
"""What became of each variant of a model."""

_CHANGED = ("swapped", "strand_flipped", "strand_flipped_and_swapped")


@dataclass(frozen=True)
class Run:
    """The files of one run; what was not found is empty.

    Attributes
    ----------
    name : str
    summary, assigned : mapping
        PREFIX.summary.json and PREFIX.assign.json.
    content, chart : mapping
        PREFIX_mqc.json and PREFIX.map_mqc.json.
    samples : mapping of sample to its values
        Columns ``SAMPLE_COLUMNS`` of PREFIX.coords.tsv.
    groups : mapping of level to the names of its groups
        Heads of PREFIX.assign.LEVEL.tsv.
    digits : str
        Of the checksum of the model, where several have its name.
    """

    name: str
    summary: Mapping[str, Any] = field(default_factory=dict)
    assigned: Mapping[str, Any] = field(default_factory=dict)
    content: Mapping[str, Any] = field(default_factory=dict)
    chart: Mapping[str, Any] = field(default_factory=dict)
    samples: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    digits: str = ""

    @property
    def model(self) -> str:
        """The name of the model, with ``digits``: of a reference model, a file, or the fit."""
        told = self.content.get("namespace", "").removeprefix(_NAMESPACE)
        given = str((self.assigned or self.summary).get("model", told or self.name))
        name = PurePath(given).name.removesuffix(output("model").ending)
        return f"{name} ({self.digits})" if self.digits else name

    @property
    def checksum(self) -> str | None:
        """Of the file of the model; None where the run does not tell it."""
        found = (self.assigned or self.summary).get("model_sha256")
        return str(found) if found else None

    @property
    def version(self) -> str | None:
        """The version of ddvi-ancestry that wrote the summary."""
        written_by: Mapping[str, str] = (self.assigned or self.summary).get("versions", {})
        return written_by.get("ddvi-ancestry")

    @property
    def levels(self) -> list[str]:
        """The levels of the labels, the finest first."""
        return [*self.assigned.get("levels", {})]


def run_name(kind: str, file: str) -> str:
    """The prefix of a file: "q" of "q.summary.json"."""
    row = output(kind)
    if "{" not in row.ending:
        return file.removesuffix(row.ending)
    before, _, _ = row.ending.partition("{")
    return file.rpartition(before)[0]


def level_name(file: str) -> str:
    """The level of PREFIX.assign.LEVEL.tsv."""
    before, _, after = output("assign.{level}").ending.partition("{level}")
    return file.rpartition(before)[2].removesuffix(after)


def parsed(text: str) -> dict[str, Any]:
    """A JSON object.

    Raises
    ------
    ValueError
        If the text is none.
    """
    found = json.loads(text)
    if not isinstance(found, dict):
        raise ValueError("no JSON object")
    return found


def sample_values(lines: Iterable[str]) -> dict[str, dict[str, float]]:
    """The columns ``SAMPLE_COLUMNS`` of a table of coordinates, by sample.

    Raises
    ------
    ValueError
        If a column is absent, or a cell is no number.
    """
    rows = (line.rstrip("\r\n").split("\t") for line in lines)
    head = next(rows, [])
    at = {name: head.index(name) for name in ("sample_id", *SAMPLE_COLUMNS)}
    found = {}
    for row in rows:
        if len(row) != len(head):
            raise ValueError("a row has not as many cells as the head")
        values = {name: row[at[name]] for name in SAMPLE_COLUMNS}
        found[row[at["sample_id"]]] = {n: float(v) for n, v in values.items() if v != "NA"}
    return found


def group_names(lines: Iterable[str]) -> tuple[str, ...]:
    """The groups of PREFIX.assign.LEVEL.tsv, from its first line."""
    head = next(iter(lines), "").rstrip("\r\n").split("\t")
    return tuple(head[head.index("reason") + 1 :]) if "reason" in head else ()


def told_apart(runs: Sequence[Run]) -> list[Run]:
    """Runs with the first digits of the checksum of a model where another one has its name."""
    found = {(run.model, run.checksum) for run in runs if run.checksum}
    often = Counter(name for name, _ in found)
    return [
        replace(run, digits=run.checksum[:8]) if run.checksum and often[run.model] > 1 else run
        for run in runs
    ]


def identifier(model: str) -> str:
    """A model's name as a part of an HTML id, another one for each name."""
    return "".join(c if c.isalnum() else f"_{ord(c):x}_" for c in model)


def by_model(runs: Iterable[Run]) -> dict[str, list[Run]]:
    """Runs by model, sorted."""
    found: dict[str, list[Run]] = {}
    for run in runs:
        found.setdefault(run.model, []).append(run)
    return dict(sorted(found.items()))


def general_statistics(runs: Sequence[Run]) -> tuple[Columns, dict[str, dict[str, Any]]]:
    """Columns and rows of the samples of a model: custom content, and ``SAMPLE_COLUMNS``.

    Flags come last, and only where there are any.
    """
    columns: Columns = {}
    for run in runs:
        columns |= run.content.get("headers", {})
    rows = {
        name: run.content["data"][sample] | run.samples.get(sample, {})
        for name, run, sample in _named(runs, lambda run: run.content)
    }
    last = {name: columns.pop(name) for name in ["flag"] if name in columns}
    flagged = any(row.get("flag") for row in rows.values())
    return columns | SAMPLE_COLUMNS | (last if flagged else {}), rows


def points(runs: Sequence[Run]) -> dict[str, Any]:
    """The samples of a model on its map."""
    named = _named(runs, lambda run: run.chart)
    return {name: run.chart["data"][sample] for name, run, sample in named}


def _named(
    runs: Sequence[Run], part: Callable[[Run], Mapping[str, Any]]
) -> Iterator[tuple[str, Run, str]]:
    """The name of each sample, which has that of the run behind it where several runs have it."""
    samples = [[*part(run).get("data", {})] for run in runs]
    often = Counter(chain.from_iterable(samples))
    for run, those in zip(runs, samples, strict=True):
        for sample in those:
            yield f"{sample} ({run.name})" if often[sample] > 1 else sample, run, sample


def checked(part: str, content: dict[str, Any]) -> dict[str, Any]:
    """A file of a run, of which everything that is shown can be shown.

    Parameters
    ----------
    part : str
        The attribute of ``Run`` that holds it.
    content : dict

    Raises
    ------
    ValueError
        If it has another form.
    """
    parts: dict[str, Any] = {part: content}
    run = Run("", **parts)
    try:
        for show in (general_statistics, points, flag_counts, match_counts, accuracy_rows,
                     coverage_rows):  # fmt: skip
            show([run])
        for level in run.levels:
            group_counts([run], level)
            colours_of([run], level)
        _ = run.model, run.version, run.chart and (run.chart["description"], run.chart["pconfig"])
    except (AttributeError, LookupError, TypeError) as error:
        raise ValueError(f"it has not the form of such a file ({error!r})") from error
    return content


def group_counts(runs: Iterable[Run], level: str) -> Counts:
    """Samples by run and group of a level; unassigned is one of them."""
    return {
        run.name: dict(run.assigned["levels"][level]["groups"])
        for run in runs
        if level in run.levels
    }


def flag_counts(runs: Iterable[Run]) -> Counts:
    """Samples by run and flag, or reason for which they are unassigned."""
    found = {}
    for run in runs:
        reasons = run.assigned.get("ancestry", {}).get("reasons", {})
        raised = run.summary.get("flags", {})
        if run.summary or run.assigned:
            found[run.name] = {**reasons, **raised}
    return found


def match_counts(runs: Iterable[Run]) -> Counts:
    """Variants of the model by run and category of ``MATCHED``."""
    found = {}
    for run in runs:
        if told := run.summary.get("harmonisation"):
            changed = sum(told[name] for name in _CHANGED)
            found[run.name] = {
                "same": told["matched"] - changed,
                "changed": changed,
                "mismatch": told["allele_mismatch"],
                "ambiguous": told["ambiguous_dropped"],
                "absent": told["absent"],
            }
    return found


def accuracy_rows(runs: Iterable[Run]) -> tuple[Columns, Counts]:
    """Columns and rows of models: accuracy and calibration of their groups on each level.

    They are those that ``fit`` or ``assign`` measured.
    """
    rows: Counts = {}
    for run in runs:
        found = _of_groups(run.summary) | _of_groups(run.assigned)
        if found:
            rows.setdefault(run.model, {}).update(found)
    return _columns(rows, _ACCURACY), rows


def coverage_rows(runs: Iterable[Run]) -> tuple[Columns, Counts]:
    """Columns and rows of models: what their 95 % intervals cover, as ``fit`` measured it."""
    rows: Counts = {}
    for run in runs:
        for row in (run.summary.get("calibration") or {}).get("coverage", []):
            name = f"coverage: {100 * row['share']:g} %"
            rows.setdefault(run.model, {})[name] = 100 * row["covered_95"]
    return _columns(rows, _COVERAGE), rows


def _of_groups(summary: Mapping[str, Any]) -> dict[str, float]:
    return {
        f"{name}: {row['level']}": 100 * row[name]
        for row in summary.get("assignment") or []
        for name in _ACCURACY
        if row[name] is not None
    }


_ACCURACY: Columns = {
    "accuracy": {
        "title": "Accuracy, {}",
        "description": "Share of labelled samples whose most probable group is right, each judged "
        "by groups of others: {}",
        "min": 0,
        "max": 100,
        "scale": "Greens",
    },
    "calibration_error": {
        "title": "Calibration error, {}",
        "description": "Expected calibration error of the probability of that group: {}",
        "min": 0,
        "max": 20,
        "ceiling": 20,
        "scale": "Reds",
    },
}

_COVERAGE: Columns = {
    "coverage": {
        "title": "From {} of the variants",
        "description": "Share of held-out samples within their 95 % intervals, from {} of the "
        "variants",
        "min": 80,
        "max": 100,
        "floor": 80,
        "scale": "Greens",
    },
}


def _columns(rows: Counts, kinds: Columns) -> Columns:
    """Settings of columns such as "accuracy: population", in percent."""
    found = {}
    for name in dict.fromkeys(name for row in rows.values() for name in row):
        kind, _, of = name.partition(": ")
        words = {key: kinds[kind][key].format(of) for key in ("title", "description")}
        found[name] = kinds[kind] | words | {"format": "{:,.1f}", "suffix": " %"}
    return found


def colours_of(runs: Iterable[Run], level: str) -> dict[str, str]:
    """The colour that figures give each group of a level, where the files tell it.

    Those of the finest level are in the map. Those of the coarsest follow from their order.
    """
    from ..plots.palette import UNNAMED, parent_styles

    found = {UNASSIGNED: UNNAMED.colour}
    for run in runs:
        if level not in run.levels:
            continue
        if level == run.levels[0]:
            found |= _colours_of_the_map(run.chart)
        elif level == run.levels[-1] and len(run.groups.get(level, ())) > 1:
            styles = parent_styles(sorted(run.groups[level]))
            found |= {name: style.colour for name, style in styles.items()}
    return found


def _colours_of_the_map(chart: Mapping[str, Any]) -> dict[str, str]:
    series = chart.get("pconfig", {}).get("extra_series", [])
    points = [point for each in series for point in each]
    return {point["annotation"]: point["color"] for point in points if "annotation" in point}
