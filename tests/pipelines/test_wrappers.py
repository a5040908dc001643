"""The Snakemake wrappers: each test of theirs run, and what stands in their folders."""

from __future__ import annotations

import ast
import json
import re
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
from ancestry_ddvi.cli import main

from ancestry_ddvi.outputs import written_by
from ancestry_ddvi.version import __version__

yaml = pytest.importorskip("yaml")

ROOT = Path(__file__).parents[2]
WRAPPERS = ROOT / "pipelines/snakemake-wrappers/bio/ddvi-ancestry"
NAMES = ["fit", "embed", "assign", "report"]
TARGETS = {
    "fit": ["results/cohort.ddvi"],
    "embed": ["results/query.coords.tsv", "reference/human.tsv"],
    "assign": ["results/query.assign.json", "reference/human.tsv"],
    "report": ["results/ancestry.html"],
}


def meta(name: str) -> dict:
    return yaml.safe_load((WRAPPERS / name / "meta.yaml").read_text())


def keys(entries: list) -> set[str]:
    """Names of the entries of a list of ``meta.yaml``; one entry may have several."""
    named = [name for entry in entries if isinstance(entry, dict) for name in entry]
    return {name for names in named for name in names.split(", ")}


def endings(name: str) -> dict[str, str]:
    """The table of outputs in the code of a wrapper."""
    code = (WRAPPERS / name / "wrapper.py").read_text()
    return ast.literal_eval(code.partition("ENDINGS = ")[2].partition("}")[0] + "}")


@pytest.fixture(scope="session")
def ran(tmp_path_factory, snakemake):
    """The test of a wrapper, run as in the repository of the wrappers."""
    pytest.importorskip("snakemake")
    done: dict[str, SimpleNamespace] = {}

    def run(name: str) -> SimpleNamespace:
        if name not in done:
            folder = tmp_path_factory.mktemp(name)
            (folder / "master").symlink_to(WRAPPERS.parents[1])
            place = folder / "test"
            shutil.copytree(WRAPPERS / name / "test", place)
            prefix = f"file://{folder}/"
            options = ["--wrapper-prefix", prefix, "--show-failed-logs", *TARGETS[name]]
            got = snakemake(place, place / "Snakefile", *options)
            done[name] = SimpleNamespace(code=got.returncode, shown=got.stdout, folder=place)
        return done[name]

    return run


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_the_test_of_a_wrapper_passes(ran, name):
    run = ran(name)
    assert run.code == 0, run.shown
    assert all((run.folder / target).stat().st_size for target in TARGETS[name])


@pytest.mark.slow
def test_the_wrapper_of_fit_takes_several_files_labels_and_options(ran):
    summary = json.loads((ran("fit").folder / "results/cohort.summary.json").read_text())
    assert summary["inputs"] == ["chr1.vcf.gz", "chr2.vcf.gz"]
    assert summary["options"]["labels"] == "labels.tsv"
    assert (summary["options"]["method"], summary["options"]["filters"]["maf"]) == ("pca", 0.1)


@pytest.mark.slow
def test_a_wrapper_writes_what_was_asked_for_and_nothing_else(ran):
    run = ran("embed")
    assert {path.name for path in (run.folder / "reference").iterdir()} == {"human.tsv"}
    outputs = meta("embed")["output"]
    assert len([*(run.folder / "results").iterdir()]) == len(keys(outputs) - {"groups"})


@pytest.mark.slow
def test_messages_of_a_wrapper_go_to_its_log(ran):
    assert (
        "Most genetically similar groups" in (ran("assign").folder / "logs/assign.log").read_text()
    )


@pytest.mark.slow
def test_the_wrapper_of_assign_names_the_tables_of_levels_as_it_is_told(ran):
    folder = ran("assign").folder / "results"
    heads = [
        (folder / f"query.{name}.tsv").read_text().partition("\n")[0]
        for name in ("populations", "continents")
    ]
    assert "North1" in heads[0]
    assert "North1" not in heads[1]


@pytest.mark.parametrize("name", NAMES)
def test_a_wrapper_is_described_in_full(name):
    about = meta(name)
    assert about["name"] == f"ddvi-ancestry {name}"
    assert about["authors"] == ["The ddvi-ancestry developers"]
    wanted = {"name", "description", "url", "authors", "input", "output", "params", "notes"}
    assert {*about} == wanted


@pytest.mark.parametrize("name", NAMES)
def test_the_environment_of_a_wrapper_has_the_version_of_the_package(name):
    environment = yaml.safe_load((WRAPPERS / name / "environment.yaml").read_text())
    minor = __version__.rpartition(".")[0]
    assert environment == {
        "channels": ["conda-forge", "bioconda", "nodefaults"],
        "dependencies": [f"ddvi-ancestry ={minor}"],
    }


@pytest.mark.parametrize("name", ["fit", "embed", "assign"])
def test_a_wrapper_knows_the_files_that_the_command_writes(name):
    commands = [name, "report", *["embed"] * (name == "assign")]
    rows = {row.kind: row.ending for command in commands for row in written_by(command)}
    others = {"assign.{level}", "checkpoint", "log", *["draws"] * (name == "assign")}
    assert endings(name) == {kind: end for kind, end in rows.items() if kind not in others}
    assert keys(meta(name)["output"]) - {"levels"} == {*endings(name)}


@pytest.mark.parametrize("name", NAMES)
def test_every_option_that_a_wrapper_gives_is_one_of_the_command(name):
    code = (WRAPPERS / name / "wrapper.py").read_text()
    given = {*re.findall(r"--[a-z-]+", code)}
    for options in re.findall(r"for option in (\(.*\)):", code):
        given |= {f"--{option}" for option in ast.literal_eval(options)}
    known = {option for param in main.commands[name].params for option in param.opts}
    assert given - known == set()
    assert "{log}" in code


@pytest.mark.parametrize("name", NAMES)
def test_the_example_of_a_wrapper_gives_inputs_that_are_described(name):
    rules = (WRAPPERS / name / "test/Snakefile").read_text()
    inputs = re.findall(r"^    input:\n(.*?)^    output:", rules, re.MULTILINE | re.DOTALL)
    named = {*re.findall(r"^        (\w+)=", "".join(inputs), re.MULTILINE)}
    assert named <= keys(meta(name)["input"])
    assert f'"master/bio/ddvi-ancestry/{name}"' in rules
