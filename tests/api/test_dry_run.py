"""``fit --dry-run``: sizes, needs and outputs before anything is read or written."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import Mock

import pytest

from ancestry_ddvi import Filters, api
from ancestry_ddvi.errors import InputsDisagree, NothingLeft, OutputUnwritable, UsageProblem

EXAMPLE = Path(__file__).parents[2] / "example_data"


def plan(files: SimpleNamespace, prefix: Path, **options) -> list[str]:
    done = api.fit([str(files.cohort)], str(prefix), dry_run=True, device="cpu", **options)
    return done.summary["plan"]


def test_it_says_what_is_read_needed_and_written(cohort_files, tmp_path) -> None:
    read, need, *_, write = plan(cohort_files, tmp_path / "new" / "x")
    assert read == f"read {cohort_files.cohort}: 122 samples, 2,400 records"
    assert need.startswith("need about ") and need.endswith("(estimated)")
    assert write.startswith(f"write {tmp_path}/new/x.ddvi, .coords.tsv, ")
    assert not list(tmp_path.iterdir())


BY_SAMPLES = "0.01 and 20 copies with 500 samples or more, else 0.05"


@pytest.mark.parametrize(
    ("chosen", "used"),
    [
        ({}, {"geno": "0.02", "mind": "0.05", "ld_regions": "True", "drop_ambiguous": "False"}),
        ({"geno": 0.1, "maf": 0.03}, {"geno": "0.1", "mind": "0.05", "maf": "0.03"}),
        (
            {"allow_extra_chr": True, "mind": 0.1},
            {"geno": "0.2", "mind": "0.1", "ld_regions": "False"},
        ),
    ],
)
def test_it_says_the_values_that_the_filters_use(cohort_files, tmp_path, chosen, used) -> None:
    lines = plan(cohort_files, tmp_path / "x", filters=Filters(**chosen))
    [said] = [line.removeprefix("filter: ") for line in lines if line.startswith("filter: ")]
    found = dict(each.split("=", 1) for each in said.split("; "))
    assert found.items() >= used.items()
    assert found["maf"] == str(chosen.get("maf", BY_SAMPLES))
    assert found["hwe"].startswith("no test")
    assert "None" not in said


def test_it_says_what_is_replaced_and_removed(cohort_files, tmp_path) -> None:
    files = {"coords": "x.coords.tsv", "draws": "x.draws.npz", "summary": "x.summary.json"}
    for name in files.values():
        (tmp_path / name).write_text("")
    listed = {"$schema": "urn:ddvi-ancestry:summary:2", "files": files}
    (tmp_path / "x.summary.json").write_text(json.dumps(listed))
    *_, replace, remove = plan(cohort_files, tmp_path / "x")
    assert replace == f"replace {tmp_path}/x.coords.tsv, {tmp_path}/x.summary.json"
    assert remove == f"remove {tmp_path}/x.draws.npz"
    assert len(list(tmp_path.iterdir())) == 3


def test_a_folder_that_takes_no_files_is_refused(cohort_files, tmp_path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputUnwritable):
        plan(cohort_files, tmp_path / "file" / "x")


def test_a_full_disk_is_refused(cohort_files, tmp_path, monkeypatch) -> None:
    free = SimpleNamespace(free=1 << 20)
    monkeypatch.setattr("ancestry_ddvi.storage.shutil.disk_usage", lambda folder: free)
    with pytest.raises(OutputUnwritable, match="1 MiB of free space and about 2"):
        plan(cohort_files, tmp_path / "x")


def test_labels_of_other_samples_are_refused(cohort_files, tmp_path) -> None:
    (tmp_path / "labels.tsv").write_text("sample\tgroup\nnobody\tA\nnoone\tB\n")
    with pytest.raises(InputsDisagree):
        plan(cohort_files, tmp_path / "x", labels=str(tmp_path / "labels.tsv"))


def _renamed(path: Path, name: Callable[[int], str]) -> SimpleNamespace:
    """The cohort with each record on a chromosome that is named by its number."""
    with gzip.open(EXAMPLE / "cohort.vcf.gz", "rt") as handle:
        lines = handle.readlines()
    header = [line for line in lines if line.startswith("#") and "##contig" not in line]
    records = [line.split("\t", 1)[1] for line in lines if not line.startswith("#")]
    path.write_text("".join([*header, *(f"{name(i)}\t{r}" for i, r in enumerate(records))]))
    return SimpleNamespace(cohort=path)


def test_scaffolds_are_refused_as_the_fit_refuses_them(tmp_path) -> None:
    files = _renamed(tmp_path / "x.vcf", lambda row: f"scaffold_{row // 1000}")
    said = r"The filter 'autosomes' left 0 of .*variants, fewer than the 100 a fit needs"
    for dry_run in (True, False):
        with pytest.raises(NothingLeft, match=said) as caught:
            api.fit([str(files.cohort)], str(tmp_path / "x"), dry_run=dry_run, device="cpu")
        assert caught.value.remedy.startswith("Give --allow-extra-chr")
    assert plan(files, tmp_path / "x", filters=Filters(allow_extra_chr=True))


def test_a_single_file_is_not_refused_for_its_ids(tmp_path, monkeypatch) -> None:
    """Its records are not sorted, and two of each locus have the ID of it."""
    bed = EXAMPLE / "cohort.bed"
    for suffix in (".bed", ".fam"):
        (tmp_path / f"x{suffix}").write_bytes(bed.with_suffix(suffix).read_bytes())
    rows = [row.split("\t") for row in bed.with_suffix(".bim").read_text().splitlines()]
    loci = [["1", f"L{i // 2}", "0", str(10**6 - i), *row[4:]] for i, row in enumerate(rows)]
    (tmp_path / "x.bim").write_text("\n".join(map("\t".join, loci)) + "\n")

    class Reached(Exception):
        """The input was read and checked."""

    monkeypatch.setattr("ancestry_ddvi.fitting.estimate.log_estimate", Mock(side_effect=Reached))
    with pytest.raises(Reached):
        api.fit([str(tmp_path / "x.bed")], str(tmp_path / "y"), device="cpu")
    with pytest.raises(InputsDisagree, match="have two positions"):
        api.fit([str(tmp_path / "x.bed"), str(bed)], str(tmp_path / "y"), device="cpu")


@pytest.mark.parametrize("first", ["chrM", "chrX", "Y", "XY", "23", "26", "GL000191.1"])
def test_other_chromosomes_before_the_autosomes_are_not_refused(first, tmp_path) -> None:
    files = _renamed(tmp_path / "x.vcf", lambda row: first if row < 300 else "chr1")
    assert plan(files, tmp_path / "x")


def test_an_output_that_is_an_input_is_refused(cohort_files, tmp_path) -> None:
    labels = tmp_path / "x.pcs.tsv"
    labels.write_bytes(cohort_files.labels.read_bytes())
    with pytest.raises(UsageProblem, match="one of the inputs"):
        plan(cohort_files, tmp_path / "x", labels=str(labels))
