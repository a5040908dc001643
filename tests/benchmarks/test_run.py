"""The benchmarks: what is measured is what happened, and what is stored is what is shown."""

from __future__ import annotations

import importlib
import json
import runpy
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

from ancestry_ddvi.genotypes.simulation.cohort import Design, write_cohort

FOLDER = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(autouse=True)
def path(monkeypatch) -> None:
    monkeypatch.syspath_prepend(str(FOLDER))


def script(name: str) -> ModuleType:
    return importlib.import_module(name)


def row(key: str, facts: dict | None = None, **seconds: float | str):
    """A row whose programs took so many seconds of wall and half of CPU time, and 100 MiB."""
    measuring, rows = script("measuring"), script("rows")
    found = {
        name.replace("ours", rows.SELF): value
        if isinstance(value, str)
        else [measuring.Run(value, value / 2, 100.0, 90.0)]
        for name, value in seconds.items()
    }
    return rows.Measured(key, f"row {key}", found, facts or {})


def stored(tmp_path: Path, *rows) -> dict:
    results = script("results")
    for one in rows:
        results.store(tmp_path / "RESULTS.json", one, results.about(1))
    return results.load(tmp_path / "RESULTS.json")


def test_peak_memory_is_that_of_the_command_and_not_of_its_parent(tmp_path):
    measuring = script("measuring")
    ballast = np.ones(60_000_000)
    code = "import time; x = bytearray(100 << 20); x[::4096] = x[::4096]; time.sleep(1)"
    run = measuring.measure(measuring.Command([sys.executable, "-Sc", code]), tmp_path, 1)
    assert len(ballast) and run.seconds > 1
    assert 100 < run.peak_mib < 150
    assert 100 < run.own_mib < 150


def test_cpu_time_is_that_of_all_processes_below(tmp_path):
    measuring = script("measuring")
    busy = "import time; end = time.process_time() + 0.5\nwhile time.process_time() < end: pass"
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-Sc', {busy!r}])"
    run = measuring.measure(measuring.Command([sys.executable, "-Sc", code]), tmp_path, 1)
    assert 0.5 < run.cpu < 1


def test_a_command_that_fails_or_takes_too_long_gives_the_reason():
    measuring = script("measuring")
    sleep = [sys.executable, "-Sc", "import time; time.sleep(9)"]
    commands = {
        "fails": measuring.Command([sys.executable, "-Sc", "raise SystemExit('no such thing')"]),
        "late": measuring.Command(sleep, limit=0.3),
        "works": measuring.Command([sys.executable, "-Sc", ""]),
    }
    found = measuring.in_turn(commands, 2, 1)
    assert found["fails"] == "failed: no such thing"
    assert found["late"].startswith("stopped after")
    assert len(found["works"]) == 2


def test_a_row_measured_again_replaces_the_first_alone(tmp_path):
    rows = stored(tmp_path, row("fit", ours=9.0), row("help", ours=0.1), row("fit", ours=4.0))
    assert list(rows) == ["help", "fit"]
    assert rows["fit"]["found"]["ddvi-ancestry"][0]["seconds"] == 4.0


def test_a_ratio_is_reached_missed_or_not_measured(tmp_path):
    results = script("results")
    rows = stored(
        tmp_path,
        row("fit", ours=4.0, **{"plink2 and umap-learn": 10.0}),
        row("ingest", ours=5.0, **{"a cyvcf2 loop": 1.0, "plink2 --make-pgen": 2.0}),
        row("genome", ours="failed: no index"),
    )
    lines = {line.split(" | ")[0]: line for line in results.page(rows).splitlines()}
    assert "| 0.4 | 1 | 0.5 | aim |" in lines["| row fit: ratio of wall times"]
    assert "| 2.5 | 2 | 1.2 | **no** |" in lines["| row ingest: ratio of CPU times"]
    assert "not measured" in lines["| row genome: wall time, s"]
    assert "failed: no index" in lines["| ddvi-ancestry"]


def test_growth_is_the_slope_on_logarithmic_axes(tmp_path):
    results = script("results")
    points = [
        row(
            f"growth.fit.samples.{n}",
            {"command": "fit", "axis": "samples", "samples": n, "variants": 10},
            ours=3.0 * n**0.7,
        )
        for n in (16000, 500, 1000)
    ]
    rows = stored(tmp_path, *points)
    assert "| growth of `fit` with samples: slope | 0.70 | 1.1 | 1.0 | aim |" in results.page(rows)
    (picture,) = results.draw(rows, tmp_path)
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_fitted_estimates_are_never_short_of_memory_and_as_near_as_may_be():
    estimates = script("estimates")
    rng = np.random.default_rng(1)
    design = np.column_stack([np.ones(30), rng.uniform(1, 1000, 30), rng.uniform(1, 1e6, 30)])
    exact = design @ [500.0, 0.3, 2e-3]
    factors, excess = estimates.envelope(design, exact)
    assert factors == pytest.approx([500, 0.3, 2e-3], rel=1e-5)
    assert excess == pytest.approx(1)
    noisy = exact * rng.uniform(0.9, 1.1, 30)
    factors, excess = estimates.envelope(design, noisy)
    assert (design @ factors >= noisy * (1 - 1e-9)).all()
    assert excess < 1.25


def test_the_truth_recognises_itself_and_not_noise(tmp_path):
    truth = script("truth")
    write_cohort(Design(600, 2000, relatives=0.01), tmp_path / "c")
    samples = pd.read_csv(tmp_path / "c.truth" / "samples.tsv", sep="\t", dtype=str)
    shares = truth._shares(tmp_path / "c.truth", samples)
    frequency = np.load(tmp_path / "c.truth" / "frequencies.npy")
    expected = truth._expected(shares, frequency, 12)
    planted = pd.read_csv(tmp_path / "c.truth" / "relatives.tsv", sep="\t")
    noise = np.random.default_rng(2).standard_normal(expected.shape)
    for name, points, pairs in (("good", expected, planted), ("bad", noise, planted[:0])):
        for kind, letter in (("pcs", "PC"), ("coords", "Z")):
            columns = {f"{letter}{i}": column for i, column in enumerate(points.T, 1)}
            table = pd.DataFrame({"sample_id": samples["sample"], **columns})
            table.to_csv(tmp_path / f"{name}.{kind}.tsv", sep="\t", index=False)
        pairs.to_csv(tmp_path / f"{name}.relatives.tsv", sep="\t", index=False)
    good, bad = (truth.recovered(tmp_path / "c", tmp_path / name) for name in ("good", "bad"))
    assert good["subspace"] == pytest.approx(1) and bad["subspace"] < 0.1
    assert good["admixture_r2"] > 0.95 > 0.4 > bad["admixture_r2"]
    assert good["knn_components_superpopulation"] > 0.95
    assert bad["knn_components_superpopulation"] < 0.5
    assert good["pairs_found"] == good["pairs_due"] > 15
    assert bad["pairs_found"] == 0 and len(bad["pairs_missed"]) == bad["pairs_due"]


def test_the_pages_are_drawn_from_the_stored_results():
    results = script("results")
    rows = results.load(FOLDER / "RESULTS.json")
    pictures = [path.name for path in sorted(FOLDER.glob("growth-*.png"))]
    assert results.page(rows, pictures) == (FOLDER / "RESULTS.md").read_text(), "run: run.py"
    docs = FOLDER.parent / "docs"
    text = (docs / "performance.md").read_text()
    made = runpy.run_path(str(docs / "make_performance.py"))
    assert made["page"](text, rows) == text, "run: python docs/make_performance.py"


@pytest.mark.slow
def test_one_command_measures_and_writes_the_page(tmp_path):
    run = script("run")
    run.main([
        "--rows", "help,cohort", "--size", "200x4000", "--runs", "1", "--threads", "1",
        "--work", str(tmp_path / "work"), "--out", str(tmp_path / "out"),
    ])  # fmt: skip
    rows = json.loads((tmp_path / "out" / "RESULTS.json").read_text())
    assert set(rows) == {"help", "cohort.200x4000"}
    (fit,) = rows["cohort.200x4000"]["found"]["ddvi-ancestry"]
    assert fit["facts"]["truth"]["knn_components_superpopulation"] > 0.8
    page = (tmp_path / "out" / "RESULTS.md").read_text()
    assert "| 200 × 4,000 | 1 | " in page and "Stages: reading" in page
