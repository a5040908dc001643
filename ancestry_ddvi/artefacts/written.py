"""What an earlier run wrote under its prefix, read again."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import InputsDisagree, InputUnreadable, UsageProblem, quoted, several
from ..outputs import output
from ..reference_models import find
from ..storage import sha256
from .coordinates import Coordinates, read_coordinates
from .labels import read_labels
from .summaries import read_summary
from .tables import parsed, read_table

if TYPE_CHECKING:
    from pandas import DataFrame

log = logging.getLogger(__name__)

_AGAIN = "Run the command that wrote it again."
_GIVE = "Give the prefix of files that fit, embed or condition wrote: cohort for cohort.coords.tsv."
_OF_ONE_RUN = "Give a prefix whose files are of one run."


@dataclass(frozen=True)
class WrittenRun:
    """The coordinates and the summaries of a run.

    Attributes
    ----------
    given : str
        The prefix that was asked for, with what ``assign`` wrote.
    prefix : str
        That of the coordinates: another one where ``assign`` read them from there.
    coordinates : Coordinates
    summary : mapping
        PREFIX.summary.json; empty where there is none.
    assigned : mapping
        PREFIX.assign.json; empty where ``assign`` was not run.
    """

    given: str
    prefix: str
    coordinates: Coordinates = field(compare=False)
    summary: Mapping[str, Any] = field(compare=False)
    assigned: Mapping[str, Any] = field(compare=False)

    @classmethod
    def read(cls, given: str) -> WrittenRun:
        """Read the coordinates and the summaries.

        Raises
        ------
        InputUnreadable
            If there are no coordinates, or a file is damaged.
        """
        path = output("assign").path(given)
        assigned = read_summary(path) if path.exists() else {}
        prefix = _prefix_of_coordinates(given, assigned)
        path = output("coords").path(prefix)
        if not path.exists():
            raise InputUnreadable(f"{path} cannot be read: No such file or directory", _GIVE)
        summary = output("summary").path(prefix)
        found = read_summary(summary) if summary.exists() else {}
        return cls(given, prefix, read_coordinates(path), found, assigned)

    @property
    def name(self) -> str:
        """The prefix without its folder."""
        return Path(self.given).name

    @property
    def samples(self) -> list[str]:
        """Sample IDs."""
        return self.coordinates.samples

    @property
    def is_fit(self) -> bool:
        """Whether the samples are those of a fit."""
        return self.summary.get("command") == "fit"

    @property
    def options(self) -> Mapping[str, Any]:
        """Options of the run; empty where the summary is not there."""
        return dict(self.summary.get("options", {}))

    @property
    def seed(self) -> int | None:
        """Random seed of the run; None where the summary has none."""
        return self.options.get("seed")

    @cached_property
    def scores(self) -> np.ndarray | None:
        """Component scores, (samples, components); None where the run wrote none.

        Raises
        ------
        InputUnreadable, InputsDisagree
        """
        path = output("pcs").path(self.prefix)
        if not path.exists():
            return None
        table = self.table(path)
        names = [name for name in table if name != "sample_id"]
        found = [parsed(path, name, "number", table[name].tolist(), _AGAIN) for name in names]
        return np.array(found).reshape(len(names), len(self.samples)).T

    @cached_property
    def labels_path(self) -> Path | None:
        """The table of labels that the run was given, where it was or beside the run.

        None without, and with a warning in the log where it is gone.
        """
        given = str(self.options.get("labels") or "")
        if not given:
            return None
        places = (Path(given), Path(self.prefix).parent / Path(given).name)
        found = next((path for path in places if path.is_file()), None)
        if found is None:
            log.warning("The labels of %s, %s, are not found.", self.prefix, given)
        return found

    @property
    def labels(self) -> list[str] | None:
        """The finest label of each sample; None where the run was given none."""
        path = self.labels_path
        return read_labels(path).match(self.samples).of(self.samples) if path else None

    def model_file(self) -> Path:
        """The model of the run: where its summary says, or beside it.

        Raises
        ------
        InputUnreadable
            If it is not there.
        InputsDisagree
            If it has changed since.
        """
        named = self._named_model()
        places = dict.fromkeys((named, Path(self.prefix).parent / named.name))
        there = [path for path in places if path.is_file()]
        if not there:
            problem = f"{named}, the model of {self.prefix}, is not there"
            raise InputUnreadable(problem, "Give it by --model.")
        if not (same := [path for path in there if self.is_of(path)]):
            problem = f"{there[0]}, the model of {self.prefix}, has changed since"
            raise InputsDisagree(problem, "Run the command again, or give its model.")
        return same[0]

    def is_of(self, model: Path) -> bool:
        """Whether a model is that of the run, as far as the run says which it was.

        A run does not where it read its model from a pipe, nor a fit that is not beside its model.
        """
        due = _checksums(self.prefix, self.summary) | {self.assigned.get("model_sha256")}
        return due - {None} <= {sha256(model)}

    def _named_model(self) -> Path:
        """Where the model was.

        Raises
        ------
        InputUnreadable
            If the summary does not name it.
        """
        if self.is_fit:
            return output("model").path(self.prefix)
        if not (name := self.summary.get("model")):
            raise InputUnreadable(f"no summary names the model of {self.prefix}", _GIVE)
        try:
            return find(name)
        except InputUnreadable:  # the name of a reference model that is not installed
            return Path(name)

    def column(self, name: str) -> list[str]:
        """A column of the first table of the run that has it, as text.

        Raises
        ------
        UsageProblem
            If none has.
        InputUnreadable, InputsDisagree
        """
        seen: dict[str, None] = {}
        for path in self._tables():
            table = self.table(path)
            if name in table and name != "sample_id":
                return list(table[name].tolist())
            seen |= dict.fromkeys(table)
        raise UsageProblem(
            f"no table of {self.given} has a column {quoted(name)}; there are "
            f"{several(list(seen)[1:])}",
            "Give one of them, or --table.",
        )

    def _tables(self) -> Iterator[Path]:
        """The tables with a row for each sample that are there."""
        places = [
            (self.prefix, "coords"), (self.given, "ancestry"), (self.prefix, "pcs"),
            (self.prefix, "groups"),
        ]  # fmt: skip
        found = (output(kind).path(prefix) for prefix, kind in places)
        yield from (path for path in found if path.exists())
        levels, folder = output("assign.{level}"), Path(self.given).parent
        yield from sorted(p for p in folder.glob("*.tsv") if levels.is_under(self.name, p.name))

    def table(self, path: Path, due: Sequence[str] = ()) -> DataFrame:
        """A table with the samples of the coordinates, in their order; every cell is text.

        Parameters
        ----------
        path : Path
        due : sequence of str
            Columns that it must have.

        Raises
        ------
        InputUnreadable, InputsDisagree
        """
        found = read_table(path, _AGAIN)
        if lacking := [name for name in ("sample_id", *due) if name not in found]:
            raise InputUnreadable(f"{path} has no column {lacking[0]}", _AGAIN)
        mine, theirs = self.samples, found["sample_id"].tolist()
        if mine != theirs:
            pairs = enumerate(zip(mine, theirs, strict=False))
            first = next((n for n, (a, b) in pairs if a != b), min(len(mine), len(theirs)))
            raise InputsDisagree(
                f"{path}, line {first + 2}: not the sample of that line of "
                f"{output('coords').path(self.prefix)}",
                _OF_ONE_RUN,
            )
        return found


def _prefix_of_coordinates(given: str, assigned: Mapping[str, Any]) -> str:
    """The prefix itself, or that of the table that ``assign`` was given.

    Raises
    ------
    InputUnreadable
        If that table is gone.
    """
    row, table = output("coords"), Path(next(iter(assigned.get("inputs", ())), ""))
    here = any(output(kind).path(given).exists() for kind in ("coords", "summary"))
    if here or not table.name.endswith(row.ending):
        return given
    for path in (table, Path(given).parent / table.name):
        if path.exists():
            return str(path).removesuffix(row.ending)
    raise InputUnreadable(
        f"{table}, the coordinates of {output('assign').path(given)}, is not there",
        "Keep the files of embed and of assign together.",
    )


def check_is_of_a_run(table: Path) -> None:
    """Check that a table of coordinates has its name and its summary beside it.

    Raises
    ------
    InputUnreadable
    """
    ending = output("coords").ending
    if not table.name.endswith(ending):
        raise InputUnreadable(
            f"--report needs the other files of the run, and {table} is not called X{ending}",
            "Give the table as fit or embed wrote it.",
        )
    read_summary(output("summary").path(str(table).removesuffix(ending)), "Leave out --report.")


def check_is_of_model(table: Path, name: str, checksum: str | None) -> None:
    """Check that coordinates are of a model, as far as the summary beside them says of which.

    Parameters
    ----------
    table : Path
    name : str
        Of the model, as given.
    checksum : str, optional
        Of its file; None of a pipe, which is not checked.

    Raises
    ------
    InputsDisagree
        If they are of another model.
    InputUnreadable
        If the summary is damaged.
    """
    ending = output("coords").ending
    prefix = str(table).removesuffix(ending)
    path = output("summary").path(prefix)
    if checksum is None or not table.name.endswith(ending) or not path.exists():
        return
    summary = read_summary(path)
    if _checksums(prefix, summary) <= {checksum, None}:
        return
    own = summary.get("model") or str(output("model").path(prefix))
    found = f"another model {name}" if own == name else f"the model {own}, not {name}"
    raise InputsDisagree(f"{table} is of {found}", "Give the model of that run, or the genotypes.")


def _checksums(prefix: str, summary: Mapping[str, Any]) -> set[str | None]:
    """Those of the models that a run says are its own: of a fit, of the model beside it."""
    due, own = {summary.get("model_sha256")}, output("model").path(prefix)
    if summary.get("command") == "fit" and own.is_file():
        due.add(sha256(own))
    return due
