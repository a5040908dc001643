"""Runs that are killed at any moment: the next run succeeds and gives the same bytes.

``DDVI_KILLS`` is the number of kills; by default a few.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

KILLS = int(os.environ.get("DDVI_KILLS", "6"))
TIMED = ("seconds", "timings", "peak_memory_mib")


@pytest.fixture(scope="module")
def commands(cohort_files: SimpleNamespace, fitted_model: SimpleNamespace) -> dict[str, list[str]]:
    cohort, query = str(cohort_files.cohort), str(cohort_files.query)
    labels, model = str(cohort_files.labels), str(fitted_model.files["model"])
    return {
        "fit": ["fit", cohort, "--labels", labels, "--method", "pca", "--out", "x"],
        "embed": ["embed", model, query, "--draws-out", "--out", "x"],
        "ingest": ["ingest", cohort, "--out", "x"],
    }


def start(words: list[str], folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "ancestry_ddvi.cli", *words, "-q"],
        cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def finish(child: subprocess.Popen[str]) -> None:
    out, said = child.communicate(timeout=300)
    assert child.returncode == 0, said
    assert out


def results(folder: Path) -> dict[str, object]:
    """Everything in a folder, but for times and logs."""
    found: dict[str, object] = {}
    for path in folder.iterdir():
        if path.suffix == ".log":
            continue
        found[path.name] = path.read_bytes()
        if path.name.endswith(".summary.json"):
            summary = json.loads(path.read_text())
            found[path.name] = {k: v for k, v in summary.items() if k not in TIMED}
    return found


@pytest.fixture(scope="module")
def undisturbed(commands, tmp_path_factory) -> dict[str, tuple[float, dict[str, object]]]:
    """Seconds and results of each command in an empty folder."""
    found = {}
    for name, words in commands.items():
        folder, begin = tmp_path_factory.mktemp(name), time.monotonic()
        finish(start(words, folder))
        found[name] = time.monotonic() - begin, results(folder)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(KILLS))
def test_after_a_kill_the_next_run_gives_the_same_bytes(
    commands, undisturbed, tmp_path: Path, seed: int
) -> None:
    """Every second time there are results of an earlier run, which a kill leaves or replaces."""
    name = list(commands)[seed % len(commands)]
    seconds, expected = undisturbed[name]
    chance = np.random.default_rng(seed)
    if chance.random() < 0.5:
        finish(start(commands[name], tmp_path))
    number = signal.SIGKILL if chance.random() < 0.5 else signal.SIGTERM
    child = start(commands[name], tmp_path)
    time.sleep(seconds * chance.random())
    child.send_signal(number)
    said = child.communicate(timeout=60)[1]
    assert child.returncode in (0, 143, -number), said
    assert "Traceback" not in said
    if number == signal.SIGTERM:
        assert not list(tmp_path.glob(".*.part"))
    finish(start(commands[name], tmp_path))
    assert results(tmp_path) == expected
