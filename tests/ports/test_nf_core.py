"""The nf-core modules: what they promise of themselves, and their scripts run for real.

Nextflow itself is not needed. Groovy, the language of the modules, reads their blocks where it is
installed (``nextflow_process.groovy``), and the shell runs what comes of them.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from ancestry_ddvi.cli import main

from ancestry_ddvi.genotypes.formats.registry import FORMATS
from ancestry_ddvi.outputs import written_by
from ancestry_ddvi.version import __version__

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "example_data"
MODULES = ROOT / "pipelines" / "nf-core" / "modules" / "nf-core" / "ddviancestry"
NAMES = ("fit", "embed", "assign", "report")
VERSION = "ddvi-ancestry --version | sed 's/.* //'"

NOT_EMITTED = {"checkpoint"}
"""Outputs that a run removes again."""


def source(name: str) -> str:
    return (MODULES / name / "main.nf").read_text("utf-8")


def meta(name: str) -> dict[str, Any]:
    return yaml.safe_load((MODULES / name / "meta.yml").read_text("utf-8"))


def block(name: str, label: str) -> str:
    found = re.search(rf"^    {label}:\n(.*?)(?=^    \w+:\n|^}}\n)", source(name), re.M | re.S)
    assert found
    return found[1]


def declared(name: str, label: str) -> list[list[str]]:
    """The elements of each channel of a block: "meta" and "genotypes" of a tuple."""
    lines = filter(None, map(str.strip, block(name, label).splitlines()))
    word = r"(?:val|path|eval)(?:\(| )\s*(\"[^\"]*\"|'[^']*'|\w+)"
    return [
        [re.sub(r"^([\"'])(.*)\1$", r"\2", part) for part in re.findall(word, line)]
        for line in lines
    ]


def emitted(name: str) -> dict[str, tuple[str, bool]]:
    """The pattern of each output that is a file, and whether it may be absent."""
    rows = re.findall(r'path\("(.+?)"\)\s*, emit: (\w+)(, optional: true)?', block(name, "output"))
    return {emit: (pattern, bool(optional)) for pattern, emit, optional in rows}


def elements(channels: list[Any]) -> list[list[str]]:
    return [
        [key for each in (channel if isinstance(channel, list) else [channel]) for key in each]
        for channel in channels
    ]


@pytest.mark.parametrize("name", NAMES)
def test_meta_tells_the_channels_of_the_module(name):
    found = meta(name)
    assert found["name"].upper() == re.search(r"process (\w+) {", source(name))[1]
    assert elements(found["input"]) == declared(name, "input")
    outputs = [channel for channels in found["output"].values() for channel in channels]
    assert elements(outputs) == declared(name, "output")
    emits = re.findall(r"emit: (\w+)", block(name, "output"))
    assert [*found["output"]] == emits
    assert elements(found["topics"]["versions"]) == [["${task.process}", "ddvi-ancestry", VERSION]]
    assert found["topics"]["versions"] == found["output"]["versions_ddviancestry"]


@pytest.mark.parametrize("name", NAMES)
def test_meta_keeps_the_rules_of_the_schema(name):
    found = meta(name)
    assert len(set(found["keywords"])) == len(found["keywords"]) >= 3
    (tool,) = found["tools"]
    assert re.fullmatch(r"10\.\d{4,9}/[^,]+", tool["ddvi-ancestry"]["doi"])
    assert tool["ddvi-ancestry"]["licence"] == ["BSD-3-Clause"]
    assert all(name.startswith("@") for name in found["authors"] + found["maintainers"])
    channels = [*found["input"], *(c for each in found["output"].values() for c in each)]
    for channel in channels:
        for each in channel if isinstance(channel, list) else [channel]:
            ((_, told),) = each.items()
            assert told["type"] in ("map", "file", "string", "eval")
            assert told["description"].strip()
            assert ("pattern" in told) == (told["type"] == "file")


@pytest.mark.parametrize("name", NAMES)
def test_the_module_takes_the_package_and_the_container_of_bioconda(name):
    environment = yaml.safe_load((MODULES / name / "environment.yml").read_text("utf-8"))
    assert environment["channels"] == ["conda-forge", "bioconda"]
    (package,) = environment["dependencies"]
    version = package.removeprefix("bioconda::ddvi-ancestry=")
    tags = re.findall(r"/ddvi-ancestry:([\w.]+)--pyhdfd78af_0'", source(name))
    assert tags == [version, version]


@pytest.mark.parametrize("name", NAMES)
def test_every_option_of_the_script_is_one_of_the_command(name):
    script = block(name, "script")
    assert f"ddvi-ancestry {name} " in script
    command = main.commands[name]
    known = {option for parameter in command.params for option in parameter.opts}
    used = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", script))
    assert used
    assert used <= known
    assert ("--threads" in used) == ("--threads" in known)


@pytest.mark.parametrize("name", ["fit", "embed", "assign"])
def test_files_beside_the_genotypes_are_staged_and_not_named(name):
    pattern = re.search(r"file\.name ==~ /(.+)/\)", block(name, "script"))[1]
    beside = [end for row in FORMATS.values() for end in row.companions]
    for end in (*beside, ".vcf.gz.tbi", ".bcf.csi", ".pvar.zst"):
        assert re.fullmatch(pattern, f"x{end}")
    named = [end for row in FORMATS.values() for end in (*row.suffixes, row.prefix_end)]
    for end in (*named, ".coords.tsv"):
        assert not re.fullmatch(pattern, f"x{end}")


@pytest.mark.parametrize("name", NAMES)
def test_every_output_of_the_command_is_emitted(name):
    due = {f"${{prefix}}{row.shown.replace('LEVEL', '*')}" for row in written_by(name)
           if row.kind not in NOT_EMITTED}  # fmt: skip
    assert due <= {pattern for pattern, _ in emitted(name).values()}


@pytest.mark.parametrize("name", NAMES)
def test_the_stub_makes_every_output_that_is_always_there(name):
    made = set(re.findall(r"touch (\S+)", block(name, "stub")))
    due = {pattern.replace("*", "population")
           for pattern, optional in emitted(name).values() if not optional}  # fmt: skip
    assert made == due


@pytest.mark.parametrize("name", NAMES)
def test_nf_test_names_its_module_and_data_that_there_are(name):
    text = (MODULES / name / "tests" / "main.nf.test").read_text("utf-8")
    tags = re.findall(r'tag "(.+)"', text)
    assert tags[:4] == ["modules", "modules_nfcore", "ddviancestry", f"ddviancestry/{name}"]
    assert f'process "DDVIANCESTRY_{name.upper()}"' in text
    assert "-stub" in text
    for file in set(re.findall(r"popgen/ddviancestry/([\w.]+)'", text)):
        assert (EXAMPLE / file).is_file()
    assert text.count("{") == text.count("}")


def groovy() -> str:
    """The command of Groovy, where it runs."""
    found = shutil.which("groovy")
    if not found or not shutil.which("java"):
        pytest.skip("Groovy is not installed")
    return found


def java_home() -> str:
    """The folder of Java; the Groovy of Debian looks for a default that may be absent."""
    return os.environ.get("JAVA_HOME") or str(Path(shutil.which("java")).resolve().parents[1])


def evaluated(
    folder: Path, name: str, chosen: str, inputs: dict[str, Any], args: str = ""
) -> dict[str, Any]:
    """What Nextflow would run, and the outputs it would look for."""
    task = {"cpus": 1, "process": f"X:{name.upper()}", "ext": {"args": args}}
    given = folder / "inputs.json"
    given.write_text(json.dumps(inputs | {"task": task}))
    reader = Path(__file__).with_name("nextflow_process.groovy")
    done = subprocess.run(
        [groovy(), str(reader), str(MODULES / name / "main.nf"), chosen, str(given)],
        capture_output=True,
        text=True,
        env=os.environ | {"JAVA_HOME": java_home()},
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    return json.loads(done.stdout)


def run(
    folder: Path, name: str, inputs: dict[str, Any], *, args: str = "", chosen: str = "script"
) -> dict[str, list[Path]]:
    """Run a module in a folder with its inputs staged as links; the files of each output."""
    folder.mkdir()
    staged: dict[str, Any] = {}
    for key, value in inputs.items():
        paths = [value] if isinstance(value, Path) else value
        if isinstance(paths, list):
            for path in paths:
                (folder / path.name).symlink_to(path.resolve())
            names = [f"file:{path.name}" for path in paths]
            staged[key] = names[0] if isinstance(value, Path) else names
        else:
            staged[key] = value
    given = {path.name for path in folder.iterdir()}
    told = evaluated(folder, name, chosen, staged, args)
    assert told["ready"]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    shell = ["bash", "-ue", "-c", told["command"]]
    done = subprocess.run(
        shell, cwd=folder, capture_output=True, text=True, env=os.environ | {"PATH": path}
    )
    assert done.returncode == 0, done.stderr
    found = {}
    for row in told["outputs"]:
        parts = {key: value for part in row["parts"] for key, value in part.items()}
        if "path" in parts:
            made = sorted(file for file in folder.glob(parts["path"]) if file.name not in given)
            assert made or row.get("optional"), f"{name} made no {parts['path']}"
            found[row["emit"]] = made
        else:
            version = subprocess.run(
                ["bash", "-c", parts["eval"]], capture_output=True, text=True,
                env=os.environ | {"PATH": path},
            )  # fmt: skip
            assert version.stdout.strip() == __version__
            assert row["topic"] == "versions"
    return found


NO_MODEL = {"meta2": {}, "model": []}
KGP = NO_MODEL | {"reference": "kgp", "targets": []}


@pytest.fixture(scope="module")
def fitted(tmp_path_factory) -> dict[str, list[Path]]:
    folder = tmp_path_factory.mktemp("nf") / "fit"
    genotypes = [EXAMPLE / f"cohort.{ending}" for ending in ("bed", "bim", "fam")]
    inputs = {"meta": {"id": "cohort"}, "genotypes": genotypes, "meta2": {}}
    labels = {"labels": EXAMPLE / "labels.tsv"}
    return run(folder, "fit", inputs | labels, args="--set steps=300")


@pytest.mark.slow
def test_fit_reads_a_plink_set_and_writes_a_model(fitted):
    assert {emit for emit, files in fitted.items() if not files} == {"groups", "html"}
    assert len(fitted["coords"][0].read_text().splitlines()) == 240


@pytest.mark.slow
def test_embed_uses_the_model_of_fit(fitted, tmp_path):
    given = {"meta": {"id": "query"}, "genotypes": EXAMPLE / "query.vcf.gz", "meta2": {}}
    own = {"model": fitted["model"][0], "reference": "", "targets": []}
    found = run(tmp_path / "embed", "embed", given | own, args="--report --draws-out")
    assert {emit for emit, files in found.items() if not files} == {"groups"}
    assert len(found["coords"][0].read_text().splitlines()) == 13


@pytest.mark.slow
def test_assign_names_the_groups_of_coordinates(fitted, tmp_path):
    given = {"meta": {"id": "cohort"}, "samples": [*fitted["coords"], *fitted["pcs"]]}
    own = {"meta2": {}, "model": fitted["model"][0], "reference": "", "targets": []}
    found = run(tmp_path / "assign", "assign", given | own)
    assert len(found["levels"]) == 2
    assert not found["coords"]
    assert len(found["ancestry"][0].read_text().splitlines()) == 240


@pytest.mark.slow
def test_assign_by_a_reference_model_and_a_report_of_it(tmp_path):
    given = {"meta": {"id": "human"}, "samples": EXAMPLE / "synthetic_human.vcf.gz"}
    found = run(tmp_path / "assign", "assign", given | KGP)
    counts = json.loads(found["counts"][0].read_text())["levels"]["superpopulation"]["groups"]
    assert counts == {"AFR": 1, "AMR": 1, "EAS": 1}
    runs = [path for emit in ("summary", "coords", "pcs", "relatives", "ancestry", "levels",
                              "counts") for path in found[emit]]  # fmt: skip
    report = {"meta": {"id": "page"}, "runs": runs, "labels": []} | NO_MODEL
    page = run(tmp_path / "report", "report", report, args="--title Page")["html"][0]
    assert "synthetic_000001" in page.read_text("utf-8")


@pytest.mark.slow
def test_absent_variants_in_targets_are_reference_calls(tmp_path):
    bed = tmp_path / "targets.bed"
    bed.write_text("".join(f"{number}\t0\t300000000\n" for number in range(1, 23)))
    given = {"meta": {"id": "human"}, "genotypes": EXAMPLE / "synthetic_human.vcf.gz"}
    found = run(tmp_path / "embed", "embed", given | KGP | {"targets": bed})
    told = json.loads(found["summary"][0].read_text())["harmonisation"]
    assert told["absent_as_reference"] > 0


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_the_stub_runs(name, tmp_path):
    names = [name for channel in declared(name, "input") for name in channel]
    inputs = {each: [] for each in names} | {"meta": {"id": "x"}, "meta2": {}}
    found = run(tmp_path / "stub", name, inputs, chosen="stub")
    optional = {emit for emit, (_, may_lack) in emitted(name).items() if may_lack}
    assert {emit for emit, files in found.items() if not files} == optional


@pytest.mark.slow
@pytest.mark.parametrize("name", ["embed", "assign"])
def test_without_a_model_there_is_a_plain_error(name, tmp_path):
    samples = {"genotypes": "file:q.vcf", "samples": "file:q.vcf"}
    given = {"meta": {"id": "x"}, "reference": "", "targets": []} | NO_MODEL | samples
    groovy()
    with pytest.raises(RuntimeError, match="Give a model, or the name of a reference model"):
        evaluated(tmp_path, name, "script", given)
