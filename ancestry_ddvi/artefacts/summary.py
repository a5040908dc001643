"""PREFIX.summary.json: options, counts, files, timings and versions of a run."""

from __future__ import annotations

import json
import platform
import resource
import sys
import time
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ..storage import whole
from ..version import __version__

SCHEMA = "urn:ddvi-ancestry:summary:2"
"""``$id`` of the JSON Schema, ``summary.schema.json``."""

_LIBRARIES = ("torch", "numpy", "scipy", "safetensors")


class Clock:
    """Wall time since the start, and of each stage."""

    def __init__(self) -> None:
        self._start = self._last = time.perf_counter()
        self.laps: dict[str, float] = {}

    def lap(self, name: str) -> None:
        """Add the time since the last call to the stage ``name``."""
        now = time.perf_counter()
        self.laps[name] = round(self.laps.get(name, 0.0) + now - self._last, 3)
        self._last = now

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return round(time.perf_counter() - self._start, 3)


def versions() -> dict[str, str]:
    """Versions of the program, Python and the libraries used."""
    found = {name: version(name) for name in _LIBRARIES}
    return {"ddvi-ancestry": __version__, "python": platform.python_version(), **found}


def peak_memory_mib() -> float:
    """Largest resident memory of this process so far, in MiB."""
    unit = 1 if sys.platform == "darwin" else 1024
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20, 1)


def complete(summary: Mapping[str, Any], files: Mapping[str, Path], clock: Clock) -> dict[str, Any]:
    """The summary with the keys of every run: files, versions, timings, memory."""
    return {
        "$schema": SCHEMA,
        **summary,
        "files": {name: str(path) for name, path in files.items()},
        "seconds": clock.seconds,
        "timings": clock.laps,
        "peak_memory_mib": peak_memory_mib(),
        "versions": versions(),
    }


def write_summary(path: Path, summary: Mapping[str, Any]) -> None:
    """Write the summary as indented JSON."""
    with whole(path) as beside:
        text = json.dumps(summary, indent=2, ensure_ascii=False) + "\n"
        beside.write_text(text, "utf-8", errors="backslashreplace")  # \udcXX, as JSON has it
