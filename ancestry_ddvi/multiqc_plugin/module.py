"""The chapter of ddvi-ancestry in a MultiQC report."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from multiqc.base_module import BaseMultiqcModule, ModuleNoSamplesFound
from multiqc.plots import bargraph, scatter, table

from . import results
from .patterns import MODULE, key
from .results import (
    UNASSIGNED,
    Run,
    by_model,
    checked,
    identifier,
    level_name,
    parsed,
    run_name,
    told_apart,
)

log = logging.getLogger(__name__)

_JSON = {"summary": "summary", "assign": "assigned", "multiqc": "content", "multiqc_map": "chart"}
"""Kinds of files that are JSON, and where a run has them."""


class MultiqcModule(BaseMultiqcModule):
    """Groups, maps, flags, matched variants and calibration of all runs found."""

    def __init__(self) -> None:
        super().__init__(
            name="ddvi-ancestry",
            anchor=MODULE,
            info="embeds samples in a map of genetic ancestry with posterior uncertainty, and "
            "names the genetically most similar reference group. Groups and coordinates describe "
            "genetic similarity to the samples of a reference panel, not identity.",
        )
        runs = [run for run in self._runs() if not self.is_ignore_sample(run.name)]
        if not runs:
            raise ModuleNoSamplesFound
        log.info("Found %d runs", len(runs))
        for model, those in by_model(runs).items():
            self._add_statistics(model, those)
            self._add_groups(model, those)
            self._add_map(model, those)
        self._add_flags(runs)
        self._add_matches(runs)
        self._add_models(runs)

    def _runs(self) -> list[Run]:
        """The runs of all files found, by name."""
        found: dict[str, Run] = {}

        def at(kind: str, file: Any) -> Run:
            name = self.clean_s_name(run_name(kind, file["fn"]), file)
            self.add_data_source(file, name)
            return found.setdefault(name, Run(name))

        for kind, part in _JSON.items():
            for file, content in self._read(kind, partial(_content, part)):
                name = at(kind, file).name
                run = found[name] = replace(found[name], **{part: content})
                self.add_software_version(run.version, name)
        for file, values in self._read("coords", results.sample_values):
            run = at("coords", file)
            found[run.name] = replace(run, samples=values)
        for file, names in self._read("assign.{level}", results.group_names):
            run = at("assign.{level}", file)
            found[run.name] = replace(run, groups={**run.groups, level_name(file["fn"]): names})
        return told_apart([found[name] for name in sorted(found)])

    def _read(self, kind: str, read: Callable[[Any], Any]) -> Iterator[tuple[Any, Any]]:
        """Each file of a kind and what is in it; a damaged file is left out with a warning."""
        for file in self.find_log_files(key(kind), filehandles=True):
            try:
                yield file, read(file["f"])
            except ValueError as error:
                log.warning("%s is damaged: %s", file["fn"], error)

    def _add_statistics(self, model: str, runs: Sequence[Run]) -> None:
        """General statistics of samples in a model."""
        columns, rows = results.general_statistics(runs)
        if rows := self.ignore_samples(rows):
            self.general_stats_addcols(rows, columns, namespace=model)
            self.write_data_file(rows, f"multiqc_{MODULE}_{identifier(model)}")

    def _add_groups(self, model: str, runs: Sequence[Run]) -> None:
        """How many samples of each run are most similar to each group, the coarsest level first."""
        levels = dict.fromkeys(level for run in runs for level in reversed(run.levels))
        if not levels:
            return
        counts = [results.group_counts(runs, level) for level in levels]
        colours = [results.colours_of(runs, level) for level in levels]
        pairs = zip(counts, colours, strict=True)
        self.add_section(
            name=f"Most similar groups: {model}",
            anchor=f"{MODULE}_groups_{identifier(model)}",
            description="Samples of each run by their genetically most similar reference group. "
            "Samples unlike the panel, or without a group that is probable enough, are unassigned.",
            plot=bargraph.plot(
                counts,
                [_categories(count, colour) for count, colour in pairs],
                {
                    "id": f"{MODULE}_groups_{identifier(model)}_plot",
                    "title": f"ddvi-ancestry: most similar groups of {model}",
                    "ylab": "Samples",
                    "data_labels": [{"name": level, "ylab": "Samples"} for level in levels],
                },
            ),
        )

    def _add_map(self, model: str, runs: Sequence[Run]) -> None:
        """The map of custom content, with the samples of all runs."""
        charts = [run.chart for run in runs if run.chart]
        if not charts:
            return
        self.add_section(
            name=f"Map: {model}",
            anchor=f"{MODULE}_map_{identifier(model)}",
            description=charts[-1]["description"],
            plot=scatter.plot(self.ignore_samples(results.points(runs)), charts[-1]["pconfig"]),
        )

    def _add_flags(self, runs: Sequence[Run]) -> None:
        """Flags, and why samples are unassigned."""
        if not (counts := results.flag_counts(runs)):
            return
        flagged = {name: row for name, row in counts.items() if row}
        if not flagged:
            said = "No sample has a flag, and none is unassigned."
            self.add_section(name="Flags", anchor=f"{MODULE}_flags", description=said)
            return
        self.add_section(
            name="Flags",
            anchor=f"{MODULE}_flags",
            description="Samples of each run by flag, and by the reason for which they are "
            "unassigned. A sample may have several.",
            plot=bargraph.plot(
                flagged,
                _categories(flagged, {}),
                {
                    "id": f"{MODULE}_flags_plot",
                    "title": "ddvi-ancestry: flags",
                    "ylab": "Samples",
                    "cpswitch": False,
                },
            ),
        )

    def _add_matches(self, runs: Sequence[Run]) -> None:
        """How the variants of the input fit those of the model."""
        if not (counts := results.match_counts(runs)):
            return
        self.add_section(
            name="Matched variants",
            anchor=f"{MODULE}_variants",
            description="What became of the variants of the model in the input of each run. "
            "Absent variants are unobserved: they widen intervals, and do not move a sample.",
            plot=bargraph.plot(
                counts,
                results.MATCHED,
                {
                    "id": f"{MODULE}_variants_plot",
                    "title": "ddvi-ancestry: variants of the model",
                    "ylab": "Variants",
                    "cpswitch_c_active": False,
                },
            ),
        )

    def _add_models(self, runs: Sequence[Run]) -> None:
        """How far groups and intervals of each model can be trusted."""
        self._add_table(
            "Accuracy of the groups",
            "accuracy",
            "Of each model, on labelled samples of its reference panel that are judged by groups "
            "of others.",
            *results.accuracy_rows(runs),
        )
        self._add_table(
            "Coverage of the intervals",
            "coverage",
            "Of each model, on samples of its reference panel: how many have their coordinates "
            "within the 95 % intervals that a part of their variants gives. It should be 95 %.",
            *results.coverage_rows(runs),
        )

    def _add_table(
        self, name: str, anchor: str, said: str, columns: results.Columns, rows: results.Counts
    ) -> None:
        """A table of models, where there are any."""
        if not rows:
            return
        settings = {
            "id": f"{MODULE}_{anchor}_table",
            "title": f"ddvi-ancestry: {name[0].lower()}{name[1:]}",
            "col1_header": "Model",
        }
        self.add_section(
            name=name,
            anchor=f"{MODULE}_{anchor}",
            description=said,
            plot=table.plot(rows, columns, settings),
        )


def _content(part: str, file: Any) -> dict[str, Any]:
    """What is in a JSON file of a run.

    Raises
    ------
    ValueError
    """
    return checked(part, parsed(file.read()))


def _categories(counts: results.Counts, colours: dict[str, str]) -> results.Columns:
    """The categories of a bar graph, sorted, unassigned last."""
    names: Iterable[str] = {name for row in counts.values() for name in row}
    ordered = sorted(names, key=lambda name: (name == UNASSIGNED, name))
    return {
        name: {"name": name} | ({"color": colours[name]} if name in colours else {})
        for name in ordered
    }
