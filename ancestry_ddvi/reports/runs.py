"""The files of a run under its prefix, read and checked."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ..artefacts.flags import unlike_panel
from ..artefacts.summaries import read_summary
from ..artefacts.tables import parsed, read_table
from ..artefacts.written import WrittenRun
from ..errors import InputsDisagree, InputUnreadable
from ..outputs import output

_GIVE = "Give the prefix of what fit, embed or condition wrote: cohort for cohort.summary.json."
_AGAIN = "Run the command that wrote it again."
_AGAIN_ASSIGN = "Run assign again with this prefix."

FIRST = 10
"""So many principal components are shown."""


@dataclass(frozen=True)
class Level:
    """The groups of one level of labels, as ``assign`` found them.

    Attributes
    ----------
    name : str
    groups : tuple of str
    probability : ndarray of float64, (samples, groups)
    most_similar : ndarray of str, (samples,)
    """

    name: str
    groups: tuple[str, ...]
    probability: np.ndarray
    most_similar: np.ndarray


@dataclass(frozen=True)
class Finest:
    """The group of each sample at the finest level that is sure enough; arrays of (samples,).

    Attributes
    ----------
    group, level, reason : ndarray of str
        PREFIX.ancestry.tsv; all "" where ``assign`` was not run.
    probability : ndarray of float64
    """

    group: np.ndarray
    level: np.ndarray
    reason: np.ndarray
    probability: np.ndarray


@dataclass(frozen=True)
class Run(WrittenRun):
    """What one run wrote, as far as the page shows it.

    Attributes
    ----------
    components : ndarray of float64, (samples, components)
        The first principal components.
    levels : sequence of Level
        What ``assign`` wrote, the finest first; empty where it was not run.
    finest : Finest
    relatives : sequence of tuple of str
        Two samples, kinship, number of variants and relation.
    draws : ndarray of float64, (samples, draws, dims), optional
        From the posterior of each sample; None where the run wrote none.
    """

    components: np.ndarray = field(compare=False)
    levels: Sequence[Level]
    finest: Finest
    relatives: Sequence[tuple[str, ...]]
    draws: np.ndarray | None = field(default=None, compare=False)

    @property
    def command(self) -> str:
        """The command that wrote the coordinates."""
        return str(self.summary["command"])

    @property
    def unlike(self) -> np.ndarray:
        """Which samples are unlike the reference panel; bool (samples,)."""
        return unlike_panel(self.coordinates.flag)


def read_run(given: str) -> Run:
    """Read the files of a run.

    Raises
    ------
    InputUnreadable
        If one is absent, damaged or of another version.
    InputsDisagree
        If they are not of the same samples.
    """
    run = WrittenRun.read(given)
    files = (run.summary or read_summary(output("summary").path(run.prefix), _GIVE))["files"]
    if "coords" not in files:
        raise InputUnreadable(f"{run.prefix}.summary.json lists no coordinates", _GIVE)
    for kind in ("pcs", "relatives", "draws"):
        _check_listed(run, kind, files)
    scores = run.scores if "pcs" in files else None
    count = len(run.samples)
    return Run(
        **{name: getattr(run, name) for name in WrittenRun.__dataclass_fields__},
        components=np.empty((count, 0)) if scores is None else scores[:, :FIRST],
        levels=[_level(run, name) for name in run.assigned.get("levels", {})],
        finest=_finest(run) if run.assigned else _none(count),
        relatives=_relatives(output("relatives").path(run.prefix)) if "relatives" in files else [],
        draws=_draws(run) if "draws" in files else None,
    )


def _check_listed(run: WrittenRun, kind: str, files: Mapping[str, Any]) -> None:
    """Check that a file is there if the summary lists it.

    Raises
    ------
    InputUnreadable
    """
    path = output(kind).path(run.prefix)
    if kind in files and not path.exists():
        problem = f"{path} is absent, though {run.prefix}.summary.json lists it"
        raise InputUnreadable(problem, "Keep the files of a run together, or run it again.")


def _level(run: WrittenRun, name: str) -> Level:
    """The table of one level."""
    path = output("assign.{level}").path(run.given, level=name)
    fixed = ("sample_id", "group", "most_similar", "probability", "entropy", "reason")
    table = run.table(path, fixed)
    header, cells = list(table.columns), table.to_numpy()
    groups = tuple(header[len(fixed) :])
    each = [
        parsed(path, group, "number", cells[:, len(fixed) + k].tolist(), _AGAIN_ASSIGN)
        for k, group in enumerate(groups)
    ]
    chances = np.array(each).reshape(len(groups), len(table)).T
    if ((chances < 0) | (chances > 1)).any():
        raise InputUnreadable(f"{path} has a probability outside 0 to 1", _AGAIN_ASSIGN)
    return Level(name, groups, chances, table["most_similar"].to_numpy())


def _finest(run: WrittenRun) -> Finest:
    """The groups in PREFIX.ancestry.tsv."""
    path, due = output("ancestry").path(run.given), ("ancestry", "level", "reason", "probability")
    table = run.table(path, due)
    group, level, reason = (np.array(table[name].tolist(), dtype=object) for name in due[:3])
    chance = table["probability"].tolist()
    return Finest(
        group, level, reason, parsed(path, "probability", "number", chance, _AGAIN_ASSIGN)
    )


def _none(count: int) -> Finest:
    """No groups, of so many samples."""
    empty = np.full(count, "", dtype=object)
    return Finest(empty, empty, empty, np.full(count, np.nan))


def _relatives(path: Path) -> list[tuple[str, ...]]:
    """Pairs of relatives as the table has them."""
    table = read_table(path, _AGAIN)
    if len(table.columns) != 5:
        raise InputUnreadable(f"{path} is no table of relatives", _AGAIN)
    return [tuple(row) for row in table.to_numpy().tolist()]


def _draws(run: WrittenRun) -> np.ndarray:
    """Draws from the posterior of each sample; (samples, draws, dims).

    Raises
    ------
    InputUnreadable, InputsDisagree
    """
    path = output("draws").path(run.prefix)
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as found:
            samples, draws = found["sample_id"].tolist(), np.asarray(found["draws"], np.float64)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        raise InputUnreadable(f"{path} has no draws that can be read", _AGAIN) from None
    count, dims = run.coordinates.mean.shape
    if samples != run.samples or draws.ndim != 3 or draws.shape[::2] != (count, dims):
        raise InputsDisagree(
            f"{path} is not of the samples and axes of {output('coords').path(run.prefix)}",
            "Give a prefix whose files are of one run.",
        )
    return draws
