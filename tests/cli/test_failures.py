"""Errors: one sentence, one exit code, no partial files."""

from __future__ import annotations

import errno
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ancestry_ddvi import errors
from ancestry_ddvi.storage import whole

PAGE = Path(__file__).parents[2] / "docs" / "exit-codes.md"
KINDS = errors.DDVIError.__subclasses__()


class OutOfMemoryError(RuntimeError):
    """Named as torch names its own."""


def raising(error: BaseException):
    def during(**options):
        raise error

    return during


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_each_error_is_one_sentence_and_its_code(run, api, kind):
    api.during = raising(kind("cohort.vcf stops in line 12", "Copy it again."))
    result = run("fit", "cohort.vcf")
    assert result.exit_code == kind.exit_code
    assert result.stderr == "Error: cohort.vcf stops in line 12. Copy it again.\n"
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (MemoryError(), 7, "Out of memory"),
        (OutOfMemoryError("CUDA out of memory. Tried to"), 7, "The GPU ran out of memory"),
        (RuntimeError("CUDA error: out of memory"), 7, "The GPU ran out of memory"),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate"), 7, "Out of memory"),
        (OSError(errno.ENOSPC, "No space left on device", "x.ddvi"), 8, "x.ddvi"),
        (EOFError(), 3, "truncated"),
    ],
)
def test_errors_of_memory_disk_and_file_are_one_sentence_too(run, api, error, code, said):
    api.during = raising(error)
    result = run("fit", "cohort.vcf")
    assert (result.exit_code, result.stderr.count("\n")) == (code, 1)
    assert said in result.stderr


def test_a_bug_keeps_its_traceback(run, api):
    api.during = raising(ZeroDivisionError("division by zero"))
    result = run("fit", "cohort.vcf")
    assert result.exit_code == 1
    assert isinstance(result.exception, ZeroDivisionError)


def test_the_page_lists_exactly_the_exit_codes():
    in_page = [int(code) for code in re.findall(r"^\| (\d+) \|", PAGE.read_text(), re.MULTILINE)]
    assert in_page == [0, 1, *sorted(kind.exit_code for kind in KINDS), 130, 143]


def test_an_output_below_a_file_is_not_writable(run, api, tmp_path):
    (tmp_path / "file").write_text("mine")
    result = run("fit", "x.vcf", "--out", "file/x")
    assert (result.exit_code, result.stderr.count("\n")) == (8, 1)
    assert not api.calls
    assert (tmp_path / "file").read_text() == "mine"


def test_a_full_disk_at_the_log_ends_the_run(run, api, monkeypatch):
    import logging

    def full(self, record):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(logging.StreamHandler, "flush", lambda self: full(self, None))
    result = run("fit", "x.vcf")
    assert (result.exit_code, result.stderr.count("\n")) == (8, 1)


PROGRAM = """
import signal, sys, time
import ancestry_ddvi
from ancestry_ddvi.storage import whole

signal.signal(signal.SIGINT, signal.default_int_handler)

def wait():
    for _ in range(600):  # a signal just before one long sleep would wait for its end
        time.sleep(0.1)

class API:
    @staticmethod
    def ingest(inputs, out, progress, **options):
        with progress.stage("Reading", 10), whole(out + ".genotypes.bed") as part:
            part.write_text("half")
            print("ready", flush=True)
            wait()

ancestry_ddvi.api = API
from ancestry_ddvi.cli import main
main(["ingest", "x.vcf", "--out", "x"])
"""


@pytest.mark.parametrize(
    ("number", "code", "name"),
    [(signal.SIGINT, 130, "Ctrl-C"), (signal.SIGTERM, 143, "SIGTERM")],
)
@pytest.mark.parametrize("before", [True, False])
def test_an_interruption_leaves_existing_files_unchanged(tmp_path, number, code, name, before):
    old = {"x.log": "an old log", "x.genotypes.bed": "old genotypes"} if before else {}
    for file, text in old.items():
        (tmp_path / file).write_text(text)
    child = subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert child.stdout.readline() == "ready\n"
    assert len(list(tmp_path.iterdir())) == len(old) + 2
    child.send_signal(number)
    _, said = child.communicate(timeout=20)
    assert child.returncode == code
    assert said.splitlines() == [
        "Reading ...",
        f"Error: Interrupted by {name}. No partial files are left.",
    ]
    assert {file.name: file.read_text() for file in tmp_path.iterdir()} == old


STARTING = """
import sys

class Interrupted:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name == "click":
            raise KeyboardInterrupt

sys.meta_path.insert(0, Interrupted)
import ancestry_ddvi.cli
"""


def test_an_interruption_while_modules_load_prints_the_same_sentence():
    done = subprocess.run(
        [sys.executable, "-c", STARTING], capture_output=True, text=True, check=False
    )
    assert done.returncode == 130
    assert done.stderr == "Error: Interrupted by Ctrl-C. No partial files are left.\n"


def test_a_pipe_closed_early_prints_no_traceback(tmp_path):
    program = PROGRAM.replace('print("ready", flush=True)', "sys.stdout.close()").replace(
        "            wait()",
        "            import os; r, w = os.pipe(); os.close(r); os.dup2(w, 1);"
        "sys.stdout = open(1, 'w', closefd=False);"
        "return type('Done', (), {'files': {'bed': 'x'}})",
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.stderr.splitlines() == ["Reading ...", "Reading: done in 0.0 s"]
    assert (tmp_path / "x.genotypes.bed").read_text() == "half"


def test_the_handler_of_sigterm_is_restored(run, api):
    before = signal.getsignal(signal.SIGTERM)
    run("fit", "x.vcf")
    assert signal.getsignal(signal.SIGTERM) is before


def test_whole_says_why_a_path_is_not_writable(tmp_path):
    (tmp_path / "file").touch()
    with (
        pytest.raises(errors.OutputUnwritable, match="cannot be written"),
        whole(tmp_path / "file" / "x"),
    ):
        pass
