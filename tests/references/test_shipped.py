"""The models in the package: small, made by a recipe, and without anything of single samples."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from ancestry_ddvi import api
from ancestry_ddvi.artefacts.model import Model
from ancestry_ddvi.errors import InputsDisagree
from ancestry_ddvi.reference.cells import MIN_GROUP_SIZE

ROOT = Path(__file__).parents[2]
MODELS = sorted((ROOT / "ancestry_ddvi" / "reference_models").glob("*.ddvi"))
RECIPES = sorted((ROOT / "references").glob("*.toml"))
MAX_BYTES = 4_000_000
SAMPLE = re.compile(rb"(HG|NA)\d{5}(?!\d)")

shipped = pytest.mark.parametrize("path", MODELS, ids=[path.stem for path in MODELS])


@shipped
def test_every_model_has_a_recipe_and_its_texts(path):
    plan = tomllib.loads((ROOT / "references" / f"{path.stem}.toml").read_text("utf-8"))
    model = Model.read(path)
    assert plan["card"].items() <= model.record.card.items()
    assert {"source", "terms", "inputs", "reference panel"} <= model.record.card.keys()
    assert model.record.options.seed == plan["seed"]
    assert set(model.panel.positions) == {plan["builds"]["cohort"], *plan["builds"]["tables"]}


@shipped
def test_the_builds_of_a_model_are_always_in_the_same_order(path):
    """The arrays of a file are read in an order of their own every time."""
    orders = {tuple(Model.read(path).panel.positions) for _ in range(8)}
    (order,) = orders
    assert list(order[1:]) == sorted(order[1:])


@pytest.mark.skipif(not MODELS, reason="no model is built")
def test_every_recipe_has_its_model():
    assert [path.stem for path in MODELS] == [path.stem for path in RECIPES]


@shipped
def test_no_model_names_a_sample_of_the_panels(path):
    assert not SAMPLE.search(path.read_bytes())


def test_the_pattern_finds_names_of_samples():
    assert SAMPLE.search(b'"HG00096"') and SAMPLE.search(b"NA19916\n")


@shipped
def test_a_model_has_a_few_megabytes(path):
    assert path.stat().st_size < MAX_BYTES


@shipped
def test_every_group_is_of_five_samples_or_more(path):
    card = Model.read(path).record.card
    counts = [int(n) for n in re.findall(r" (\d+)(?:,|$)", card["samples by population"])]
    assert len(counts) > 10 and min(counts) >= MIN_GROUP_SIZE


def test_a_file_of_a_build_that_another_model_knows_is_told_of_it(tmp_path):
    rows = [f"1\t{10**6 + n}\t.\tA\tG\t.\t.\t.\tGT\t0/1\n" for n in range(60)]
    path = tmp_path / "old.vcf"
    path.write_text(
        "##fileformat=VCFv4.2\n##contig=<ID=1,length=247249719,assembly=NCBI36>\n"
        '##FORMAT=<ID=GT,Number=1,Type=String,Description="calls">\n'
        "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\ts\n" + "".join(rows)
    )
    with pytest.raises(InputsDisagree) as caught:
        api.embed("kgp", [str(path)], str(tmp_path / "o"))
    assert "a model that knows its build, such as hapmap3: " in caught.value.remedy
