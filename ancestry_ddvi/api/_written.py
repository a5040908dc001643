"""What an earlier run wrote, read again."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ..artefacts.coordinates import Coordinates, read_coordinates
from ..artefacts.labels import read_labels
from ..artefacts.model import Model
from ..artefacts.tables import read_table
from ..errors import DDVIError, InputsDisagree, InputUnreadable, UsageProblem, quoted, several
from ..outputs import output
from ._named import NamedModel

log = logging.getLogger(__name__)

_AGAIN = "Run the command again that wrote it."
_GIVE = "Give the prefix of files that fit, embed or condition wrote, or a model."


@dataclass(frozen=True)
class WrittenRun:
    """The tables and the summary under a prefix.

    Attributes
    ----------
    prefix : str
    coordinates : Coordinates
    summary : mapping
        Empty where there is none.
    """

    prefix: str
    coordinates: Coordinates = field(compare=False)
    summary: Mapping[str, Any] = field(compare=False)

    @classmethod
    def read(cls, prefix: str) -> WrittenRun:
        """Read the coordinates and the summary.

        Raises
        ------
        InputUnreadable
        """
        path = output("coords").path(prefix)
        if not path.exists():
            raise InputUnreadable(f"{path} cannot be read: No such file or directory", _GIVE)
        return cls(prefix, read_coordinates(path), _summary(output("summary").path(prefix)))

    @property
    def is_fit(self) -> bool:
        """Whether the samples are those of a fit."""
        return self.summary.get("command") == "fit"

    @property
    def _options(self) -> Mapping[str, Any]:
        found = self.summary.get("options")
        return found if isinstance(found, Mapping) else {}

    @property
    def seed(self) -> int | None:
        """Random seed of the run; None where the summary has none."""
        return self._options.get("seed")

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
        table = self._table(path)
        try:
            return np.array([table[name] for name in table if name != "sample_id"], float).T
        except ValueError:
            raise InputUnreadable(f"{path} has text where a number is due", _AGAIN) from None

    def model(self) -> Model | None:
        """The model of the run; None, with a warning, where it is not found."""
        name = output("model").path(self.prefix) if self.is_fit else self.summary.get("model")
        due = self.summary.get("model_sha256")
        why = []
        for path in _candidates(name, Path(self.prefix).parent):
            try:
                named = NamedModel.read(path)
            except DDVIError as error:
                why.append(error.problem)
                continue
            if due is None or named.sha256 == due:
                return named.model
            why.append(f"{path} has changed since")
        log.warning(
            "The model of %s is not found (%s): its groups are not drawn.",
            self.prefix,
            why[0] if why else "the summary does not name it",
        )
        return None

    @property
    def labels(self) -> list[str] | None:
        """The labels that the run was given; None without, or with a warning if they are gone."""
        given = self._options.get("labels")
        if not given:
            return None
        found = [
            p for p in (Path(given), Path(self.prefix).parent / Path(given).name) if p.exists()
        ]
        if not found:
            log.warning("The labels of %s, %s, are not found.", self.prefix, given)
            return None
        samples = self.coordinates.samples
        return read_labels(found[0]).match(samples).of(samples)

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
            table = self._table(path)
            if name in table and name != "sample_id":
                return table[name]
            seen |= dict.fromkeys(table)
        raise UsageProblem(
            f"no table of {self.prefix} has a column {quoted(name)}; there are "
            f"{several(list(seen)[1:])}",
            "Give one of them, or --table.",
        )

    def _tables(self) -> Iterator[Path]:
        """The tables with a row for each sample that are there."""
        folder, name = Path(self.prefix).parent, Path(self.prefix).name
        for kind in ("coords", "ancestry", "pcs", "groups"):
            if (path := output(kind).path(self.prefix)).exists():
                yield path
        levels = output("assign.{level}")
        yield from sorted(p for p in folder.glob("*.tsv") if levels.is_under(name, p.name))

    def _table(self, path: Path) -> dict[str, list[str]]:
        """The columns of a table with the samples of the coordinates.

        Raises
        ------
        InputUnreadable, InputsDisagree
        """
        found = read_table(path, _AGAIN)
        if found.iloc[:, 0].tolist() != self.coordinates.samples:
            raise InputsDisagree(
                f"{path} has other samples than {output('coords').path(self.prefix)}", _AGAIN
            )
        return {name: found[name].tolist() for name in found}


def _summary(path: Path) -> Mapping[str, Any]:
    """The summary of a run; empty where there is none.

    Raises
    ------
    InputUnreadable
    """
    if not path.exists():
        return {}
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise InputUnreadable(f"{path} cannot be read: {error}", _AGAIN) from None
    if not isinstance(found, dict):
        raise InputUnreadable(f"{path} is no summary", _AGAIN)
    return found


def _candidates(name: str | Path | None, folder: Path) -> Iterator[str]:
    """Where a model may be: as it was given, and beside the run."""
    if name is None:
        return
    yield str(name)
    if isinstance(name, str) and name.endswith(".ddvi"):
        yield str(folder / Path(name).name)
