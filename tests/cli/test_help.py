"""Help loads little, and is one line where one line is wanted; benchmarks/speed.py times it."""

from __future__ import annotations

import subprocess
import sys

import pytest

import ancestry_ddvi

HEAVY = ("numpy", "torch", "scipy", "matplotlib", "cyvcf2", "pandas", "sklearn", "allel", "rich")
LOADED = f"""
import sys
from ancestry_ddvi.cli import main
main(sys.argv[1:], standalone_mode=False)
print([name for name in {HEAVY} if name in sys.modules], file=sys.stderr)
"""


@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        ["fit", "--help"],
        ["embed", "-h"],
        ["assign", "-h"],
        ["sample", "-h"],
        ["--version"],
    ],
)
def test_help_loads_nothing_heavy(words):
    done = subprocess.run(
        [sys.executable, "-c", LOADED, *words], capture_output=True, text=True, check=True
    )
    assert done.stderr.strip() == "[]"
    assert done.stdout


def test_version_is_one_line(run):
    assert run("--version").stdout == f"ddvi-ancestry {ancestry_ddvi.__version__}\n"


def test_each_command_names_its_exit_codes_and_their_page(run):
    for command in ("fit", "embed", "sample", "ingest"):
        assert "docs/exit-codes.md" in run(command, "--help").stdout


@pytest.mark.parametrize(
    ("words", "example"),
    [
        (["fit"], "ddvi-ancestry fit cohort.vcf.gz"),
        (["embed", "m.ddvi"], "ddvi-ancestry embed cohort.ddvi new.vcf.gz"),
        (["ingest"], "ddvi-ancestry ingest cohort.vcf.gz"),
    ],
)
def test_without_input_an_example_is_shown(run, words, example):
    result = run(*words)
    assert result.exit_code == 2
    assert f"No INPUT given. Example: {example}" in result.stderr


def test_a_typo_in_an_option_is_met_with_a_suggestion(run):
    result = run("fit", "x.vcf", "--labls", "pop.tsv")
    assert result.exit_code == 2
    assert "--labels" in result.stderr
