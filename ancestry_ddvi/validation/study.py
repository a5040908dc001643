"""What a study is, and the one way to run it: trials, results kept in files, a table."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

import torch

from ..evaluation.intervals import t_interval
from ..evaluation.tables import Estimate, Table
from ..models.runtime import computing
from ..progress import Progress
from ..storage import whole

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    class Trial(DataclassInstance, Protocol):
        """Everything that a result depends on, apart from the data."""

        @property
        def name(self) -> str:
            """Name of its file."""

        @property
        def seed(self) -> int:
            """Seed of its random numbers."""


log = logging.getLogger(__name__)

T = TypeVar("T", bound="Trial")
D = TypeVar("D")

Result = Mapping[str, Any]
"""What was measured in a trial, with the fields of the trial."""


@dataclass(frozen=True)
class StudyOptions:
    """What the user chose; a study reads the options that it has.

    Attributes
    ----------
    methods, priors, shapes : tuple of str
        Names of ``METHODS``, ``PRIORS`` and ``TOYS``; empty for the defaults of the study.
    dims : int
        Latents of the generators.
    seeds : int
        Fits of each kind, from seed 1.
    labels : int
        Labels kept in all, to guide the fit; 0 for none.
    epochs : float
        Passes over the training data.
    settings : mapping of str to str
        Settings of the recipes.
    """

    methods: tuple[str, ...] = ()
    priors: tuple[str, ...] = ()
    shapes: tuple[str, ...] = ()
    dims: int = 8
    seeds: int = 3
    labels: int = 0
    epochs: float = 10.0
    settings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Workspace:
    """Where a study runs.

    Attributes
    ----------
    out : Path
        Folder of tables, pictures and finished trials.
    device : torch.device
    threads : int, optional
    progress : Progress
    collection : str
        Name of the images to load; "" where a study has none.
    data : Path, optional
        Folder of the original files of the images.
    """

    out: Path
    device: torch.device
    threads: int | None
    progress: Progress
    collection: str = ""
    data: Path | None = None

    @property
    def pictures(self) -> Path:
        """Folder of the pictures."""
        return self.out / "pictures"

    @property
    def images(self) -> Path:
        """Folder of the original files; a study without images does not ask for it."""
        assert self.data is not None
        return self.data


@dataclass(frozen=True)
class Study(Generic[T, D]):
    """Trials of one kind, and the table made of them.

    Attributes
    ----------
    suffix : str
        Added to the name of the benchmark in the names of the tables.
    recipe : type
        The kind of ``Recipe`` whose methods are fitted.
    methods : tuple of str
        Names of ``METHODS`` that are fitted by default.
    columns : tuple of str
        Of the table.
    keys : tuple of str
        Fields of a trial that tell apart the rows of the table; trials that agree in them differ
        in the seed alone.
    plan : callable
        From ``StudyOptions`` to all trials. Raises UsageProblem if one is not possible.
    load : callable
        From ``Workspace`` and the trials to the data that all trials share.
    judge : callable
        From a trial, the data and the ``Workspace`` to what was measured, as JSON values. Runs
        with torch seeded by the trial.
    rows : callable
        From the results of trials that agree in ``keys`` to rows of the table.
    """

    suffix: str
    recipe: type[Any]
    methods: tuple[str, ...]
    columns: tuple[str, ...]
    keys: tuple[str, ...]
    plan: Callable[[StudyOptions], list[T]]
    load: Callable[[Workspace, Sequence[T]], D]
    judge: Callable[[T, D, Workspace], dict[str, Any]]
    rows: Callable[[Sequence[Result]], list[dict[str, Any]]]


def run(study: Study[T, D], trials: Sequence[T], where: Workspace) -> Table:
    """Judge the trials that are not finished yet, and make the table of all.

    Raises
    ------
    DDVIError
        If data cannot be read, or a trial fails.
    """
    data = study.load(where, trials)
    results = [
        _result(study, trial, data, where, f"{number} of {len(trials)}")
        for number, trial in enumerate(trials, start=1)
    ]
    return tabulate(study, results)


def _result(study: Study[T, D], trial: T, data: D, where: Workspace, number: str) -> dict[str, Any]:
    """The result of a trial, from its file if an earlier run with the same fields wrote it."""
    path = where.out / "trials" / f"{trial.name}.json"
    found = _finished(path, trial)
    if found is None:
        log.info("%s: %s", number, trial.name)
        with computing(trial.seed, where.threads):
            found = study.judge(trial, data, where)
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole(path) as beside:
            beside.write_text(json.dumps({"trial": asdict(trial), **found}, indent=1))
    return found | asdict(trial)


def _finished(path: Path, trial: Trial) -> dict[str, Any] | None:
    """The result that an earlier run of the very same trial wrote, or None."""
    if not path.exists():
        return None
    before: dict[str, Any] = json.loads(path.read_text())
    return before if before.pop("trial") == json.loads(json.dumps(asdict(trial))) else None


def tabulate(study: Study[Any, Any], results: Sequence[Result]) -> Table:
    """The rows of every group of results, after the keys of the group and the number of seeds."""
    groups: dict[tuple[Any, ...], list[Result]] = {}
    for result in results:
        groups.setdefault(tuple(result[key] for key in study.keys), []).append(result)
    rows = [
        dict(zip(study.keys, key, strict=True)) | {"seeds": len(same)} | row
        for key, same in groups.items()
        for row in study.rows(same)
    ]
    return Table(study.columns, rows)


def estimates(
    columns: Sequence[str], results: Sequence[Result], fixed: Collection[str] = ()
) -> dict[str, Any]:
    """Means over seeds with 95 % t intervals; plain numbers in columns that no seed changes."""
    return {
        column: results[0][column]
        if column in fixed
        else Estimate(*t_interval([result.get(column, math.nan) for result in results]))
        for column in columns
    }


def steps(epochs: float, rows: int, batch: int) -> int:
    """Training steps of so many passes over the rows."""
    return math.ceil(epochs * rows / batch)
