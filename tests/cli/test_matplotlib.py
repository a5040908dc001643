"""Matplotlib has a folder for its caches, also where the home folder is read-only."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import os, sys
import ancestry_ddvi

class API:
    @staticmethod
    def ingest(inputs, out, progress):
        from matplotlib.figure import Figure
        figure = Figure()
        figure.text(0.5, 0.5, "name")
        figure.savefig(out + ".png")
        print(os.environ.get("MPLCONFIGDIR", "none"))
        return type("Done", (), {"files": {}})

ancestry_ddvi.api = API
from ancestry_ddvi.cli import main
main(["-q", "ingest", "x.vcf", "--out", "x"])
"""
OURS = ("HOME", "MPLCONFIGDIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME")


def drawn(folder: Path, home: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A figure is drawn by a command under another home folder."""
    kept = {name: value for name, value in os.environ.items() if name not in OURS}
    return subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=folder,
        env=kept | {"HOME": home} | environment,
        capture_output=True,
        text=True,
        check=True,
    )


@pytest.mark.parametrize("home", ["/dev/null/x", "/proc", "~"])
def test_quiet_is_quiet_without_a_writable_home(tmp_path, home):
    done = drawn(tmp_path, home)
    assert done.stderr == ""
    assert (tmp_path / "x.png").exists()
    assert done.stdout.strip() != "none"
    assert not Path(done.stdout.strip()).exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.log", "x.png"]


def test_a_writable_home_is_used(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    done = drawn(tmp_path, str(home))
    assert (done.stdout, done.stderr) == ("none\n", "")


def test_a_folder_that_the_user_chose_is_used(tmp_path):
    chosen = tmp_path / "chosen"
    done = drawn(tmp_path, "/dev/null/x", MPLCONFIGDIR=str(chosen))
    assert (done.stdout, done.stderr) == (f"{chosen}\n", "")
    assert chosen.is_dir()
