"""The Galaxy tools: what they say of the program, and their own tests run for real.

``planemo lint`` checks them where planemo is installed. Where Cheetah is, commands are filled as
Galaxy does it and run; Galaxy itself is not needed.
"""

from __future__ import annotations

import gzip
import hashlib
import importlib.util
import json
import re
import shutil
import subprocess
import zipfile
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import yaml
from ancestry_ddvi.cli import main

from ancestry_ddvi import errors
from ancestry_ddvi.methods import METHODS
from ancestry_ddvi.reference_models import available

from . import galaxy_tool
from .galaxy_tool import FOLDER, NAMES, Dataset, check, nested, run, tool

EXAMPLE = Path(__file__).parents[2] / "example_data"

pytestmark = pytest.mark.filterwarnings("ignore:'cgi' is deprecated:DeprecationWarning")
"""Cheetah imports it."""


@pytest.mark.parametrize("name", NAMES)
def test_every_option_is_one_of_the_command(name):
    known = {option for parameter in main.commands[name].params for option in parameter.opts}
    root = tool(name)
    text = re.sub(r"[ls]n? -s|mv --|cp --|rm -f --", "", galaxy_tool.command(root))
    used = set(re.findall(r"(?<![\w$-])--[a-z][a-z-]*[a-z0-9]", text))
    shown = {row.get("argument") for row in root.iter("param")} - {None}
    switches = {row.get("truevalue") for row in root.iter("param")} - {None}
    assert used
    assert used | shown | switches <= known
    assert f"ddvi-ancestry {name} " in f"{text} ".replace("\n", " ")


@pytest.mark.parametrize("name", NAMES)
def test_the_tool_has_the_version_of_the_package_it_requires(name):
    root = tool(name)
    assert root.get("version").startswith("@TOOL_VERSION@+galaxy")
    requirement = root.find("requirements/requirement")
    assert requirement.text == "ddvi-ancestry"
    assert requirement.get("version") == "@TOOL_VERSION@"


def test_the_reference_models_are_those_of_the_package(monkeypatch):
    monkeypatch.delenv("DDVI_ANCESTRY_REFERENCES", raising=False)
    due = {model.name for model in available()} | {"auto"}
    for name in ("embed", "assign"):
        (param,) = tool(name).findall("inputs//param[@name='reference']")
        assert {option.get("value") for option in param.findall("option")} == due


def test_methods_are_those_of_the_program_and_say_which_cannot_embed():
    (param,) = [row for row in tool("fit").iter("param") if row.get("argument") == "--method"]
    options = {option.get("value"): option.text for option in param.findall("option")}
    assert options.keys() <= METHODS.keys()
    silent = {name for name, text in options.items() if "cannot embed" in text}
    assert silent == {"umap", "tsne"}


@pytest.mark.parametrize("name", NAMES)
def test_every_exit_code_of_the_program_is_an_error(name):
    codes = {
        each.exit_code for each in vars(errors).values()
        if isinstance(each, type) and getattr(each, "exit_code", None)
    }  # fmt: skip
    assert codes
    covered = set()
    for row in tool(name).iter("exit_code"):
        first, colon, _ = row.get("range").partition(":")
        covered |= set(range(int(first), 256 if colon else int(first) + 1))
    assert codes | {1, 130, 143} <= covered


def test_the_data_of_the_tests_are_there_and_from_the_example():
    named = {row.get("value") for name in NAMES for row in tool(name).iter("param")
             if row.get("ftype")}  # fmt: skip
    assert named == {path.name for path in (FOLDER / "test-data").iterdir()}
    data = FOLDER / "test-data"
    assert sum(path.stat().st_size for path in data.iterdir()) < 200_000
    same = {"human.vcf.gz": "synthetic_human.vcf.gz", "labels.tsv": "labels.tsv"}
    for name, original in same.items():
        assert (data / name).read_bytes() == (EXAMPLE / original).read_bytes()
    some, every = (gzip.decompress(p.read_bytes()).decode().splitlines()
                   for p in (data / "cohort.vcf.gz", EXAMPLE / "cohort.vcf.gz"))  # fmt: skip
    kept = {tuple(line.split("\t")[:5]) for line in some if line[0] != "#"}
    assert kept < {tuple(line.split("\t")[:5]) for line in every if line[0] != "#"}


def test_the_data_of_the_tests_name_no_folder_of_the_machine_that_made_them():
    data = FOLDER / "test-data"
    run_of_human = zipfile.ZipFile(data / "human.zip")
    summary = json.loads(run_of_human.read("human.summary.json"))
    assert summary["inputs"] == ["human.vcf.gz"]
    texts = [run_of_human.read(name) for name in run_of_human.namelist()]
    texts += [gzip.decompress(path.read_bytes()) for path in data.glob("*.gz")]
    assert not [found for text in texts for found in re.findall(rb"[\s\"]/\w+/\S+", text)]


def test_the_run_of_the_report_is_of_the_model_that_is_shipped():
    archive = zipfile.ZipFile(FOLDER / "test-data/human.zip")
    summary = json.loads(archive.read("human.summary.json"))
    kgp = next(model.path for model in available() if model.name == "kgp")
    shipped = hashlib.sha256(kgp.read_bytes()).hexdigest()
    assert summary["model_sha256"] == shipped, "galaxy/README.md tells how to make human.zip again"


def test_the_shed_file_and_the_labels_of_tools_can_be_read():
    shed = yaml.safe_load((FOLDER / ".shed.yml").read_text("utf-8"))
    assert shed["name"] == "ddvi_ancestry"
    ids = {ET.parse(path).getroot().get("id") for path in FOLDER.glob("ddvi_ancestry_*.xml")}
    assert ids == {f"ddvi_ancestry_{name}" for name in NAMES}


@pytest.mark.packages
@pytest.mark.slow
@pytest.mark.skipif(shutil.which("planemo") is None, reason="planemo is not installed")
def test_planemo_has_nothing_to_say():
    done = subprocess.run(
        ["planemo", "lint", "--fail_level", "warn", str(FOLDER)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout


def cases() -> list[object]:
    return [
        pytest.param(name, number, id=f"{name}-{number}")
        for name in NAMES
        for number in range(len(tool(name).findall("tests/test")))
    ]


needs_cheetah = pytest.mark.skipif(
    importlib.util.find_spec("Cheetah") is None, reason="Cheetah is not installed"
)


@pytest.mark.packages
@pytest.mark.slow
@needs_cheetah
@pytest.mark.parametrize(("name", "number"), cases())
def test_its_own_tests_pass(name, number, tmp_path):
    test = tool(name).findall("tests/test")[number]
    done, files = run(name, nested(test), tmp_path / "run")
    assert done.returncode == int(test.get("expect_exit_code", "0")), done.stderr
    if test.get("expect_failure"):
        return
    assert len(files) == int(test.get("expect_num_outputs"))
    assert all(path.exists() for path in files.values())
    for row in test.iter("output"):
        for assertion in row.find("assert_contents"):
            assert check(assertion, files[row.get("name")]), (row.get("name"), assertion.attrib)
    for row in test.iter("output_collection"):
        assert len(list(files[row.get("name")].iterdir())) == int(row.get("count"))


@pytest.mark.packages
@pytest.mark.slow
@needs_cheetah
def test_a_plink_dataset_a_model_of_the_history_and_a_report_of_both(tmp_path):
    genotypes = Dataset.of(EXAMPLE / "cohort.bed", "pbed")
    labels = Dataset.of(EXAMPLE / "labels.tsv", "tabular")
    keep = "pcs,relatives,png,svg,summary,log,run"
    given = {"name": "panel", "genotypes": {"kind": "pbed", "file": genotypes}, "labels": labels}
    small = {"map": {"method": "pca"}, "qc": {"maf": "0.1"}, "keep": keep}
    done, fitted = run("fit", given | small, tmp_path / "fit")
    assert done.returncode == 0, done.stderr
    model = Dataset.of(fitted["model_file"], "safetensors", name="My panel.ddvi")
    query = {"files": [Dataset.of(EXAMPLE / "query.vcf.gz", "vcf_bgzip")]}
    given = {"name": "query", "genotypes": query, "model": {"source": "history", "file": model}}
    options = {
        "more": {"seed": "7", "build": "GRCh37"},
        "keep": "run,log,counts",
        "min_prob": "0.5",
    }
    done, assigned = run("assign", given | options, tmp_path / "assign")
    assert done.returncode == 0, done.stderr
    assert "--seed 7" in assigned["log"].read_text()
    assert "My_panel.ddvi" in assigned["log"].read_text()
    runs = [Dataset.of(files["run"], "zip") for files in (fitted, assigned)]
    done, page = run("report", {"runs": runs, "model": model, "title": "Both"}, tmp_path / "page")
    assert done.returncode == 0, done.stderr
    text = page["html"].read_text("utf-8")
    assert all(word in text for word in ("Both", "panel", "query", "sim0023"))


@pytest.mark.packages
@pytest.mark.slow
@needs_cheetah
def test_regions_say_which_absent_variants_are_reference_calls(tmp_path):
    bed = tmp_path / "all.bed"
    bed.write_text("".join(f"{number}\t0\t300000000\n" for number in range(1, 23)))
    human = {"files": [Dataset.of(EXAMPLE / "synthetic_human.vcf.gz", "vcf_bgzip")]}
    absent = {"means": "targets", "targets": Dataset.of(bed, "bed")}
    given = {"genotypes": human, "absent": absent, "keep": "summary"}
    done, files = run("embed", given, tmp_path / "embed")
    assert done.returncode == 0, done.stderr
    assert '"absent": "reference"' in files["summary"].read_text()
