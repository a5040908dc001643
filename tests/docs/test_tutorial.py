"""The tutorials run as they stand, and what they say comes out."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```(bash|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INTERPRETERS = {"bash": ["bash", "-euo", "pipefail", "-c"], "python": [sys.executable, "-c"]}


def run(page: str, folder: Path) -> list[str]:
    """What each block of a page printed, stdout and stderr, in order."""
    (folder / "example_data").symlink_to(ROOT / "example_data")
    scripts = str(Path(sys.executable).parent)
    environment = os.environ | {"PATH": scripts + os.pathsep + os.environ["PATH"]}
    outputs = []
    for language, code in BLOCK.findall((ROOT / page).read_text(encoding="utf-8")):
        done = subprocess.run(
            [*INTERPRETERS[language], code],
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{code}\n{done.stdout}"
        assert "Traceback" not in done.stdout
        outputs.append(done.stdout)
    return outputs


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    return run("docs/tutorial.md", tmp_path_factory.mktemp("tutorial"))


def block(said: list[str], words: str) -> str:
    """What the one block with these words in its code printed."""
    text = (ROOT / "docs/tutorial.md").read_text(encoding="utf-8")
    (number,) = (i for i, (_, code) in enumerate(BLOCK.findall(text)) if words in code)
    return said[number]


def test_a_dry_run_names_the_files_and_writes_none(said):
    assert "tutorial/cohort.ddvi" in block(said, "--dry-run")


def test_three_samples_are_left_out_of_the_fit(said):
    lines = block(said, "awk").splitlines()[1:]
    flags = [line.split("\t")[-1].split(",")[0] for line in lines]
    left_out = [flag for flag in flags if not flag.startswith(("few_draws", "unlike_panel"))]
    assert sorted(left_out) == ["duplicate", "low_call_rate", "related"]


def test_the_table_of_quality_control_is_shown_whole(said):
    table = block(said, "grep -A 11").splitlines()
    assert table[1].startswith("filter")
    assert table[-1].startswith("maf, unrelated")


def test_samples_are_most_similar_to_their_own_superpopulation(said):
    """Two hundred steps are few, and the groups of a superpopulation close."""
    rows = [line.split("\t") for line in block(said, "assign.superpopulation").splitlines()[1:]]
    labels = (ROOT / "example_data/query_labels.tsv").read_text().splitlines()[1:]
    truth = [line.split("\t")[2] for line in labels]
    assert [row[0] for row in rows] == [line.split("\t")[0] for line in labels]
    assert sum(row[2] == t for row, t in zip(rows, truth, strict=True)) >= 9


def test_every_population_is_beside_the_truth(said):
    rows = [line.split("\t") for line in block(said, "paste").splitlines()]
    table = [row for row in rows if len(row) == 7]
    assert table[0] == [
        "sample_id", "group", "most_similar", "probability", "entropy", "reason", "population",
    ]  # fmt: skip
    assert len(table) == 13


def test_two_in_five_variants_are_missing_in_the_query(said):
    assert float(block(said, "variant_fraction")) == pytest.approx(0.6, abs=0.02)


def test_a_sample_alone_is_where_it_is_in_company(said):
    assert block(said, "diff").endswith("the same\n")


def test_an_error_is_a_sentence_and_a_code(said):
    assert "is not a ddvi-ancestry model" in block(said, "exit code")
    assert block(said, "exit code").endswith("exit code 3\n")


@pytest.mark.slow
def test_a_sparse_sample_is_placed_three_ways(tmp_path):
    said = run("docs/sparse-samples.md", tmp_path)
    rows = [line.split("\t") for line in "".join(said).splitlines() if line.startswith("sim0099")]
    assert len(rows) == 3
    places, bars = np.array([row[1:] for row in rows], dtype=float).reshape(3, 2, 2).swapaxes(0, 1)
    assert (np.abs(places[0] - places[1]) < 0.3 * bars[0]).all()
    assert np.allclose(bars[0], bars[1], rtol=0.2)
    assert (tmp_path / "three-ways" / "three-ways.png").stat().st_size > 20_000
