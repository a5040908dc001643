"""The Python API: the same answers as the commands, in the objects of the field."""

from __future__ import annotations

import doctest
import importlib
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import ancestry_ddvi
from ancestry_ddvi import api
from ancestry_ddvi.errors import InputUnreadable

DOCUMENTED = [
    "ancestry_ddvi",
    "ancestry_ddvi.api._fit",
    "ancestry_ddvi.api._embed",
    "ancestry_ddvi.api._assign",
    "ancestry_ddvi.api._model",
    "ancestry_ddvi.api._plot",
    "ancestry_ddvi.api._variants",
]


@pytest.fixture(scope="module")
def folder(fitted_model, cohort_files, tmp_path_factory) -> Path:
    """A working directory with the files that the examples name."""
    path = tmp_path_factory.mktemp("examples")
    shutil.copy(fitted_model.files["model"], path / "cohort.ddvi")
    for name in ("cohort", "query", "labels"):
        source = getattr(cohort_files, name)
        shutil.copy(source, path / source.name)
    return path


@pytest.fixture
def model(folder, monkeypatch) -> ancestry_ddvi.FittedModel:
    monkeypatch.chdir(folder)
    return ancestry_ddvi.load("cohort.ddvi")


@pytest.mark.parametrize("module", DOCUMENTED)
def test_examples_of_docstrings_print_what_they_say(module, folder, monkeypatch) -> None:
    monkeypatch.chdir(folder)
    found = doctest.testmod(importlib.import_module(module))
    assert found.attempted and not found.failed


def test_dir_lists_the_commands_and_nothing_else() -> None:
    listed = dir(ancestry_ddvi)
    assert {"fit", "embed", "assign", "condition", "sample", "decode", "load"} <= set(listed)
    assert all(getattr(ancestry_ddvi, name) is not None for name in listed)
    assert not {"annotations", "Any", "TYPE_CHECKING"} & set(listed)


def test_a_loaded_model_embeds_as_the_command_does_and_writes_nothing(model, folder) -> None:
    before = sorted(folder.iterdir())
    loaded = model.embed(["query.vcf.gz"])
    assert sorted(folder.iterdir()) == before
    assert loaded.files == {}
    written = ancestry_ddvi.embed("cohort.ddvi", ["query.vcf.gz"], str(folder / "x" / "query"))
    assert np.array_equal(loaded.coordinates.mean, written.coordinates.mean)
    assert np.array_equal(loaded.coordinates.sd, written.coordinates.sd)
    table = pd.read_csv(written.files["coords"], sep="\t", keep_default_na=False, na_values="NA")
    assert loaded.to_frame()["Z1"].to_numpy() == pytest.approx(table["Z1"], rel=1e-5)
    assert loaded.to_frame().columns.tolist() == table.columns.tolist()


@pytest.mark.parametrize("query", ["query.vcf.gz", Path("query.vcf.gz")])
def test_one_input_needs_no_list(model, query, tmp_path) -> None:
    expected = model.assign(["query.vcf.gz"]).to_frame()
    pd.testing.assert_frame_equal(model.assign(query).to_frame(), expected)
    assert len(model.embed(query).to_frame()) == len(expected)
    assert len(ancestry_ddvi.condition("cohort.ddvi", query, str(tmp_path / "c")).to_frame())
    embedded = ancestry_ddvi.embed("cohort.ddvi", query, str(tmp_path / "q"))
    written = ancestry_ddvi.assign("cohort.ddvi", embedded.files["coords"], str(tmp_path / "q"))
    assert written.to_frame()["sample_id"].tolist() == expected["sample_id"].tolist()
    assert ancestry_ddvi.report(str(tmp_path / "q")).samples == len(expected)


@pytest.mark.parametrize("cohort", ["cohort.vcf.gz", Path("cohort.vcf.gz")])
def test_one_cohort_needs_no_list(folder, monkeypatch, cohort, tmp_path) -> None:
    monkeypatch.chdir(folder)
    planned = ancestry_ddvi.fit(cohort, str(tmp_path / "x"), dry_run=True).summary["plan"]
    assert planned[0].startswith("read cohort.vcf.gz: 122 samples")
    packed = ancestry_ddvi.ingest(cohort, str(tmp_path / "x"))
    assert packed.summary["samples"] == 122
    assert api.default_prefix(cohort) == "cohort"
    assert api.assign_prefix(cohort, "m.ddvi") == "cohort.in.m"


def test_a_loaded_model_writes_where_it_is_told(model, tmp_path) -> None:
    embedded = model.embed(["query.vcf.gz"], str(tmp_path / "q"))
    assert embedded.files["coords"] == tmp_path / "q.coords.tsv"
    assert embedded.files["coords"].exists()
    assigned = model.assign([str(embedded.files["coords"])], str(tmp_path / "q"))
    assert assigned.files["assign.population"].exists()


def test_assignments_are_a_table_with_one_row_a_sample(model, folder) -> None:
    before = sorted(folder.iterdir())
    frame = model.assign(["query.vcf.gz"]).to_frame()
    assert sorted(folder.iterdir()) == before
    assert len(frame) == 8
    assert frame["sample_id"].is_unique
    assert (frame["population_probability"].isna() | (frame["population_probability"] <= 1)).all()
    unassigned = frame["ancestry"] == "unassigned"
    assert (unassigned == (frame["reason"] != "")).all()
    assert (unassigned == frame["probability"].isna()).all()


def test_a_model_tells_what_it_is(model) -> None:
    assert repr(model).startswith("<FittedModel cohort.ddvi: ddvi, 2 coordinates, ")
    assert "levels: population>" in repr(model)
    assert model.dims == 2
    assert "privacy" in model.card
    variants = model.variants()
    assert variants.columns.tolist() == ["chromosome", "position", "id", "ref", "alt", "frequency"]
    assert variants["frequency"].between(0, 1).all()


def test_results_are_readable_in_a_notebook(model) -> None:
    embedded = model.embed(["query.vcf.gz"])
    assert repr(embedded).startswith("<Embedded: 8 samples, ")
    assert "<table" in embedded._repr_html_()


def test_what_is_no_model_is_refused(tmp_path) -> None:
    with pytest.raises(InputUnreadable, match="no file"):
        ancestry_ddvi.load(tmp_path / "absent.ddvi")
