"""Samples of groups that a model has not seen: each left out of a fit in turn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from reference_answers import UNASSIGNED, Answers, of_assign, proportion
from reference_files import Query, plink
from reference_folds import OPTIONS, kept
from reference_panels import LEVELS, Panel
from reference_rivals import Rivals

import ancestry_ddvi

QUICK = {"steps": "300"}
"""Settings of fits without a population: the components and the groups on them do not depend on
training. Without a superpopulation the settings are the default ones, because whether its samples
are unlike the panel also depends on the map."""

STRANGERS = ("GIH", "MKK")
"""Populations of HapMap 3 that are not in 1000 Genomes phase 1."""

CHECKED = 2
"""Populations whose fit is made with the default settings too."""


def outside(panel: Panel, only: Sequence[str] = ()) -> dict[str, Any]:
    """What becomes of each population and superpopulation left out, by method.

    ``only`` names some of them, and "strangers".
    """
    found: dict[str, Any] = {}
    for level in LEVELS:
        for number, name in enumerate(sorted(set(panel.labels[level]))):
            if only and name not in only:
                continue
            left = panel.labels[level].to_numpy(str) == name
            settings = QUICK if level == LEVELS[0] else {}
            found[f"{level}:{name}"] = _without(panel, left, level, name, settings)
            if level == LEVELS[0] and number < CHECKED:
                found[f"{level}:{name}:default"] = _without(panel, left, level, name, {})
    return found | (strangers(panel) if not only or "strangers" in only else {})


def strangers(panel: Panel) -> dict[str, Any]:
    """What a model of the first data set says of populations that only the other has."""
    first = panel.source == panel.source[0]
    if first.all():
        return {}
    prefix, found = panel.fitted(~first, "first", {}), {}
    for name in STRANGERS:
        asked = np.flatnonzero((panel.labels["population"] == name).to_numpy() & ~first)
        path = prefix.parent / f"{name}.pickle"
        answers = kept(path, partial(_asked, panel, asked, prefix))
        found[f"strangers:{name}"] = _row(panel, answers, "strangers", name, len(asked))
    return found


def _without(
    panel: Panel, left: np.ndarray, level: str, name: str, settings: dict[str, str]
) -> dict[str, Any]:
    """Fit without a group and ask about it."""
    folder = f"without.{level}.{name}{'' if settings else '.default'}"
    prefix = panel.fitted(left, folder, settings)
    path = panel.work / panel.name / folder / "answers.pickle"
    answers = kept(path, partial(_asked, panel, np.flatnonzero(left), prefix))
    return _row(panel, answers, level, name, int(left.sum()))


def _row(
    panel: Panel, answers: list[Answers], level: str, name: str, samples: int
) -> dict[str, Any]:
    """What each method says of a group."""
    whole = level == "superpopulation"
    return {
        "level": level,
        "group": name,
        "samples": samples,
        "methods": {method: judged(panel, some, whole) for method, some in _paired(answers)},
    }


def _asked(panel: Panel, samples: np.ndarray, prefix: Path) -> list[Answers]:
    query = Query.of(panel, samples, 0)
    with TemporaryDirectory(dir=prefix.parent) as temporary:
        folder = Path(temporary)
        path = plink(query, folder / "query")
        ancestry_ddvi.assign(f"{prefix}.ddvi", [path], str(folder / "out"), **OPTIONS)
        rivals = Rivals(panel, prefix)
        return [
            *of_assign(folder / "out"),
            *rivals.on_components(folder / "out"),
            rivals.peddy(path),
        ]


def _paired(answers: list[Answers]) -> Iterator[tuple[str, dict[str, Answers]]]:
    """The answers of each method by level."""
    for method in dict.fromkeys(one.method for one in answers):
        yield method, {one.level: one for one in answers if one.method == method}


def judged(panel: Panel, answers: dict[str, Answers], whole: bool) -> dict[str, Any]:
    """Shares unassigned, at the right superpopulation, and wrong, of samples of a group left out.

    A sample is wrong if either level has a name that is not in its superpopulation; with the whole
    superpopulation left out every name is.
    """
    above = dict(zip(panel.labels["population"], panel.labels["superpopulation"], strict=True))
    top = answers["superpopulation"]
    truth = panel.labels.loc[top.samples, "superpopulation"].to_numpy(str)
    named = [top.named]
    if "population" in answers:
        named.append(np.array([above.get(g, g) for g in answers["population"].named]))
    wrong = np.zeros(len(truth), dtype=bool)
    for each in named:
        wrong |= (each != UNASSIGNED) & (np.full(len(truth), whole) | (each != truth))
    silent = np.all([each == UNASSIGNED for each in named], axis=0)
    return {
        "unassigned": proportion(silent),
        "right": proportion(~silent & ~wrong),
        "wrong": proportion(wrong),
        "given_a_population": proportion(named[-1] != UNASSIGNED) if len(named) > 1 else None,
        "counts": [int(silent.sum()), int((~silent & ~wrong).sum()), int(wrong.sum())],
    }
