"""Help and shell completion load little; benchmarks/run.py times help."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

import ancestry_ddvi

HEAVY = {"numpy", "torch", "scipy", "matplotlib", "cyvcf2", "pandas", "sklearn", "allel", "rich"}
LOADED = f"""
import sys
from ancestry_ddvi.cli import main
main(sys.argv[1:], standalone_mode=False)
print({HEAVY} & sys.modules.keys(), file=sys.stderr)
"""


@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        ["fit", "--help"],
        ["embed", "-h"],
        ["assign", "-h"],
        ["sample", "-h"],
        ["references", "-h"],
        ["variants", "-h"],
        ["--version"],
    ],
)
def test_help_loads_nothing_heavy(words):
    done = subprocess.run(
        [sys.executable, "-c", LOADED, *words], capture_output=True, text=True, check=True
    )
    assert done.stderr.strip() == "set()"
    assert done.stdout


COMMANDS = [
    [], ["fit"], ["embed"], ["assign"], ["report"], ["condition"], ["sample"], ["decode"],
    ["plot"], ["references"], ["variants"], ["ingest"], ["methods"], ["compare"], ["benchmark"],
    ["benchmark", "mnist"], ["benchmark", "toy"], ["benchmark", "conditional"],
    ["benchmark", "genotypes"],
]  # fmt: skip


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_help_fits_a_terminal_of_80_columns(run, words):
    lines = run(*words, "--help").stdout.splitlines()
    assert max(map(len, lines)) <= 80


def completed(*words: str) -> tuple[list[str], list[str]]:
    """What the shell is offered for the last word, and the heavy modules that were loaded."""
    environment = os.environ | {
        "_DDVI_ANCESTRY_COMPLETE": "bash_complete",
        "COMP_WORDS": " ".join(["ddvi-ancestry", *words]),
        "COMP_CWORD": str(len(words)),
    }
    program = (
        "import atexit, sys\n"
        f"atexit.register(lambda: print({HEAVY} & sys.modules.keys(), file=sys.stderr))\n"
        "from ancestry_ddvi.cli import main\n"
        "main(prog_name='ddvi-ancestry')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines(), done.stderr.split()


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["emb"], ["plain,embed"]),
        (["fit", "--lab"], ["plain,--labels"]),
        (["fit", "--method", "va"], ["plain,vae"]),
        (["embed", "m.ddvi", "--field", "G"], ["plain,GT", "plain,GL", "plain,GP"]),
        (["fit", "x.vcf", "--out", "res"], ["file,res"]),
        (["embed", "coh"], ["file,coh"]),
    ],
)
def test_the_shell_completes_commands_options_methods_and_files(words, offered):
    assert completed(*words) == (offered, ["set()"])


def test_the_shell_completes_names_of_reference_models_without_reading_them(tmp_path, monkeypatch):
    monkeypatch.setenv("DDVI_ANCESTRY_REFERENCES", str(tmp_path))
    for name in ("alpine", "alaska", "boreal"):
        (tmp_path / f"{name}.ddvi").touch()
    assert completed("assign", "al") == (["plain,alaska", "plain,alpine"], ["set()"])
    assert completed("references", "--card", "bo") == (["plain,boreal"], ["set()"])


def test_the_script_of_the_shell_completion_is_printed(main):
    environment = os.environ | {"_DDVI_ANCESTRY_COMPLETE": "bash_source"}
    program = "from ancestry_ddvi.cli import main; main(prog_name='ddvi-ancestry')"
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    assert "complete -o nosort -F _ddvi_ancestry_completion ddvi-ancestry" in done.stdout


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


def test_a_typo_in_an_option_gets_a_suggestion(run):
    result = run("fit", "x.vcf", "--labls", "pop.tsv")
    assert result.exit_code == 2
    assert "--labels" in result.stderr


@pytest.mark.parametrize("command", ["fit", "embed", "assign", "condition", "ingest"])
def test_var_filter_has_the_default_of_python(main, command):
    """The command line cannot import it, since help loads little."""
    from ancestry_ddvi.genotypes.formats.reading import VAR_FILTER, ReadOptions

    params = {param.name: param for param in main.commands[command].params}
    assert params["var_filter"].default == VAR_FILTER
    assert ReadOptions.of(VAR_FILTER) == ReadOptions()
