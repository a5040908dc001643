"""Matplotlib has a folder for its caches, also where the home folder is read-only."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from ancestry_ddvi.cli._matplotlib import matplotlib_folder

PROGRAM = """
import os, sys
import ancestry_ddvi

class API:
    @staticmethod
    def ingest(inputs, out, progress, **options):
        from matplotlib.figure import Figure
        figure = Figure()
        figure.text(0.5, 0.5, "name")
        figure.savefig(out + ".png")
        print(os.environ["MPLCONFIGDIR"])
        return type("Done", (), {"files": {}})

ancestry_ddvi.api = API
from ancestry_ddvi.cli import main
main(["-q", "ingest", "x.vcf", "--out", "x"])
"""


@pytest.fixture(autouse=True)
def _bare(monkeypatch):
    for name in ("MPLCONFIGDIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("home", ["/dev/null/x", "~"])
def test_quiet_is_quiet_without_a_writable_home(tmp_path, monkeypatch, home):
    monkeypatch.setenv("HOME", home)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.log", "x.png"]
    assert not Path(done.stdout.strip()).exists()


def test_the_folder_is_writable_and_removed_at_the_end(monkeypatch):
    monkeypatch.setenv("HOME", "/dev/null/x")
    with matplotlib_folder():
        lent = Path(os.environ["MPLCONFIGDIR"])
        (lent / "cache").touch()
    assert not lent.exists()
    assert "MPLCONFIGDIR" not in os.environ


def test_a_writable_home_is_used_and_left_empty(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    with matplotlib_folder():
        assert "MPLCONFIGDIR" not in os.environ
    assert list(tmp_path.iterdir()) == []


def test_writable_folders_of_the_user_are_used_instead_of_the_home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", "/dev/null/x")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with matplotlib_folder():
        assert "MPLCONFIGDIR" not in os.environ


def test_a_folder_that_the_user_chose_is_kept(monkeypatch):
    monkeypatch.setenv("HOME", "/dev/null/x")
    monkeypatch.setenv("MPLCONFIGDIR", "/chosen")
    with matplotlib_folder():
        assert os.environ["MPLCONFIGDIR"] == "/chosen"
    assert os.environ["MPLCONFIGDIR"] == "/chosen"


def test_a_home_that_is_closed_to_the_user_is_not_asked_for(monkeypatch):
    def closed(path: Path) -> bool:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "exists", closed)
    with matplotlib_folder():
        assert os.access(os.environ["MPLCONFIGDIR"], os.W_OK)
