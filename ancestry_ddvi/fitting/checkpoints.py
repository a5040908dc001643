"""Steps of a long fit that are kept until it has ended, so that a fit that was stopped goes on."""

from __future__ import annotations

import hashlib
import json
import logging
import time
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

import numpy as np

from ..artefacts.model import FORMAT
from ..artefacts.typed import typed
from ..genotypes.store import GenotypeStore
from ..outputs import output
from ..storage import whole
from ..version import __version__

log = logging.getLogger(__name__)

WORTH_KEEPING = 20.0
"""Seconds that a step must have taken to be kept."""

_BYTES_AT_ONCE = 1 << 26
_REST, _KEY = "rest", "key"

Arrays = Mapping[str, np.ndarray]
T = TypeVar("T")


@dataclass(frozen=True)
class Checkpoints:
    """Results of steps, in ``PREFIX.checkpoint.STEP.npz``.

    Attributes
    ----------
    prefix : str
        "" where nothing is kept.
    key : str
        Digest of everything that decides the results; those of another key are not used.
    """

    prefix: str = ""
    key: str = ""

    @classmethod
    def of(cls, prefix: str, store: GenotypeStore, chosen: object) -> Checkpoints:
        """Those of one fit, by its genotypes, what was chosen, and the version of the program.

        Parameters
        ----------
        prefix : str
        store : GenotypeStore
            All its bytes are read.
        chosen : object
            Values of JSON, and dataclasses of them.
        """
        table = store.variants
        variants = [getattr(table, field.name).tolist() for field in fields(table)]
        facts = [__version__, FORMAT, _json(chosen), store.samples, variants, store.build_hint]
        digest = hashlib.blake2b(_json(facts).encode(), digest_size=16)
        step = max(1, _BYTES_AT_ONCE // max(1, store.packed.shape[1]))
        for start in range(0, len(store), step):
            digest.update(store.packed[start : start + step].tobytes())
        return cls(prefix, digest.hexdigest())

    def recall(self, step: str, kind: type[T], find: Callable[[], T]) -> T:
        """What ``find`` returns, or what it returned in a fit that was stopped.

        Parameters
        ----------
        step : str
            Name of the step, for the file.
        kind : type
            A dataclass whose fields are arrays, mappings of arrays, or values that
            ``typed`` takes.
        find : callable

        Raises
        ------
        OutputUnwritable
        """
        if not self.prefix:
            return find()
        path = output("checkpoint").path(self.prefix, step=step)
        before = self._read(path, kind)
        if before is not None:
            log.info("Taken from a fit that was stopped: %s.", path)
            return before
        start = time.monotonic()
        found = find()
        if time.monotonic() - start >= WORTH_KEEPING:
            self._write(path, found)
        return found

    def clear(self) -> None:
        """Remove the files of all steps."""
        row = output("checkpoint")
        for path in Path(self.prefix).parent.iterdir():
            if self.prefix and row.is_under(self.prefix, path.name):
                path.unlink(missing_ok=True)

    def _write(self, path: Path, found: Any) -> None:
        arrays, rest = {}, {}
        for name, hint in get_type_hints(type(found)).items():
            value = getattr(found, name)
            if hint is np.ndarray:
                arrays[name] = value
            elif hint == Arrays:
                arrays |= {f"{name}/{part}": array for part, array in value.items()}
            else:
                rest[name] = value
        head = {_KEY: np.array(self.key), _REST: np.array(_json(rest))}
        with whole(path) as beside, beside.open("wb") as file:
            np.savez(file, **head, **arrays)  # type: ignore[arg-type]

    def _read(self, path: Path, kind: type[T]) -> T | None:
        """What the file holds; None if there is none, or it is damaged or of another fit."""
        try:
            with path.open("rb") as handle, np.load(handle, allow_pickle=False) as file:
                if str(file[_KEY]) != self.key:
                    return None
                return _restored(kind, {name: file[name] for name in file.files})
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            return None


def _restored(kind: type[T], arrays: dict[str, np.ndarray]) -> T:
    """A dataclass from its arrays and the JSON text of its other fields."""
    rest, values = json.loads(str(arrays[_REST])), dict[str, Any]()
    for name, hint in get_type_hints(kind).items():
        if hint is np.ndarray:
            values[name] = arrays[name]
        elif hint == Arrays:
            inside = (part.removeprefix(f"{name}/") for part in arrays)
            values[name] = {p: arrays[f"{name}/{p}"] for p in inside if f"{name}/{p}" in arrays}
        else:
            values[name] = typed(hint, rest[name], name)
    return kind(**values)


def _json(value: object) -> str:
    """JSON text of values and of dataclasses."""
    return json.dumps(value, default=asdict, sort_keys=True)
