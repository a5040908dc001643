"""Trials that are files: what is done is not done again."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from ..models.runtime import computing
from ..storage import whole

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    class Trial(DataclassInstance, Protocol):
        """A record of all that a result depends on besides the data."""

        @property
        def name(self) -> str:
            """Of its file."""

        @property
        def seed(self) -> int:
            """Of its random numbers."""


log = logging.getLogger(__name__)

T = TypeVar("T", bound="Trial")


def results(
    trials: Sequence[T], judge: Callable[[T], dict[str, Any]], folder: Path, threads: int | None
) -> list[dict[str, Any]]:
    """Judge what is not done yet; what was found in every trial, with the trial's own fields.

    Every finished trial is a file in the folder, which a later run with the same settings finds
    and does not repeat.
    """
    folder.mkdir(parents=True, exist_ok=True)
    found = []
    for number, trial in enumerate(trials, start=1):
        path = folder / f"{trial.name}.json"
        done = _done(path, trial)
        if done is None:
            log.info("%s of %s: %s", number, len(trials), trial.name)
            with computing(trial.seed, threads):
                done = judge(trial)
            with whole(path) as beside:
                beside.write_text(json.dumps({"trial": asdict(trial), **done}, indent=1))
        found.append(done | asdict(trial))
    return found


def _done(path: Path, trial: Trial) -> dict[str, Any] | None:
    """The result of an earlier run of the very same trial."""
    if not path.exists():
        return None
    before: dict[str, Any] = json.loads(path.read_text())
    return before if before.pop("trial") == asdict(trial) else None
