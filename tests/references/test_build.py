"""The recipe of a reference model, from inputs to a model file, on the simulated example data."""

from __future__ import annotations

import csv
import hashlib
import json
import runpy
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from bed_reader import open_bed, to_bed

from ancestry_ddvi.artefacts.model import Model

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "example_data"
SCRIPT = ROOT / "references" / "build.py"
LEFT_OUT, UNLIFTED = 40, 15
RECIPE = """
seed = 7
rsids = ["known.bim"]

[inputs]
{inputs}

[[cohort]]
genotypes = "first"
labels = "labels.tsv"

[[cohort]]
genotypes = "second"
labels = "other_labels.tsv"
rename = {{ Nord = "North" }}

[builds]
cohort = "GRCh37"
complete = true

[builds.tables]
GRCh38 = "GRCh38.tsv"
NCBI36 = "second.bim"

[settings]
steps = 60

[card]
source = "simulated"
terms = "none"
"""


def rows_of(path: Path) -> list[list[str]]:
    return [line.split() for line in path.read_text().splitlines()]


def moved(position: str | int, build: str) -> str:
    """A made-up position in another build, within its chromosome there."""
    return str(int(position) * 9 // 10 + (1 if build == "GRCh38" else 2))


def write_rows(path: Path, rows: list[list[str]]) -> None:
    path.write_text("".join("\t".join(row) + "\n" for row in rows))


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    """The example cohort as two that share samples; the second swaps A1 and A2 of every third.

    The second has positions of NCBI36. In GRCh38 the first variants have other alleles, and the
    last no position.
    """
    folder = tmp_path_factory.mktemp("data")
    bim, fam = rows_of(EXAMPLE / "cohort.bim"), rows_of(EXAMPLE / "cohort.fam")
    with open_bed(EXAMPLE / "cohort.bed") as bed:
        value = bed.read(dtype="int8")
    second = [
        [c, i, m, moved(p, "NCBI36"), *((b, a) if row % 3 == 0 else (a, b))]
        for row, (c, i, m, p, a, b) in enumerate(bim)
    ]
    swapped = np.arange(len(bim)) % 3 == 0
    turned = np.where(swapped & (value != -127), 2 - value, value).astype(np.int8)
    first_half, last = slice(0, 160), slice(120, None)
    for name, table, some, dosages in (
        ("first", [[c, f"{c}:{p}", m, p, a, b] for c, i, m, p, a, b in bim], first_half, value),
        ("second", second, last, turned),
    ):
        table = [[r[0], f"{r[0]}:{q[3]}", *r[2:]] for r, q in zip(table, bim, strict=True)]
        to_bed(folder / f"{name}.bed", np.ascontiguousarray(dosages[some]), count_A1=True)
        write_rows(folder / f"{name}.bim", table)
        write_rows(folder / f"{name}.fam", fam[some])
    write_rows(folder / "known.bim", bim[:100])
    header = ["id", "chromosome", "GRCh37", "GRCh38"]
    alleles = ["ref_GRCh37", "alt_GRCh37", "ref_GRCh38", "alt_GRCh38"]
    lifted = [
        [f"{c}:{p}", c, p, moved(p, "GRCh38"), b, a, *((a, b) if row < LEFT_OUT else (b, a))]
        for row, (c, _, _, p, a, b) in enumerate(bim[:-UNLIFTED])
    ]
    write_rows(folder / "GRCh38.tsv", [header + alleles, *lifted])
    shutil.copy(EXAMPLE / "labels.tsv", folder / "labels.tsv")
    text = (EXAMPLE / "labels.tsv").read_text().replace("\tNorth\n", "\tNord\n")
    (folder / "other_labels.tsv").write_text(text)
    return folder


@pytest.fixture(scope="module")
def recipe(data) -> Path:
    inputs = "\n".join(
        f'"{path.name}" = "{hashlib.sha256(path.read_bytes()).hexdigest()}"'
        for path in sorted(data.iterdir())
    )
    path = data / "small.toml"
    path.write_text(RECIPE.format(inputs=inputs))
    return path


def run(*words: object, threads: int = 1) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, SCRIPT, *map(str, words)],
        capture_output=True, text=True, check=False, env={"OMP_NUM_THREADS": str(threads)},
    )  # fmt: skip


@pytest.fixture(scope="module")
def built(recipe, data, tmp_path_factory) -> SimpleNamespace:
    path = tmp_path_factory.mktemp("built") / "small.ddvi"
    result = run(recipe, "--data", data, "--out", path)
    assert result.returncode == 0, result.stderr
    return SimpleNamespace(path=path, log=result.stderr, model=Model.read(path))


@pytest.mark.slow
def test_two_builds_have_the_same_bytes_with_any_number_of_threads(built, recipe, data, tmp_path):
    again = tmp_path / "again.ddvi"
    result = run(recipe, "--data", data, "--out", again, threads=2)
    assert result.returncode == 0, result.stderr
    assert again.read_bytes() == built.path.read_bytes()


@pytest.mark.slow
def test_the_model_knows_every_build_and_no_variant_of_other_alleles(built):
    panel = built.model.panel
    bim = rows_of(EXAMPLE / "cohort.bim")
    first = {(c, int(p)) for c, _, _, p, *_ in bim[:LEFT_OUT] + bim[-UNLIFTED:]}
    places = list(zip(panel.variants.chromosome, panel.variants.position, strict=True))
    assert panel.build == "GRCh37" and not first & set(places)
    assert f"{LEFT_OUT + UNLIFTED} variants without the same alleles" in built.log
    assert set(panel.lifted) == {"GRCh38", "NCBI36"}
    for build, found in panel.lifted.items():
        assert found.astype(str).tolist() == [moved(p, build) for p in panel.variants.position]


@pytest.mark.slow
def test_variants_have_rsids_where_they_are_known(built):
    known = {f"{c}:{p}": i for c, i, _, p, *_ in rows_of(EXAMPLE / "cohort.bim")[:100]}
    variants = built.model.panel.variants
    for c, p, name in zip(variants.chromosome, variants.position, variants.id, strict=True):
        assert name == known.get(f"{c}:{p}", f"{c}:{p}")


@pytest.mark.slow
def test_samples_of_both_cohorts_are_there_once_and_with_their_alleles(built):
    found = built.model.record.counts
    with open_bed(EXAMPLE / "cohort.bed") as bed:
        value = bed.read(dtype="int8")
    assert "40 of 119 samples are in both cohorts" in built.log
    assert found["samples"] == len(value) == 239
    place = {(c, p): i for i, (c, _, _, p, *_) in enumerate(rows_of(EXAMPLE / "cohort.bim"))}
    variants = built.model.panel.variants
    rows = [place[c, str(p)] for c, p in zip(variants.chromosome, variants.position, strict=True)]
    dosages = np.ma.masked_equal(value[:, rows], -127)
    assert np.abs(dosages.mean(axis=0) / 2 - built.model.panel.frequency).max() < 0.02


@pytest.mark.slow
def test_the_card_has_the_texts_of_the_recipe_and_the_figures_of_the_fit(built):
    card = built.model.record.card
    assert (card["source"], card["terms"]) == ("simulated", "none")
    assert f"{len(built.model.panel):,} biallelic SNPs; positions: " in card["variants"]
    for build in ("GRCh37", "GRCh38", "NCBI36"):
        assert build in card["variants"]
    with (EXAMPLE / "labels.tsv").open() as file:
        populations = {row["population"] for row in csv.DictReader(file, delimiter="\t")}
    assert {part.split()[0] for part in card["samples by population"].split(", ")} == populations
    assert "Nord" not in json.dumps(dict(card))
    assert card["accuracy by superpopulation"].endswith(
        f"{built.model.record.assignment[1]['calibration_error']:.3f}"
    )
    assert "95 % intervals cover" in card["intervals"]


@pytest.mark.slow
def test_the_model_names_no_sample(built):
    samples = {row[1].encode() for row in rows_of(EXAMPLE / "cohort.fam")}
    content = built.path.read_bytes()
    assert not [name for name in samples if name in content]


def test_inputs_of_another_checksum_are_refused_with_one_sentence(recipe, data, tmp_path):
    other = tmp_path / "data"
    shutil.copytree(data, other)
    with (other / "labels.tsv").open("a") as file:
        file.write("x\tNorth1\tNorth\n")
    result = run(other / recipe.name, "--data", other, "--out", tmp_path / "x.ddvi")
    (message,) = result.stderr.splitlines()
    assert result.returncode == 4 and "labels.tsv has the SHA-256" in message
    assert not (tmp_path / "x.ddvi").exists()


def test_an_absent_input_is_refused_with_one_sentence(recipe, tmp_path):
    result = run(recipe, "--data", tmp_path, "--out", tmp_path / "x.ddvi")
    (message,) = result.stderr.splitlines()
    assert result.returncode == 3 and "cannot be read: No such file" in message


def test_a_recipe_that_is_not_there_or_not_toml_is_refused_with_one_sentence(tmp_path):
    path = tmp_path / "x.toml"
    path.write_text("seed =")
    for word, problem in (("kpg", "the recipe kpg cannot be read"), (path, "x.toml is not TOML")):
        result = run(word, "--data", tmp_path, "--out", tmp_path / "x.ddvi")
        (message,) = result.stderr.splitlines()
        assert result.returncode == 3 and problem in message and "hapmap3, kgp" in message


@pytest.mark.parametrize("name", ["kgp", "hapmap3"])
def test_recipes_list_every_file_they_read(name, monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(str(SCRIPT.parent))
    plan = runpy.run_path(str(SCRIPT))["tomllib"].loads(
        (SCRIPT.parent / f"{name}.toml").read_text()
    )
    read = {*plan["builds"]["tables"].values(), *plan.get("rsids", [])}
    for cohort in plan["cohort"]:
        read |= {f"{cohort['genotypes']}.{end}" for end in ("bed", "bim", "fam")}
        read.add(cohort["labels"])
    assert read == set(plan["inputs"])
