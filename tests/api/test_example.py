"""The example of the README: a synthetic human sample and a reference model of the package."""

from __future__ import annotations

import gzip
import json
import resource
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

import ancestry_ddvi
from ancestry_ddvi.reference_models import available

ROOT = Path(__file__).parents[2]
POPULATIONS = ("CHB", "GWD", "MXL")

pytestmark = pytest.mark.skipif(
    not [model for model in available() if model.name == "kgp"],
    reason="the package has no reference model kgp",
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Synthetic samples, made by the installed package alone."""
    path = tmp_path_factory.mktemp("made") / "synthetic.vcf"
    made = ancestry_ddvi.sample("kgp", str(path), n=3, population=POPULATIONS, seed=12)
    return made.files["vcf"]


@pytest.fixture(scope="module")
def maker() -> dict:
    script = ROOT / "docs" / "make_example.py"
    if not script.exists():
        pytest.skip("the repository is absent")
    return runpy.run_path(str(script))


def records(text: str) -> list[list[str]]:
    return [line.split("\t") for line in text.splitlines() if not line.startswith("#")]


def test_synthetic_samples_are_assigned_by_the_installed_package(made, tmp_path) -> None:
    found = ancestry_ddvi.assign("kgp", [str(made)], str(tmp_path / "x"))
    frame = found.to_frame()
    assert set(frame["build"]) == {"GRCh37"}
    assert set(frame["model"]) == {"kgp"}
    assert (frame["variant_fraction"] == 1).all()
    of_each = dict(zip(POPULATIONS, ("EAS", "AFR", "AMR"), strict=True))
    drawn = [row.split("\t")[1] for row in _lines(made.with_suffix(".samples.tsv"))]
    assert list(frame["superpopulation_most_similar"]) == [of_each[name] for name in drawn]


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()[1:]


def test_the_example_is_what_its_script_makes_and_says_so(maker, made) -> None:
    """Every sixth record of ``sample`` without IDs; the header says that they are synthetic."""
    text = gzip.decompress(maker["GENOTYPES"].read_bytes()).decode()
    assert "SYNTHETIC: no person has these genotypes" in text
    expected = records(made.read_text(encoding="utf-8"))[:: maker["ONE_IN"]]
    assert records(text) == [[*row[:2], ".", *row[3:]] for row in expected]


def test_the_pages_have_the_answer(maker) -> None:
    said = maker["answer"](maker["GENOTYPES"])
    for path in maker["PAGES"]:
        text = path.read_text(encoding="utf-8")
        assert text == maker["page"](text, said), "run: python docs/make_example.py"


@pytest.mark.slow
def test_the_example_takes_seconds_of_one_core(maker, tmp_path) -> None:
    """CPU time of the command from start to end, which depends little on what else runs."""
    command = ["assign", "kgp", str(maker["GENOTYPES"]), "--out", str(tmp_path / "x")]
    before = _children()
    subprocess.run(
        [sys.executable, "-m", "ancestry_ddvi.cli", *command], check=True, capture_output=True
    )
    assert _children() - before < 5
    summary = json.loads((tmp_path / "x.assign.json").read_text(encoding="utf-8"))
    assert summary["samples"] == 3


def _children() -> float:
    """CPU seconds of processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
