"""The workflow, run: several cohorts and queries, a query that fails, kills in the middle."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

pytest.importorskip("snakemake")
psutil = pytest.importorskip("psutil")
yaml = pytest.importorskip("yaml")

ROOT = Path(__file__).parents[2]
WORKFLOW = ROOT / "pipelines/Snakefile"
OUTER = f"""\
configfile: "config.yaml"

module ancestry:
    snakefile: "{WORKFLOW}"
    config: config["ancestry"]

use rule * from ancestry as ancestry_*

rule all:
    input: rules.ancestry_all.input
    default_target: True
"""
COHORTS = {
    "alpine": {
        "files": ["the cohort/chr1.vcf.gz", "the cohort/chr2.vcf.gz"],
        "labels": "the cohort/labels.tsv",
        "levels": ["population"],
        "extra": "--method pca --seed 7",
    },
    "coast": {"files": "cohort.vcf.gz", "extra": "--method pca"},
}
QUERIES = {
    "january": {"files": "query.vcf.gz", "models": ["alpine", "coast"], "extra": "--draws 8"},
    "human": {"files": str(ROOT / "example_data/synthetic_human.vcf.gz"), "models": ["kgp"]},
    "torn": {"files": "torn.vcf", "models": ["alpine"]},
}
CONFIG = {
    "cohorts": COHORTS,
    "models": ["kgp"],
    "queries": QUERIES,
    "extra": {"fit": "--maf 0.1", "assign": "--min-prob 0.5"},
}


def by_halves(cohort: Path, folder: Path) -> None:
    """Write the records of a cohort to two files, as if they were of different chromosomes."""
    with gzip.open(cohort, "rt") as lines:
        text = lines.read().splitlines(keepends=True)
    head = [line for line in text if line.startswith("#")]
    records = text[len(head) :]
    half = len(records) // 2
    for name, part in (("chr1", records[:half]), ("chr2", records[half:])):
        with gzip.open(folder / f"{name}.vcf.gz", "wt") as file:
            file.writelines([*head, *part])


@pytest.fixture(scope="session")
def folder(tmp_path_factory, cohort_files) -> Path:
    """A working folder: genotypes, a config and a workflow that imports ours."""
    folder = tmp_path_factory.mktemp("facility")
    (folder / "the cohort").mkdir()
    by_halves(cohort_files.cohort, folder / "the cohort")
    shutil.copy(cohort_files.labels, folder / "the cohort/labels.tsv")
    for path in (cohort_files.cohort, cohort_files.query):
        shutil.copy(path, folder)
    (folder / "torn.vcf").write_text("##fileformat=VCFv4.2\n1\t")
    (folder / "Snakefile").write_text(OUTER)
    write_config(folder, QUERIES)
    return folder


def write_config(folder: Path, queries: dict) -> None:
    config = {"ancestry": CONFIG | {"queries": queries}}
    (folder / "config.yaml").write_text(yaml.safe_dump(config))


def contents(folder: Path) -> dict[str, bytes]:
    """All results, by name."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.*")}


@pytest.fixture(scope="session")
def runs(folder, snakemake) -> SimpleNamespace:
    """A run in which a query fails, one after it was mended, and what Snakemake then lists."""
    first = snakemake(folder, folder / "Snakefile", "--keep-going", "--show-failed-logs")
    left = contents(folder / "results")
    shutil.copy(folder / "query.vcf.gz", folder / "torn.vcf.gz")
    write_config(folder, QUERIES | {"torn": {"files": "torn.vcf.gz", "models": ["alpine"]}})
    second = snakemake(folder, folder / "Snakefile")
    summary = snakemake(folder, folder / "Snakefile", "--summary")
    third = snakemake(folder, folder / "Snakefile", "--dry-run")
    return SimpleNamespace(
        first=first, left=left, second=second, summary=summary, third=third, config=folder
    )


@pytest.fixture
def results(runs, folder) -> Path:
    logs = [path.read_text() for path in folder.glob("results/logs/*")]
    assert runs.second.returncode == 0, "\n".join([runs.first.stdout, runs.second.stdout, *logs])
    return folder / "results"


def samples(table: Path) -> list[str]:
    return [line.split("\t")[0] for line in table.read_text().splitlines()[1:]]


def options(summary: Path) -> dict:
    return json.loads(summary.read_text())["options"]


@pytest.mark.slow
def test_a_failing_query_stops_no_other(runs):
    assert runs.first.returncode != 0
    made = {name for name in runs.left if name.startswith("reports/") and name.endswith(".html")}
    pages = ("coast", "kgp", "january.in.alpine", "january.in.coast", "human.in.kgp")
    assert made == {f"reports/{page}.report.html" for page in pages}


@pytest.mark.slow
def test_the_log_of_a_failing_query_says_why(runs):
    assert b"torn.vcf" in runs.left["logs/embed.torn.in.alpine.log"]
    assert "torn.vcf" in runs.first.stdout.partition("Logfile results/logs/embed.torn")[2]


@pytest.mark.slow
def test_a_failing_query_leaves_no_results(runs):
    assert [name for name in runs.left if name.startswith("queries/torn")] == []


@pytest.mark.slow
def test_a_mended_query_runs_alone(runs, results):
    done = [line.split()[-1] for line in runs.second.stdout.splitlines() if "rule " in line]
    assert {name.rstrip(":") for name in done} >= {"ancestry_embed_alpine", "ancestry_report"}
    assert not {"ancestry_ingest:", "ancestry_fit_alpine:", "ancestry_embed_kgp:"} & {*done}
    kept = [name for name, content in runs.left.items() if "january" in name and ".tsv" in name]
    assert kept
    assert all((results / name).read_bytes() == runs.left[name] for name in kept)


@pytest.mark.slow
def test_a_second_run_has_nothing_to_do(runs, results):
    assert "Nothing to be done" in runs.third.stdout


@pytest.mark.slow
def test_every_result_is_an_output_of_a_rule(runs, results, folder):
    """What the commands wrote is what Snakemake lists, but for the logs of the rules."""
    listed = runs.summary.stdout.splitlines()
    outputs = {line.split("\t")[0] for line in listed if line.startswith("results/")}
    written = {str(path.relative_to(folder)) for path in results.rglob("*.*")}
    assert {name for name in written - outputs if not name.startswith("results/logs/")} == set()


@pytest.mark.slow
def test_every_sample_of_cohorts_and_queries_has_coordinates(results, cohort_files):
    labelled = samples(cohort_files.labels)
    assert samples(results / "cohorts/alpine.coords.tsv") == labelled
    assert samples(results / "cohorts/coast.coords.tsv") == labelled
    both = [samples(results / f"queries/january.in.{name}.coords.tsv") for name in COHORTS]
    assert both[0] == both[1]
    assert len(both[0]) == 8


@pytest.mark.slow
def test_a_cohort_in_two_files_has_the_variants_of_both(results, cohort_files):
    summary = json.loads((results / "cohorts/alpine.summary.json").read_text())
    assert summary["inputs"] == ["results/stores/alpine/1.bed", "results/stores/alpine/2.bed"]
    assert "2,400 records" in (results / "plans/alpine.txt").read_text()


@pytest.mark.slow
def test_a_query_gets_the_same_coordinates_under_any_name(results):
    tables = (results / f"queries/{name}.in.alpine.pcs.tsv" for name in ("january", "torn"))
    one, other = (table.read_bytes() for table in tables)
    assert one == other


@pytest.mark.slow
def test_options_reach_the_commands(results):
    fitted = options(results / "cohorts/alpine.summary.json")
    assert (fitted["seed"], fitted["filters"]["maf"]) == (7, 0.1)
    assert options(results / "queries/january.in.alpine.summary.json")["draws"] == 8
    assert options(results / "queries/january.in.alpine.assign.json")["min_prob"] == 0.5


@pytest.mark.slow
def test_queries_are_assigned_to_the_groups_of_cohorts_and_reference_models(results):
    for run, level in (("january.in.alpine", "population"), ("human.in.kgp", "superpopulation")):
        queried = samples(results / f"queries/{run}.coords.tsv")
        assert samples(results / f"queries/{run}.assign.{level}.tsv") == queried
    assert not (results / "queries/january.in.coast.assign.json").exists()


@pytest.mark.slow
def test_a_report_of_a_model_has_its_cohort_and_all_its_queries(results):
    page = (results / "reports/alpine.report.html").read_text(encoding="utf-8")
    count = len(samples(results / "cohorts/alpine.coords.tsv")) + 2 * 8
    assert f"{count} samples in 3 runs." in page
    alone = (results / "reports/january.in.alpine.report.html").read_text(encoding="utf-8")
    assert "8 samples" in alone


@pytest.mark.slow
def test_a_fit_gets_the_memory_and_the_time_that_are_planned(runs, results):
    job = runs.first.stdout.partition("rule ancestry_fit_coast:")[2].partition("\n\n")[0]
    planned = (results / "plans/coast.txt").read_text().partition("need about ")[2]
    memory = int(planned.split()[0].replace(",", ""))
    assert memory < int(job.partition("mem_mb=")[2].split(",")[0]) < 2 * memory + 500
    assert 10 < int(job.partition("runtime=")[2].split(",")[0]) < 60


@pytest.fixture(scope="session")
def killed(folder, started, snakemake) -> Iterator[SimpleNamespace]:
    """A fit that is killed while it writes, then Snakemake with all it runs, and a run to the end.

    The cohort is that which another folder has the results of an undisturbed run of.
    """
    place = folder / "killed"
    place.mkdir()
    shutil.copy(folder / "cohort.vcf.gz", place)
    config = {"cohorts": {"coast": COHORTS["coast"]}, "extra": {"fit": "--maf 0.1"}}
    (place / "config.yaml").write_text(yaml.safe_dump(config))

    job = started(place, WORKFLOW)
    fit = half_written(job, place)
    fit.kill()
    shown, _ = job.communicate()
    left = contents(place / "results/cohorts")

    engine = started(place, WORKFLOW)
    half_written(engine, place)
    engine.kill()
    os.killpg(engine.pid, signal.SIGKILL)
    engine.communicate()
    half = contents(place / "results/cohorts")

    refused = snakemake(place, WORKFLOW)
    locked = snakemake(place, WORKFLOW, "--rerun-incomplete")
    snakemake(place, WORKFLOW, "--unlock")
    again = snakemake(place, WORKFLOW, "--rerun-incomplete")
    return SimpleNamespace(
        job=SimpleNamespace(returncode=job.returncode, stdout=shown, left=left),
        half=half,
        refused=refused,
        locked=locked,
        again=again,
        results=place / "results",
    )


def half_written(engine: subprocess.Popen, place: Path) -> psutil.Process:
    """Wait until the fit that Snakemake runs has written its first table; its process."""
    table = place / "results/cohorts/coast.coords.tsv"
    deadline = time.monotonic() + 300
    while not table.exists():
        assert engine.poll() is None, engine.stdout.read()
        assert time.monotonic() < deadline
        time.sleep(0.005)
    children = psutil.Process(engine.pid).children(recursive=True)
    return next(child for child in children if "fit" in child.cmdline())


@pytest.mark.slow
def test_what_a_killed_job_wrote_is_removed(killed):
    assert killed.job.returncode != 0
    assert "Removing output files of failed job" in killed.job.stdout
    # Parts of files have hidden names, and the next run removes them.
    assert [name for name in killed.job.left if not name.startswith(".")] == []


@pytest.mark.slow
def test_what_a_killed_run_left_is_not_believed(killed):
    assert "coast.coords.tsv" in killed.half
    assert killed.refused.returncode != 0
    assert "--rerun-incomplete" in killed.refused.stdout
    assert killed.locked.returncode != 0
    assert "--unlock" in killed.locked.stdout


@pytest.mark.slow
def test_a_killed_run_ends_as_if_it_had_not_been_killed(killed, results):
    assert killed.again.returncode == 0, killed.again.stdout
    names = {path.name for path in (results / "cohorts").glob("coast.*")}
    assert {path.name for path in (killed.results / "cohorts").iterdir()} == names
    for name in ("coast.coords.tsv", "coast.pcs.tsv", "coast.relatives.tsv"):
        one, other = (place / "cohorts" / name for place in (killed.results, results))
        assert one.read_bytes() == other.read_bytes()


def test_the_config_beside_the_workflow_runs_on_the_example_data(tmp_path, snakemake):
    (tmp_path / "example_data").symlink_to(ROOT / "example_data")
    run = snakemake(
        tmp_path, WORKFLOW, "--configfile", str(ROOT / "pipelines/config.yaml"), "--dry-run"
    )
    assert run.returncode == 0, run.stdout
    for rule in ("ingest", "plan", "fit_alpine", "embed_alpine", "assign_alpine"):
        assert run.stdout.count(f"rule {rule}:") == 1


def test_the_workflow_keeps_the_advice_of_snakemake(snakemake):
    run = snakemake(ROOT, WORKFLOW, "--configfile", "pipelines/config.yaml", "--lint")
    assert run.returncode == 0, run.stdout


@pytest.mark.packages
def test_the_workflow_is_formatted():
    snakefmt = shutil.which("snakefmt")
    if not snakefmt:
        pytest.skip("snakefmt is not installed")
    subprocess.run([snakefmt, "--check", "pipelines"], cwd=ROOT, check=True)


def test_the_profile_for_slurm_has_options_of_snakemake_alone():
    profile = yaml.safe_load((ROOT / "pipelines/profiles/slurm/config.yaml").read_text())
    command = [sys.executable, "-m", "snakemake", "--help"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert [key for key in profile if f"--{key}" not in shown] == []
