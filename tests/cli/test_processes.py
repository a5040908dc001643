"""Whole processes under streams, folders, locales and limits that fail: a sentence and a code."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

COMMAND = [sys.executable, "-m", "ancestry_ddvi.cli"]
PACKED = {"x.bed", "x.bim", "x.fam", "x.json", "x.log"}
FULL = "Error: Standard output cannot be written: No space left on device"

Shell = Callable[..., SimpleNamespace]


@pytest.fixture
def shell(cohort_files: SimpleNamespace, tmp_path: Path) -> Shell:
    """Runs a line of sh in an empty folder; ``ddvi`` is the command and ``query`` a small VCF."""
    (tmp_path / "in").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "in" / "query.vcf.gz").write_bytes(cohort_files.query.read_bytes())

    def run(line: str, **environment: str) -> SimpleNamespace:
        words = " ".join(f"'{word}'" for word in COMMAND)
        script = f"ddvi() {{ {words} \"$@\"; }}\nquery='{tmp_path}/in/query.vcf.gz'\n{line}"
        done = subprocess.run(
            ["sh", "-c", script],
            cwd=tmp_path / "out",
            env={**os.environ, "OMP_NUM_THREADS": "1", **environment},
            capture_output=True,
            check=False,
        )
        said = done.stderr.decode(errors="replace")
        assert "Traceback" not in said and "Exception ignored" not in said
        names = {os.fsdecode(name) for name in os.listdir(os.fsencode(tmp_path / "out"))}
        assert not [name for name in names if name.endswith(".part")]
        return SimpleNamespace(
            code=done.returncode, out=done.stdout, said=said, files=names, folder=tmp_path / "out"
        )

    return run


@pytest.mark.parametrize(
    ("streams", "code", "said"),
    [
        ("2>&-", 0, ""),
        ("2>/dev/full", 0, ""),
        (">&-", 0, ""),
        ("<&- >&- 2>&-", 0, ""),
        (">/dev/full", 8, FULL),
        (">/dev/full 2>/dev/full", 8, ""),
    ],
)
def test_closed_and_full_streams_lose_no_file(shell: Shell, streams, code, said) -> None:
    done = shell(f"ddvi -q ingest $query --out x {streams}")
    assert (done.code, done.files) == (code, PACKED)
    assert done.said.startswith(said) and done.said.count("\n") == bool(said)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("ddvi --help >/dev/full", 8),
        ("ddvi methods >/dev/full", 8),
        ("ddvi ingest --nope 2>/dev/full", 2),
        ("ddvi ingest --nope 2>&-", 2),
        ("ddvi ingest absent.vcf --out x 2>/dev/full", 3),
        ("ddvi ingest absent.vcf --out x 2>&- >&-", 3),
    ],
)
def test_the_exit_code_does_not_depend_on_the_streams(shell: Shell, line: str, code: int) -> None:
    assert shell(line).code == code


def test_a_closed_stream_does_not_write_into_an_output(shell: Shell) -> None:
    """The number of the stream goes to no file."""
    plain = shell("ddvi -q ingest $query --out x")
    before = (plain.folder / "x.bed").read_bytes()
    for streams in ("2>&-", "2>&- >&-", "<&-"):
        done = shell(f"ddvi ingest $query --out x {streams}")
        assert (done.folder / "x.bed").read_bytes() == before


def test_bytes_that_are_no_utf8_may_be_in_paths(shell: Shell) -> None:
    done = shell("name=$(printf 'a\\377b'); cp $query $name.vcf.gz; ddvi -q ingest $name.vcf.gz")
    assert done.code == 0
    assert {f"a\udcffb.genotypes.{end}" for end in ("bed", "bim", "fam", "json")} < done.files
    assert done.out.splitlines()[0] == b"a\xffb.genotypes.bed"


@pytest.mark.parametrize("name", ["--\\377", "n\\377.vcf"])
def test_an_error_about_such_bytes_is_one_sentence(shell: Shell, name: str) -> None:
    done = shell(f"ddvi ingest $(printf -- '{name}') --out x")
    assert done.code in (2, 3)
    assert "\\udcff" in done.said


@pytest.mark.parametrize(
    "environment",
    [
        {"LC_ALL": "C"},
        {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"PYTHONIOENCODING": "ascii"},
        {"HOME": ""},
        {"HOME": "/proc", "TMPDIR": "/proc"},
    ],
    ids=str,
)
def test_locale_and_home_do_not_matter(shell: Shell, environment: dict[str, str]) -> None:
    done = shell("ddvi -q ingest $query --out xé", **environment)
    assert done.code == 0
    assert done.out.splitlines()[0].decode() == "xé.bed"


def test_without_a_home_folder_a_run_is_the_same(shell: Shell) -> None:
    assert shell("unset HOME; ddvi -q ingest $query --out x").files == PACKED


@pytest.mark.parametrize("out", ["/proc/x", "/dev/full/x", "/dev/null/x"])
def test_a_folder_that_takes_no_files_is_one_sentence(shell: Shell, out: str) -> None:
    done = shell(f"ddvi ingest $query --out {out}")
    assert (done.code, done.said.count("\n"), done.files) == (8, 1, set())


def test_a_disk_that_fills_up_leaves_no_half_of_a_file(shell: Shell) -> None:
    done = shell("ulimit -f 4; ddvi -q ingest $query --out x")
    assert (done.code, done.files) == (8, {"x.log"})
    assert done.said.startswith("Error: x.") and "cannot be written: File too large" in done.said


def test_a_working_directory_that_is_gone_is_one_sentence(shell: Shell) -> None:
    done = shell("mkdir gone; cd gone; rmdir ../gone; ddvi ingest $query --out ../x")
    assert done.code == 2
    assert done.said.startswith("Error: The working directory cannot be read")


def test_a_folder_that_vanishes_is_one_sentence(shell: Shell) -> None:
    """The input is a pipe that is written after the folder has gone."""
    done = shell(
        "mkfifo pipe; (while ! ls gone/.x.log.*.part; do sleep 0.05; done; rm -r gone;"
        " gzip -dc $query) 2>/dev/null >pipe & ddvi -q ingest - --out gone/x <pipe; code=$?;"
        " rm pipe; exit $code"
    )
    assert (done.code, done.files) == (8, set())
    assert "gone/x" in done.said and done.said.count("\n") == 1


STARTING = """
import os, signal, sys

class Arriving:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name == sys.argv[1]:
            sys.meta_path.remove(Arriving)
            os.kill(os.getpid(), int(sys.argv[2]))

signal.signal(signal.SIGINT, signal.default_int_handler)
sys.meta_path.insert(0, Arriving)
from ancestry_ddvi.cli import main
main(sys.argv[3:])
"""


@pytest.mark.parametrize(
    "module", ["click", "ancestry_ddvi.cli._root", "ancestry_ddvi.api", "numpy"]
)
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_while_modules_load_is_one_sentence(tmp_path: Path, module, number, code) -> None:
    """Libraries make other errors of it; the first cause is told."""
    words = [sys.executable, "-c", STARTING, module, str(int(number)), "ingest", "a", "--out", "x"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    name = {130: "Ctrl-C", 143: "SIGTERM"}[code]
    assert done.stderr == f"Error: Interrupted by {name}. No partial files are left.\n"
    assert done.returncode == code
    assert not list(tmp_path.iterdir())


def test_the_commands_can_be_loaded_in_a_thread() -> None:
    code = (
        "import threading; found = []\n"
        "def load():\n    import ancestry_ddvi.cli; found.append(ancestry_ddvi.cli.main.name)\n"
        "thread = threading.Thread(target=load); thread.start(); thread.join(); print(found)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "['main']\n"


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_at_any_moment_prints_no_traceback(tmp_path: Path, number: int) -> None:
    """From the first milliseconds of the interpreter, where the signal itself ends the process."""
    (tmp_path / "x.vcf").write_text("##fileformat=VCFv4.2\n")
    for moment in range(40):
        command = [*COMMAND, "ingest", "x.vcf", "--out", "y"]
        child = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
        time.sleep(0.3 + 0.02 * moment)
        child.send_signal(number)
        said = child.communicate()[1]
        assert "ancestry_ddvi" not in said or "Traceback" not in said, (moment, said)
        assert child.returncode in (3, 130, 143, -number)


@pytest.mark.parametrize("limit", [200_000, 500_000, 1_000_000])
def test_too_little_memory_for_the_libraries_is_one_sentence(shell: Shell, limit: int) -> None:
    done = shell(f"ulimit -v {limit}; ddvi -q embed x.ddvi $query --out x")
    assert (done.code, done.said.count("\n"), done.files) == (7, 1, set())


@pytest.mark.slow
@pytest.mark.parametrize("limit", [1_100_000, 1_300_000])
def test_too_little_memory_for_the_data_is_one_sentence(
    shell: Shell, fitted_model: SimpleNamespace, limit: int
) -> None:
    """So many draws that they do not fit."""
    words = f"ddvi -q embed {fitted_model.files['model']} $query --out x --draws 10000000"
    done = shell(f"ulimit -v {limit}; {words}")
    assert (done.code, done.said.count("\n"), done.files) == (7, 1, {"x.log"})


@pytest.mark.slow
@pytest.mark.parametrize("streams", ["2>&- >&- <&-", "2>/dev/full"])
def test_an_embedding_needs_no_streams(
    shell: Shell, fitted_model: SimpleNamespace, streams: str
) -> None:
    done = shell(f"ddvi embed {fitted_model.files['model']} $query --out x {streams}")
    assert done.code == 0
    assert {"x.coords.tsv", "x.png", "x.summary.json"} < done.files


@pytest.mark.slow
def test_figures_and_summary_may_have_names_that_are_no_utf8(
    shell: Shell, fitted_model: SimpleNamespace
) -> None:
    model = fitted_model.files["model"]
    done = shell(f"ddvi -q embed {model} $query --out $(printf 'a\\377b')")
    assert done.code == 0
    assert b"a\xffb.svg" in done.out.splitlines()
