"""The Snakemake workflow, run on the example data with a short training."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("snakemake")
yaml = pytest.importorskip("yaml")

ROOT = Path(__file__).parents[2]
CONFIG = """\
cohort: example data/cohort.vcf.gz
labels: example data/labels.tsv
levels: [population, superpopulation]
queries:
  january: example data/query.vcf.gz
  all-again: [example data/query.vcf.gz]
extra:
  fit: --set steps=40 --maf 0.1
  embed: --draws 8
  assign: --min-prob 0.5
"""


def snakemake(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the workflow in a folder, with the commands of this environment."""
    scripts = str(Path(sys.executable).parent)
    environment = os.environ | {
        "PATH": scripts + os.pathsep + os.environ["PATH"],
        "XDG_CACHE_HOME": str(folder / "cache"),
    }
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "pipelines/Snakefile")]
    return subprocess.run(
        [*command, "--configfile", "config.yaml", "--cores", "1", *options],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results of a run of the workflow."""
    folder = tmp_path_factory.mktemp("workflow")
    (folder / "example data").symlink_to(ROOT / "example_data")
    (folder / "config.yaml").write_text(CONFIG)
    run = snakemake(folder)
    logs = [path.read_text() for path in folder.glob("results/logs/*")]
    assert run.returncode == 0, "\n".join([run.stdout, *logs])
    return folder / "results"


def samples(coordinates: Path) -> list[str]:
    return [line.split("\t")[0] for line in coordinates.read_text().splitlines()[1:]]


@pytest.mark.slow
def test_all_samples_of_the_cohort_and_the_queries_have_coordinates(folder):
    labelled = samples(ROOT / "example_data/labels.tsv")
    queried = samples(ROOT / "example_data/query_labels.tsv")
    assert samples(folder / "cohort.coords.tsv") == labelled
    assert samples(folder / "queries/january.coords.tsv") == queried


@pytest.mark.slow
def test_a_query_gets_the_same_coordinates_under_any_name(folder):
    one, other = (folder / f"queries/{name}.coords.tsv" for name in ("january", "all-again"))
    assert one.read_bytes() == other.read_bytes()


@pytest.mark.slow
def test_extra_options_reach_the_commands(folder):
    fitted = json.loads((folder / "cohort.summary.json").read_text())["options"]
    embedded = json.loads((folder / "queries/january.summary.json").read_text())["options"]
    assert (fitted["settings"]["steps"], fitted["filters"]["maf"]) == (40, 0.1)
    assigned = json.loads((folder / "queries/january.assign.json").read_text())["options"]
    assert embedded["draws"] == 8
    assert assigned["min_prob"] == 0.5


@pytest.mark.slow
def test_all_samples_of_a_query_are_assigned_on_every_level_of_the_labels(folder):
    queried = samples(ROOT / "example_data/query_labels.tsv")
    for level in ("population", "superpopulation"):
        assert samples(folder / f"queries/january.assign.{level}.tsv") == queried


@pytest.mark.slow
def test_one_report_has_the_cohort_and_every_query(folder):
    page = (folder / "all.report.html").read_text(encoding="utf-8")
    names = ["cohort", "january", "all-again"]
    tables = [folder / f"queries/{name}.coords.tsv" for name in names[1:]]
    count = sum(len(samples(path)) for path in (folder / "cohort.coords.tsv", *tables))
    assert f"{count} samples in 3 runs." in page


@pytest.mark.slow
def test_messages_of_the_commands_are_kept(folder):
    for log, path in {
        "fit.log": "cohort.ddvi",
        "embed.january.log": "queries/january.coords.tsv",
        "assign.january.log": "queries/january.assign.json",
    }.items():
        lines = (folder / "logs" / log).read_text().splitlines()
        assert f"results/{path}" in lines
        assert [line for line in lines if not line.startswith("results/")]


@pytest.mark.slow
def test_a_second_run_has_nothing_to_do(folder):
    assert "Nothing to be done" in snakemake(folder.parent, "--dry-run").stdout


@pytest.mark.slow
def test_every_result_is_an_output_of_a_rule(folder):
    """What the commands wrote is what Snakemake lists, but for stores, logs and the cache."""
    listed = snakemake(folder.parent, "--summary").stdout.splitlines()
    outputs = {line.split("\t")[0] for line in listed if line.startswith("results/")}
    written = {str(path.relative_to(folder.parent)) for path in folder.rglob("*.*")}
    assert {path for path in written - outputs if ".genotypes." not in path} == {
        path for path in written if path.endswith(".log")
    }


def test_the_levels_are_by_default_the_second_column(tmp_path):
    (tmp_path / "example data").symlink_to(ROOT / "example_data")
    (tmp_path / "config.yaml").write_text(
        CONFIG.replace("levels: [population, superpopulation]\n", "")
    )
    run = snakemake(tmp_path, "--dry-run")
    assert "january.assign.population.tsv" in run.stdout
    assert "superpopulation" not in run.stdout


def test_the_config_beside_the_workflow_is_complete(tmp_path):
    (tmp_path / "example_data").symlink_to(ROOT / "example_data")
    (tmp_path / "config.yaml").symlink_to(ROOT / "pipelines/config.yaml")
    run = snakemake(tmp_path, "--dry-run")
    assert run.returncode == 0, run.stdout
    for rule in ("fit", "embed", "assign"):
        assert run.stdout.count(f"rule {rule}:") == 1


def test_without_labels_no_sample_is_assigned(tmp_path):
    (tmp_path / "cohort.vcf.gz").symlink_to(ROOT / "example_data/cohort.vcf.gz")
    (tmp_path / "config.yaml").write_text("cohort: cohort.vcf.gz\nqueries: {a: cohort.vcf.gz}\n")
    run = snakemake(tmp_path, "--dry-run")
    assert run.returncode == 0, run.stdout
    assert run.stdout.count("rule embed:") == 1
    assert "rule assign:" not in run.stdout


def test_a_cohort_is_all_that_a_config_needs(tmp_path):
    (tmp_path / "cohort.vcf.gz").symlink_to(ROOT / "example_data/cohort.vcf.gz")
    (tmp_path / "config.yaml").write_text("cohort: cohort.vcf.gz\n")
    run = snakemake(tmp_path, "--dry-run")
    assert run.returncode == 0, run.stdout
    assert "rule embed:" not in run.stdout


def test_a_reference_model_takes_the_place_of_a_cohort(tmp_path):
    (tmp_path / "query.vcf.gz").symlink_to(ROOT / "example_data/query.vcf.gz")
    (tmp_path / "config.yaml").write_text("model: kgp\nqueries: {a: query.vcf.gz}\n")
    run = snakemake(tmp_path, "--dry-run", "--printshellcmds")
    assert run.returncode == 0, run.stdout
    assert "rule fit:" not in run.stdout
    assert "ddvi-ancestry embed kgp query.vcf.gz --out results/queries/a " in run.stdout
    assert "ddvi-ancestry assign kgp results/queries/a.coords.tsv " in run.stdout


def test_a_model_in_a_file_is_an_input(tmp_path):
    (tmp_path / "query.vcf.gz").symlink_to(ROOT / "example_data/query.vcf.gz")
    (tmp_path / "config.yaml").write_text("model: mine.ddvi\nqueries: {a: query.vcf.gz}\n")
    run = snakemake(tmp_path, "--dry-run")
    assert run.returncode != 0
    assert "MissingInputException" in run.stdout
    (tmp_path / "mine.ddvi").touch()
    assert snakemake(tmp_path, "--dry-run").returncode == 0


@pytest.mark.slow
def test_queries_are_assigned_to_the_groups_of_a_reference_model(folder, tmp_path, monkeypatch):
    (tmp_path / "alpine.ddvi").symlink_to(folder / "cohort.ddvi")
    (tmp_path / "query.vcf.gz").symlink_to(ROOT / "example_data/query.vcf.gz")
    monkeypatch.setenv("DDVI_ANCESTRY_REFERENCES", str(tmp_path))
    (tmp_path / "config.yaml").write_text(
        "model: alpine\nlevels: [superpopulation]\nqueries: {a: query.vcf.gz}\n"
    )
    run = snakemake(tmp_path)
    assert run.returncode == 0, run.stdout
    assert samples(tmp_path / "results/queries/a.ancestry.tsv") == samples(
        tmp_path / "results/queries/a.assign.superpopulation.tsv"
    )


def test_a_cohort_and_a_model_exclude_each_other(tmp_path):
    (tmp_path / "config.yaml").write_text("cohort: cohort.vcf.gz\nmodel: kgp\n")
    run = snakemake(tmp_path, "--dry-run")
    assert run.returncode != 0
    assert "Error validating config file" in run.stdout


@pytest.mark.parametrize("line", ["cohrt: x.vcf", "queries: {a/b: x.vcf}", "extra: --set steps=1"])
def test_an_invalid_config_is_an_error(tmp_path, line):
    (tmp_path / "config.yaml").write_text(f"cohort: cohort.vcf.gz\n{line}\n")
    run = snakemake(tmp_path, "--dry-run")
    assert run.returncode != 0
    assert "Error validating config file" in run.stdout


def test_several_files_of_a_cohort_are_packed_by_a_job_each(tmp_path):
    for name in ("chr1.vcf.gz", "chr2.vcf.gz", "chr3.bed", "chr3.bim", "chr3.fam"):
        (tmp_path / name).touch()
    (tmp_path / "config.yaml").write_text("cohort: [chr1.vcf.gz, chr2.vcf.gz, chr3.bed]\n")
    run = snakemake(tmp_path, "--dry-run", "--printshellcmds")
    assert run.returncode == 0, run.stdout
    assert run.stdout.count("rule ingest:") == 2
    assert "ingest chr2.vcf.gz --out results/stores/2 " in run.stdout
    assert "fit results/stores/1.bed results/stores/2.bed chr3.bed --out" in run.stdout


@pytest.mark.slow
def test_a_cohort_in_two_files_is_that_in_one(tmp_path):
    """Each with the variants of some chromosomes."""
    path = tmp_path / "cohort"
    with gzip.open(ROOT / "example_data/cohort.vcf.gz", "rt") as lines:
        text = lines.read().splitlines(keepends=True)
    head = [line for line in text if line.startswith("#")]
    first = text[len(head)].split("\t")[0]
    parts = {
        "1": [line for line in text[len(head) :] if line.split("\t")[0] == first],
        "2": [line for line in text[len(head) :] if line.split("\t")[0] != first],
    }
    for name, lines in parts.items():
        Path(f"{path}{name}.vcf").write_text("".join([*head, *lines]))
    (tmp_path / "config.yaml").write_text(
        f"cohort: [{path}1.vcf, {path}2.vcf]\nextra:\n  fit: --set steps=40 --maf 0.1\n"
    )
    run = snakemake(tmp_path)
    assert run.returncode == 0, run.stdout
    assert samples(tmp_path / "results/cohort.coords.tsv") == samples(
        ROOT / "example_data/labels.tsv"
    )
    fitted = json.loads((tmp_path / "results/cohort.summary.json").read_text())
    assert fitted["inputs"] == ["results/stores/1.bed", "results/stores/2.bed"]


def test_the_profile_for_slurm_has_options_of_snakemake_alone():
    profile = yaml.safe_load((ROOT / "pipelines/profiles/slurm/config.yaml").read_text())
    command = [sys.executable, "-m", "snakemake", "--help"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert profile["executor"] == "slurm"
    assert [key for key in profile if f"--{key}" not in shown] == []
