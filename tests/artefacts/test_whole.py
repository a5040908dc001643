"""A path that exists is a path that is complete."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ancestry_ddvi.errors import OutputUnwritable
from ancestry_ddvi.storage import whole


def test_what_was_written_beside_is_there_in_the_end_and_alone(tmp_path) -> None:
    target = tmp_path / "made" / "on the way" / "x.txt"
    with whole(target) as beside:
        assert not target.exists()
        assert beside.parent == target.parent
        beside.write_text("new")
    assert target.read_text() == "new"
    assert os.listdir(target.parent) == ["x.txt"]


def fail_half_way(target: Path, error: type[BaseException]) -> None:
    with whole(target) as beside:
        beside.write_text("half")
        raise error


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_a_failure_leaves_the_old_file_and_nothing_beside(tmp_path, error) -> None:
    target = tmp_path / "x.txt"
    target.write_text("old")
    with pytest.raises(error):
        fail_half_way(target, error)
    assert target.read_text() == "old"
    assert os.listdir(tmp_path) == ["x.txt"]


def test_a_failure_where_there_was_nothing_leaves_nothing(tmp_path) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 (of our own making)
        fail_half_way(tmp_path / "x.txt", ValueError)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("kind", ["pipe", "stream"])
def test_what_is_no_regular_file_is_not_replaced(kind, tmp_path) -> None:
    target = tmp_path / "x.txt"
    if kind == "pipe":
        os.mkfifo(target)
    else:
        target.symlink_to("/proc/self/fd/1")
    before = target.lstat()
    with pytest.raises(OutputUnwritable, match="it is not a regular file"), whole(target) as beside:
        beside.write_text("new")
    assert target.lstat().st_ino == before.st_ino
    assert os.listdir(tmp_path) == ["x.txt"]


def test_a_full_disk_is_said_with_the_path_that_was_asked_for(tmp_path, small_disk) -> None:
    target = tmp_path / "x.txt"
    target.write_text("old")
    unwritable = pytest.raises(OutputUnwritable, match=r"x\.txt cannot be written")
    with unwritable as caught, small_disk(), whole(target) as beside:
        beside.write_bytes(bytes(100_000))
    assert ".part" not in caught.value.problem
    assert caught.value.exit_code == 8
    assert target.read_text() == "old"
    assert os.listdir(tmp_path) == ["x.txt"]


def test_a_file_in_the_place_of_the_folder_is_one_sentence(tmp_path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(OutputUnwritable), whole(tmp_path / "taken" / "x.txt"):
        pytest.fail("there is no such folder")


def test_a_folder_in_the_place_of_the_file_is_one_sentence(tmp_path) -> None:
    (tmp_path / "x.txt").mkdir()
    with pytest.raises(OutputUnwritable), whole(tmp_path / "x.txt") as beside:
        beside.write_text("new")
    assert os.listdir(tmp_path) == ["x.txt"]


def test_two_at_once_do_not_meet(tmp_path) -> None:
    """Another process writes under another name beside."""
    target = tmp_path / "x.txt"
    code = (
        "import os, sys; from ancestry_ddvi.storage import whole\n"
        "with whole(sys.argv[1]) as beside: print(beside)"
        "; beside.write_text('theirs')"
    )
    with whole(target) as ours:
        done = subprocess.run(
            [sys.executable, "-c", code, str(target)], capture_output=True, text=True, check=True
        )
        assert done.stdout.strip() != str(ours)
        assert target.read_text() == "theirs"
        ours.write_text("ours")
    assert target.read_text() == "ours"
    assert os.listdir(tmp_path) == ["x.txt"]


def test_an_interrupt_in_the_middle_leaves_nothing_beside(tmp_path) -> None:
    code = (  # a job in the background inherits that SIGINT is ignored
        "import signal, sys, time; from ancestry_ddvi.storage import whole\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "with whole(sys.argv[1]) as beside:\n"
        "    beside.write_text('half'); print('half', flush=True); time.sleep(30)"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "x.txt")],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    with child:
        assert child.stdout is not None
        assert child.stdout.readline().strip() == b"half"
        child.send_signal(signal.SIGINT)
        started = time.monotonic()
        child.wait(timeout=10)
    assert time.monotonic() - started < 10
    assert os.listdir(tmp_path) == []
