"""The summary of a run."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

from ancestry_ddvi import __version__
from ancestry_ddvi.artefacts.summary import (
    Clock,
    complete,
    peak_memory_mib,
    versions,
    write_summary,
)


def test_laps_add_up_under_their_name() -> None:
    clock = Clock()
    for name in ("a", "b", "a"):
        clock.lap(name)
    assert list(clock.laps) == ["a", "b"]
    assert 0 <= sum(clock.laps.values()) <= clock.seconds + 0.01


def test_what_every_run_reports_is_there(tmp_path) -> None:
    summary = complete({"command": "fit"}, {"model": Path("x.ddvi")}, Clock())
    assert summary["command"] == "fit"
    assert summary["files"] == {"model": "x.ddvi"}
    assert {"$schema", "seconds", "timings", "peak_memory_mib", "versions"} <= summary.keys()
    write_summary(tmp_path / "x.json", summary | {"name": "Å"})
    content = (tmp_path / "x.json").read_text("utf-8")
    assert json.loads(content) == summary | {"name": "Å"}
    assert "Å" in content


def test_versions_are_those_of_what_computed() -> None:
    import numpy as np

    found = versions()
    assert found["ddvi-ancestry"] == __version__
    assert found["numpy"] == np.__version__


def test_memory_is_that_of_a_python_with_libraries_loaded() -> None:
    assert 20 < peak_memory_mib() < 1e5


def test_a_fit_names_every_file_it_wrote(fitted_model: SimpleNamespace) -> None:
    summary = json.loads(fitted_model.files["summary"].read_text("utf-8"))
    assert {name: Path(path) for name, path in summary["files"].items()} == fitted_model.files
    assert all(path.stat().st_size for path in fitted_model.files.values())
    assert summary["samples_in_fit"] <= summary["samples"]
    assert sum(summary["timings"].values()) <= summary["seconds"] + 0.1
