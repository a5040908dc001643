"""Progress: bars on a terminal, a line every ten seconds in a file, nothing with --quiet."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

import pytest
from ancestry_ddvi.cli._progress import Lines, duration, progress_text

PROGRAM = """
import logging, sys, time
import ancestry_ddvi

class API:
    @staticmethod
    def ingest(inputs, out, progress, **options):
        with progress.stage("Reading [x]", 4) as advance:
            for _ in range(4):
                time.sleep(0.1)
                advance(1)
            logging.getLogger("ancestry_ddvi").info("4 samples")
        return type("Done", (), {"files": {}})

ancestry_ddvi.api = API
from ancestry_ddvi.cli import main
main(["ingest", "x.vcf", "--out", "x", *sys.argv[1:]])
"""


def on_terminal(folder, *words, **environment):
    """What a terminal receives on stderr, with control sequences."""
    ours, theirs = pty.openpty()
    child = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *words],
        cwd=folder,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "80", **environment},
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            piece = os.read(ours, 4096)
        except OSError:
            break
        if not piece:
            break
        shown += piece
    os.close(ours)
    assert child.wait(timeout=20) == 0
    return shown.decode()


def test_a_terminal_gets_a_bar_and_then_one_line(tmp_path):
    shown = on_terminal(tmp_path)
    assert "Reading [x]" in shown
    assert "%" in shown
    assert "━" in shown
    assert "0:00:" in shown
    assert "4 samples" in shown
    assert "Reading [x]: done in 0." in shown
    assert "Reading [x] ..." in (tmp_path / "x.log").read_text()


def test_no_color_is_honoured(tmp_path):
    colour = "\x1b[38;"
    assert colour in on_terminal(tmp_path, TERM="xterm-256color")
    assert colour not in on_terminal(tmp_path, TERM="xterm-256color", NO_COLOR="1")


def test_quiet_prints_nothing_on_a_terminal(tmp_path):
    assert on_terminal(tmp_path, "--quiet") == ""
    assert "Reading [x]: done" in (tmp_path / "x.log").read_text()


def test_a_dumb_terminal_gets_plain_lines(tmp_path):
    assert "\x1b" not in on_terminal(tmp_path, TERM="dumb")


def test_a_file_gets_plain_lines(run, api, tmp_path):
    def work(progress, **options):
        with progress.stage("Reading", 10) as advance:
            advance(10)

    api.during = work
    lines = run("fit", "x.vcf").stderr.splitlines()
    assert lines == ["Reading ...", "Reading: done in 0.0 s"]
    assert "\n".join(lines) in (tmp_path / "x.log").read_text()


class Clock:
    """A clock that is set by hand."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_lines_of_a_stage_are_ten_seconds_apart(clock, caplog):
    caplog.set_level("INFO", "ancestry_ddvi")
    with Lines(clock=clock).stage("Fitting", 100) as advance:
        for _ in range(100):
            clock.now += 0.33
            advance(1)
    assert caplog.messages == [
        "Fitting ...",
        "Fitting: 31 of 100 (31%), 23 s left",
        "Fitting: 62 of 100 (62%), 13 s left",
        "Fitting: 93 of 100 (93%), 2.3 s left",
        "Fitting: done in 33 s",
    ]
    assert [record.only for record in caplog.records if "left" in record.message] == ["console"] * 3


def test_a_failed_stage_is_not_done(clock, caplog):
    caplog.set_level("INFO", "ancestry_ddvi")
    with pytest.raises(KeyError), Lines(clock=clock).stage("Fitting", None):
        raise KeyError
    assert caplog.messages == ["Fitting ..."]


@pytest.mark.parametrize(
    ("done", "total", "said"),
    [
        (5000, None, "5,000 done"),
        (0, 10, "0 done"),
        (5, 10, "5 of 10 (50%), 1 min 00 s left"),
        (12, 10, "12 of 10 (120%), 0.0 s left"),
    ],
)
def test_progress_text(done, total, said):
    assert progress_text(done, total, 60.0) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0.0 s"),
        (9.94, "9.9 s"),
        (59.6, "1 min 00 s"),
        (3599, "59 min 59 s"),
        (7380, "2 h 03 min"),
    ],
)
def test_duration(seconds, said):
    assert duration(seconds) == said
