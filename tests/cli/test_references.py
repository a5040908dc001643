"""Names of reference models on the command line."""

from __future__ import annotations

import shutil

import pytest

from ancestry_ddvi.reference_models import VARIABLE


@pytest.fixture
def folder(fitted_model, tmp_path_factory, monkeypatch):
    path = tmp_path_factory.mktemp("facility")
    shutil.copy(fitted_model.files["model"], path / "alpine.ddvi")
    monkeypatch.setenv(VARIABLE, str(path))
    return path


def test_references_is_a_table_with_tabs(run, folder):
    result = run("references", "-q")
    assert (result.exit_code, result.stderr) == (0, "")
    head, *rows = [line.split("\t") for line in result.stdout.splitlines()]
    assert head == [
        "name", "panel", "samples", "variants", "builds", "levels", "groups", "accuracy", "file",
    ]  # fmt: skip
    assert {len(row) for row in rows} == {len(head)}
    assert [row[-1] for row in rows if row[0] == "alpine"] == [str(folder / "alpine.ddvi")]


def test_the_card_of_a_model_is_printed(run, folder):
    result = run("references", "--card", "alpine")
    assert result.exit_code == 0
    assert "\nprivacy: loadings carry a trace" in result.stdout


def test_a_model_in_place_of_genotypes_is_told_of_its_card(run, folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = run("references", "alpine")
    assert result.exit_code == 3
    assert "alpine: no such file, but a reference model" in result.stderr
    assert "references --card alpine prints its model card." in result.stderr


@pytest.mark.parametrize("command", ["assign", "embed"])
def test_a_model_after_the_genotypes_is_told_of_the_order(run, folder, cohort_files, command):
    result = run(command, str(cohort_files.query), "alpine")
    assert result.exit_code == 3
    assert "query.vcf.gz holds genotypes and is no model" in result.stderr
    assert "Give MODEL first, then INPUT." in result.stderr


def test_an_unknown_name_is_one_sentence(run, folder, cohort_files):
    result = run("embed", "alpin", str(cohort_files.query))
    assert result.exit_code == 3
    (line,) = [line for line in result.stderr.splitlines() if line.startswith("Error")]
    assert "'alpin' is neither a reference model (there are alpine" in line


def test_outputs_have_the_name_of_the_model(run, folder, cohort_files):
    result = run("embed", "alpine", str(cohort_files.query), "--draws", "4")
    assert result.exit_code == 0, result.stderr
    assert result.stdout.splitlines()[0] == "query.in.alpine.coords.tsv"
    assert f"Reference model alpine: {folder}/alpine.ddvi." in result.stderr
