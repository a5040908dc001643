"""Processes that torchrun starts share the work of the first one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ancestry_ddvi.crew import SHARES
from ancestry_ddvi.genotypes.simulation.cohort import Design, write_cohort

HERE = Path(__file__).parent
PROGRAM = Path(sys.executable).with_name("ddvi-ancestry")


def run(count: int, *command: str) -> subprocess.CompletedProcess[str]:
    start = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    start += [f"--nproc-per-node={count}", "--no-python", *command]
    return subprocess.run(start, capture_output=True, text=True, timeout=300, check=False)


def shares(count: int, *tasks: str) -> subprocess.CompletedProcess[str]:
    return run(count, sys.executable, str(HERE / "shares.py"), *tasks)


@pytest.fixture(scope="module")
def bed(tmp_path_factory: pytest.TempPathFactory) -> str:
    prefix = tmp_path_factory.mktemp("cohort") / "cohort"
    write_cohort(Design(300, 4_000, seed=3), prefix)
    return f"{prefix}.bed"


@pytest.mark.slow
@pytest.mark.parametrize("count", [1, 2, 4])
def test_shares_add_up_to_the_whole_whatever_the_number_of_processes(count: int) -> None:
    found = shares(count, "some", "some")
    assert found.returncode == 0, found.stderr
    for line in found.stdout.splitlines():
        total, *parts = json.loads(line)
        assert total[:2] == [328350.0, 100.0]
        assert [share for *_, share in parts] == list(range(count * SHARES))
        assert [sum(column) for column in zip(*parts, strict=True)] == total


@pytest.mark.slow
def test_a_killed_process_ends_the_others() -> None:
    found = shares(2, "fatal")
    assert found.returncode != 0
    assert not found.stdout
    assert "has ended before the others" in found.stderr


@pytest.mark.slow
def test_components_are_those_of_one_process_up_to_rounding(bed: str, tmp_path: Path) -> None:
    found = {}
    for count in (1, 2, 4):
        out = tmp_path / f"{count}.npz"
        ended = run(count, sys.executable, str(HERE / "components.py"), bed, str(out))
        assert ended.returncode == 0, ended.stderr
        found[count] = np.load(out)
    for count in (2, 4):
        for name in found[1].files:
            np.testing.assert_allclose(found[count][name], found[1][name], rtol=1e-4, atol=1e-5)


@pytest.mark.slow
def test_a_fit_by_several_processes_is_that_of_one(bed: str, tmp_path: Path) -> None:
    given = ["fit", bed, "-q", "--set", "steps=400", "--threads", "1"]
    for count in (1, 2):
        ended = run(count, str(PROGRAM), *given, "--out", str(tmp_path / str(count)))
        assert ended.returncode == 0, ended.stderr
        assert len(ended.stdout.splitlines()) == 8, "only the first process speaks"
    one, two = (np.genfromtxt(tmp_path / f"{n}.pcs.tsv", skip_header=1)[:, 1:] for n in (1, 2))
    np.testing.assert_allclose(one, two, rtol=1e-3, atol=1e-3)


@pytest.mark.slow
def test_a_fit_of_which_a_process_is_killed_ends_with_a_sentence_and_can_be_repeated(
    bed: str, tmp_path: Path
) -> None:
    """The sentence is that of the first process, or of the signal by which torchrun ends it."""
    out = str(tmp_path / "x")
    fatal = 'if [ "$RANK" = 0 ]; then exec "$@"; else exec timeout -s KILL 5 "$@"; fi'
    given = ["fit", bed, "--set", "steps=4000", "--out", out]
    ended = run(2, "sh", "-c", fatal, "sh", str(PROGRAM), *given)
    assert ended.returncode != 0
    assert "has ended before the others" in ended.stderr or "Interrupted" in ended.stderr
    assert "ddvi_ancestry" not in ended.stdout
    assert not Path(f"{out}.ddvi").exists()
    again = subprocess.run([PROGRAM, *given, "-q"], capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stderr
