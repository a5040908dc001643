"""The files of a run under its prefix, read and checked."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..artefacts.coordinates import Coordinates, read_coordinates
from ..artefacts.flags import unlike_panel
from ..artefacts.summary import SCHEMA
from ..artefacts.tables import parsed, read_table
from ..errors import InputsDisagree, InputUnreadable, quoted
from ..outputs import output

if TYPE_CHECKING:
    from pandas import DataFrame

_GIVE = "Give the prefix of what fit, embed or condition wrote: cohort for cohort.summary.json."
_AGAIN = "Run the command that wrote it again."
_AGAIN_ASSIGN = "Run assign again with this prefix."

_DUE = {
    "": ("command", "files", "inputs", "options", "samples", "seconds", "peak_memory_mib",
        "versions"),
    "files": (),
    "options": (),
    "versions": ("ddvi-ancestry",),
    "harmonisation": (
        "matched", "model_variants", "variant_fraction", "allele_mismatch", "key", "chromosomes",
        "positions_agree", "detected_build", "model_build",
    ),
    "calibration": ("coverage", "samples", "temperature"),
    "movement": ("refits", "r2", "map_sd"),
}  # fmt: skip
"""Keys of a summary, and of its parts where they are there, without which there is no page."""

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
class Run:
    """What one run wrote.

    Attributes
    ----------
    prefix : str
    name : str
        The prefix without its folder.
    summary : mapping
        PREFIX.summary.json.
    coordinates : Coordinates
    components : ndarray of float64, (samples, components)
        The first principal components.
    levels : sequence of Level
        What ``assign`` wrote, the finest first; empty where it was not run.
    finest : Finest
    relatives : sequence of tuple of str
        Two samples, kinship, number of variants and relation.
    assigned : mapping
        PREFIX.assign.json; empty where ``assign`` was not run.
    """

    prefix: str
    name: str
    summary: Mapping[str, Any]
    coordinates: Coordinates
    components: np.ndarray
    levels: Sequence[Level]
    finest: Finest
    relatives: Sequence[tuple[str, ...]]
    assigned: Mapping[str, Any] = field(default_factory=dict)

    @property
    def command(self) -> str:
        """The command that wrote the coordinates."""
        return str(self.summary["command"])

    @property
    def samples(self) -> list[str]:
        """Sample IDs."""
        return self.coordinates.samples

    @property
    def unlike(self) -> np.ndarray:
        """Which samples are unlike the reference panel; bool (samples,)."""
        return unlike_panel(self.coordinates.flag)


def read_run(prefix: str) -> Run:
    """Read the files of a run.

    Raises
    ------
    InputUnreadable
        If one is absent, damaged or of another version.
    InputsDisagree
        If they are not of the same samples.
    """
    summary = _summary(output("summary").path(prefix), _GIVE)
    if "coords" not in summary["files"]:
        raise InputUnreadable(f"{prefix}.summary.json lists no coordinates", _GIVE)
    coordinates = read_coordinates(_listed(prefix, "coords"))
    samples = coordinates.samples
    components = np.empty((len(samples), 0))
    if "pcs" in summary["files"]:
        components = _components(_listed(prefix, "pcs"), samples)
    assigned = output("assign").path(prefix)
    found = _summary(assigned, _AGAIN) if assigned.exists() else {}
    levels = [_level(prefix, name, samples) for name in found.get("levels", {})]
    finest = _finest(output("ancestry").path(prefix), samples) if found else _none(len(samples))
    relatives = _relatives(prefix) if "relatives" in summary["files"] else []
    return Run(
        prefix, Path(prefix).name, summary, coordinates, components, levels, finest, relatives,
        found,
    )  # fmt: skip


def _summary(path: Path, remedy: str) -> dict[str, Any]:
    """A summary of this version.

    Raises
    ------
    InputUnreadable
    """
    try:
        found: Any = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise InputUnreadable(f"{path} cannot be read: {error.strerror}", remedy) from None
    except ValueError:
        raise InputUnreadable(f"{path} is damaged: no JSON", _AGAIN) from None
    schema = found.get("$schema") if isinstance(found, dict) else None
    if schema != SCHEMA:
        said = f"is of another version, {quoted(str(schema))}" if schema else "is no summary"
        raise InputUnreadable(f"{path} {said}; this version reads {SCHEMA}", _AGAIN)
    for part, due in _DUE.items():
        of = found.get(part) if part else found
        if of is None:
            continue
        if lacking := [key for key in due if not isinstance(of, dict) or key not in of]:
            raise InputUnreadable(f"{path} is damaged: {part or 'it'} has no {lacking[0]}", _AGAIN)
    return dict(found)


def _listed(prefix: str, kind: str) -> Path:
    """A file that the summary lists.

    Raises
    ------
    InputUnreadable
        If it is not there.
    """
    path = output(kind).path(prefix)
    if not path.exists():
        problem = f"{path} is absent, though {prefix}.summary.json lists it"
        raise InputUnreadable(problem, "Keep the files of a run together, or run it again.")
    return path


def _components(path: Path, samples: Sequence[str]) -> np.ndarray:
    """The first principal components of the samples; (samples, components)."""
    table = read_table(path, _AGAIN)
    _same_samples(path, table, samples)
    names = [name for name in table if name != "sample_id"][:FIRST]
    columns = [parsed(path, name, "number", table[name].tolist(), _AGAIN) for name in names]
    return np.array(columns).reshape(len(names), len(samples)).T


def _level(prefix: str, name: str, samples: Sequence[str]) -> Level:
    """The table of one level."""
    path = output("assign.{level}").path(prefix, level=name)
    table = read_table(path, _AGAIN_ASSIGN)
    _same_samples(path, table, samples)
    fixed = ["sample_id", "group", "most_similar", "probability", "entropy", "reason"]
    if lacking := [column for column in fixed if column not in table]:
        raise InputUnreadable(f"{path} has no column {lacking[0]}", _AGAIN)
    header, cells = list(table.columns), table.to_numpy()
    groups = tuple(header[len(fixed) :])
    each = [
        parsed(path, group, "number", cells[:, len(fixed) + k].tolist(), _AGAIN)
        for k, group in enumerate(groups)
    ]
    return Level(
        name,
        groups,
        np.array(each).reshape(len(groups), len(samples)).T,
        table["most_similar"].to_numpy(),
    )


def _finest(path: Path, samples: Sequence[str]) -> Finest:
    """The groups in PREFIX.ancestry.tsv."""
    table = read_table(path, _AGAIN_ASSIGN)
    _same_samples(path, table, samples)
    due = ("ancestry", "level", "reason", "probability")
    if lacking := [name for name in due if name not in table]:
        raise InputUnreadable(f"{path} has no column {lacking[0]}", _AGAIN_ASSIGN)
    group, level, reason = (np.array(table[name].tolist(), dtype=object) for name in due[:3])
    chance = table["probability"].tolist()
    return Finest(
        group, level, reason, parsed(path, "probability", "number", chance, _AGAIN_ASSIGN)
    )


def _none(count: int) -> Finest:
    """No groups, of so many samples."""
    empty = np.full(count, "", dtype=object)
    return Finest(empty, empty, empty, np.full(count, np.nan))


def _relatives(prefix: str) -> list[tuple[str, ...]]:
    """Pairs of relatives as the table has them."""
    path = _listed(prefix, "relatives")
    table = read_table(path, _AGAIN)
    if len(table.columns) != 5:
        raise InputUnreadable(f"{path} is no table of relatives", _AGAIN)
    return [tuple(row) for row in table.to_numpy().tolist()]


def _same_samples(path: Path, table: DataFrame, samples: Sequence[str]) -> None:
    """Check that a table is of the samples of the coordinates, in their order.

    Raises
    ------
    InputsDisagree, InputUnreadable
    """
    if "sample_id" not in table:
        raise InputUnreadable(f"{path} has no column sample_id", _AGAIN)
    found = table["sample_id"].tolist()
    if found == list(samples):
        return
    rows = zip(found, samples, strict=False)
    first = next((n for n, (a, b) in enumerate(rows) if a != b), min(len(found), len(samples)))
    raise InputsDisagree(
        f"{path}, line {first + 2}: not the sample of that line of the coordinates",
        "Give a prefix whose files are of one run.",
    )
