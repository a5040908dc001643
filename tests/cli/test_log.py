"""PREFIX.log: options in effect, place and time, messages, exit code."""

from __future__ import annotations

import logging
import os

import pytest

from ancestry_ddvi.errors import NothingLeft

logger = logging.getLogger("ancestry_ddvi.genotypes.formats.vcf")


def log_messages(**options):
    logger.debug("A detail")
    logger.info("1,092 samples and 14,079 variants")
    logger.warning("The build is not recognised")


def lines_of(path):
    return path.read_text(encoding="utf-8").splitlines()


def test_the_log_begins_with_the_options_and_ends_with_the_exit_code(run, api, tmp_path):
    api.during = log_messages
    run("fit", "a b.vcf", "--out", "x", "--threads", "3", "--maf", "0.1", "--set", "steps=5")
    lines = lines_of(tmp_path / "x.log")
    assert lines[:4] == ["ddvi-ancestry 0.1.0", "Options in effect:", "  fit", "  'a b.vcf'"]
    for option in ("--out x", "--seed 42", "--maf 0.1", "--ld-window-kb 1000", "--set steps=5"):
        assert f"  {option}" in lines
    text = "\n".join(lines)
    assert f"Hostname: {os.uname().nodename}\nWorking directory: {tmp_path}\nStart time: " in text
    assert "Random number seed: 42\n" in text
    assert " GiB\nThreads: 3\n" in text
    assert lines.index("1,092 samples and 14,079 variants") > lines.index("Random number seed: 42")
    assert lines[-2].startswith("End time: ")
    assert lines[-1] == "Exit code: 0"


def test_an_option_given_twice_is_in_effect_twice(run, api, tmp_path):
    run("sample", "m.ddvi", "--population", "CEU", "--population", "YRI:2", "--out", "x.vcf")
    text = (tmp_path / "x.sample.log").read_text(encoding="utf-8")
    assert "\n  --population CEU\n  --population YRI:2\n" in text
    run("sample", "m.ddvi", "--out", "y.vcf")
    assert "--population" not in (tmp_path / "y.sample.log").read_text(encoding="utf-8")


def test_options_that_are_off_are_not_in_effect(run, api, tmp_path):
    run("fit", "x.vcf", "--drop-ambiguous")
    lines = lines_of(tmp_path / "x.log")
    assert "  --drop-ambiguous" in lines
    assert not [line for line in lines if "--no-ld-regions" in line or "--hwe" in line]


def test_the_log_of_a_failed_run_survives_and_ends_with_the_error(run, api, tmp_path):
    def fail(**options):
        log_messages()
        raise NothingLeft("The filter 'maf' left 3 of 9 variants", "Lower --maf.")

    api.during = fail
    (tmp_path / "x.log").write_text("an old log")
    run("fit", "x.vcf")
    lines = lines_of(tmp_path / "x.log")
    assert "1,092 samples and 14,079 variants" in lines
    assert "Error: The filter 'maf' left 3 of 9 variants. Lower --maf." in lines
    assert lines[-1] == "Exit code: 5"
    assert [path.name for path in tmp_path.iterdir()] == ["x.log"]


def test_the_log_of_a_bug_has_the_traceback(run, api, tmp_path):
    def fail(**options):
        raise ZeroDivisionError

    api.during = fail
    run("fit", "x.vcf")
    text = (tmp_path / "x.log").read_text()
    assert "Traceback (most recent call last):" in text
    assert text.endswith("Exit code: 1\n")


@pytest.mark.parametrize(
    ("words", "on_stderr", "in_log"),
    [
        ("fit x.vcf", {"info", "warning"}, {"info", "warning"}),
        ("fit x.vcf -q", {"warning"}, {"info", "warning"}),
        ("-q fit x.vcf", {"warning"}, {"info", "warning"}),
        ("fit x.vcf -v", {"detail", "info", "warning"}, {"detail", "info", "warning"}),
        ("--verbose fit x.vcf", {"detail", "info", "warning"}, {"detail", "info", "warning"}),
        ("-q fit x.vcf -v", {"detail", "info", "warning"}, {"detail", "info", "warning"}),
    ],
)
def test_verbosity_is_set_before_or_after_the_command(run, api, tmp_path, words, on_stderr, in_log):
    said = {"detail": "A detail", "info": "14,079 variants", "warning": "not recognised"}
    api.during = log_messages
    result = run(*words.split())
    text = (tmp_path / "x.log").read_text()
    assert {name for name, words in said.items() if words in result.stderr} == on_stderr
    assert {name for name, words in said.items() if words in text} == in_log


def test_the_header_stays_in_the_log(run, api):
    api.during = log_messages
    assert run("fit", "x.vcf").stderr.splitlines() == [
        "1,092 samples and 14,079 variants",
        "The build is not recognised",
    ]


def test_the_folder_of_the_log_is_created(run, api, tmp_path):
    run("fit", "x.vcf", "--out", "new/folder/x")
    assert (tmp_path / "new" / "folder" / "x.log").exists()


def test_a_run_restores_the_logger(run, api):
    package = logging.getLogger("ancestry_ddvi")
    before = package.level, package.handlers[:]
    run("fit", "x.vcf", "-v")
    assert (package.level, package.handlers) == before


def test_names_in_any_script_survive(run, api, tmp_path):
    run("fit", "x.vcf", "--labels", "народы.tsv", "--out", "x")
    assert "народы.tsv" in (tmp_path / "x.log").read_text(encoding="utf-8")
