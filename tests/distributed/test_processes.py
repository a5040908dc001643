"""Processes that torchrun starts share the work of the first one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SHARES = Path(__file__).with_name("shares.py")


def run(count: int, *tasks: str) -> subprocess.CompletedProcess[str]:
    start = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    command = [*start, f"--nproc-per-node={count}", str(SHARES), *tasks]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.slow
@pytest.mark.parametrize("count", [1, 2, 4])
def test_shares_add_up_to_the_whole_whatever_the_number_of_processes(count: int) -> None:
    found = run(count, "some", "some")
    assert found.returncode == 0, found.stderr
    for line in found.stdout.splitlines():
        total, *parts = json.loads(line)
        assert total == [328350.0, 100.0]
        assert len(parts) == count
        assert [sum(column) for column in zip(*parts, strict=True)] == total


@pytest.mark.slow
def test_a_killed_process_ends_the_others() -> None:
    found = run(2, "fatal")
    assert found.returncode != 0
    assert not found.stdout
    assert "has ended before the others" in found.stderr
