"""A model by the name of a reference model, or by its path."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
from pathlib import Path

import pytest

import ancestry_ddvi
from ancestry_ddvi import api, reference_models
from ancestry_ddvi.errors import InputUnreadable, UsageProblem
from ancestry_ddvi.reference_models import VARIABLE, available, find, is_name, problems


@pytest.fixture
def folder(fitted_model, tmp_path, monkeypatch) -> Path:
    """A facility's folder with the model ``alpine``, and an empty working folder."""
    path = tmp_path / "facility"
    path.mkdir()
    shutil.copy(fitted_model.files["model"], path / "alpine.ddvi")
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setenv(VARIABLE, str(path))
    return path


@pytest.fixture
def shipped(tmp_path, monkeypatch) -> Path:
    """The folder of the package, with a model ``alpine`` alone."""
    path = tmp_path / "package"
    path.mkdir()
    (path / "alpine.ddvi").write_bytes(b"another")
    monkeypatch.setattr(reference_models, "files", lambda package: path)
    return path


@pytest.mark.parametrize(
    ("word", "named"),
    [("kgp", True), ("1kg v3.2", True), ("./kgp", False), ("kgp.ddvi", False), ("", False)],
)
def test_a_name_has_no_slash_and_does_not_end_in_ddvi(word, named):
    assert is_name(word) is named


def test_a_name_is_the_model_in_the_folder(folder):
    assert find("alpine") == folder / "alpine.ddvi"


def test_everything_else_is_a_path(folder):
    assert find("./alpine") == Path("alpine")
    assert find("mine.ddvi") == Path("mine.ddvi")
    Path("mine").touch()
    assert find("mine") == Path("mine")


def test_a_name_with_the_suffix_of_a_file_is_told_of(folder):
    with pytest.raises(InputUnreadable, match=r"no file alpine\.ddvi\. alpine, without \.ddvi, is"):
        find("alpine.ddvi")
    Path("alpine.ddvi").touch()
    assert find("alpine.ddvi") == Path("alpine.ddvi")


def test_a_name_comes_before_a_file_of_the_working_folder(folder):
    Path("alpine").touch()
    assert find("alpine") == folder / "alpine.ddvi"


def test_an_unknown_name_is_one_sentence_that_lists_the_names(folder, shipped):
    shutil.copy(folder / "alpine.ddvi", folder / "zebra.ddvi")
    with pytest.raises(InputUnreadable) as raised:
        find("alpin")
    assert raised.value.problem == (
        "'alpin' is neither a reference model (there are alpine, zebra) nor a file"
    )


def test_without_any_model_the_sentence_says_so(shipped, monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    (shipped / "alpine.ddvi").unlink()
    with pytest.raises(InputUnreadable, match=r"reference model \(none is installed\)"):
        find("kgp")


def test_folders_are_searched_in_order_and_before_the_package(folder, shipped, monkeypatch):
    second = folder.parent / "second"
    second.mkdir()
    shutil.copy(folder / "alpine.ddvi", second / "alpine.ddvi")
    monkeypatch.setenv(VARIABLE, os.pathsep.join([str(second), str(folder)]))
    assert find("alpine") == second / "alpine.ddvi"
    monkeypatch.setenv(VARIABLE, os.pathsep.join(["", str(folder)]))
    (model,) = available()
    assert model.path == folder / "alpine.ddvi"
    assert model.hides == shipped / "alpine.ddvi"


@pytest.mark.parametrize("word", ["Alpine", "ALPINE", "alpin", "alpien"])
def test_the_remedy_of_a_name_that_is_nearly_one_is_that_one(folder, shipped, word):
    with pytest.raises(InputUnreadable) as raised:
        find(word)
    assert raised.value.remedy == "Did you mean alpine?"


def test_the_remedy_of_a_name_unlike_all_is_what_can_be_given(folder, shipped):
    with pytest.raises(InputUnreadable, match=r"Give the name of a reference model, or a \.ddvi"):
        find("kgp")


def test_a_folder_may_begin_with_a_tilde(folder, monkeypatch):
    monkeypatch.setenv("HOME", str(folder.parent))
    monkeypatch.setenv(VARIABLE, "~/facility")
    assert find("alpine") == folder / "alpine.ddvi"


def test_the_log_says_which_model_a_name_is(folder, shipped, caplog):
    with caplog.at_level(logging.INFO, "ancestry_ddvi"):
        ancestry_ddvi.load("alpine")
    (said,) = [text for text in caplog.messages if "alpine" in text]
    assert f"{folder}/alpine.ddvi, and not {shipped}/alpine.ddvi" in said


def test_a_folder_that_is_absent_is_a_warning(folder, monkeypatch, caplog):
    monkeypatch.setenv(VARIABLE, os.pathsep.join(["/absent", str(folder)]))
    assert problems() == [f"{VARIABLE} names /absent, which is no folder that can be read"]
    assert ancestry_ddvi.load("alpine").path == str(folder / "alpine.ddvi")
    assert "names /absent" in caplog.text


def test_a_damaged_model_is_refused_and_none_of_the_same_name_is_taken(folder, shipped):
    shutil.copy(folder / "alpine.ddvi", shipped / "alpine.ddvi")
    (folder / "alpine.ddvi").write_bytes(b"damaged")
    with pytest.raises(InputUnreadable, match=r"facility/alpine\.ddvi is not"):
        ancestry_ddvi.load("alpine")


def test_results_by_name_are_those_by_path(folder, cohort_files, caplog):
    by_path = api.embed(str(folder / "alpine.ddvi"), [str(cohort_files.query)], "path", draws=4)
    by_name = api.embed("alpine", [str(cohort_files.query)], draws=4)
    assert by_name.files["coords"] == Path("query.in.alpine.coords.tsv")
    assert by_name.files["coords"].read_bytes() == by_path.files["coords"].read_bytes()


def test_a_summary_has_the_name_and_the_checksum_of_the_model(folder, cohort_files):
    content = (folder / "alpine.ddvi").read_bytes()
    summaries = [
        api.assign("alpine", [str(cohort_files.query)], draws=4).files["assign"],
        Path("query.in.alpine.summary.json"),
        api.sample("alpine", n=2).files["sample"],
        api.condition("alpine", population="East1", draws=4).files["summary"],
    ]
    for path in summaries:
        said = json.loads(path.read_text())
        assert said["model"] == "alpine"
        assert said["model_sha256"] == hashlib.sha256(content).hexdigest()


def test_every_command_that_takes_a_model_takes_a_name(folder, cohort_files):
    query = [str(cohort_files.query)]
    assigned = api.assign("alpine", query, draws=4)
    api.assign("alpine", [str(assigned.files["coords"])], draws=4)
    api.decode("alpine", str(assigned.files["coords"]))
    api.sample("alpine", n=2)
    api.condition("alpine", population="East1", draws=4)
    names = {path.name for path in Path().iterdir()}
    assert {
        "query.in.alpine.coords.tsv",
        "query.in.alpine.assign.population.tsv",
        "query.in.alpine.decoded.vcf.gz",
        "alpine.synthetic.vcf.gz",
        "alpine.conditioned.coords.tsv",
    } <= names


def test_a_run_by_name_is_reported_and_drawn(folder, cohort_files):
    api.assign("alpine", [str(cohort_files.query)], draws=4)
    api.report(["query.in.alpine"], "found")
    api.report(["query.in.alpine"], "given", model="alpine")
    assert Path("found.report.html").exists() and Path("given.report.html").exists()
    api.plot("query.in.alpine", "drawn.png")
    api.plot("alpine", "model.png")
    assert Path("drawn.png").exists() and Path("model.png").exists()


def test_synthetic_genotypes_may_have_the_name_of_a_reference_model(folder):
    assert api.sample_files("alpine", "alpine.vcf.gz") == (Path("alpine.vcf.gz"), "alpine")
    with pytest.raises(UsageProblem, match="may be the cohort"):
        api.sample_files("alpine", str(folder / "alpine.vcf.gz"))


def test_the_file_of_a_reference_model_is_not_overwritten(folder, cohort_files):
    link = folder / "query.coords.tsv"
    link.symlink_to(folder / "alpine.ddvi")
    with pytest.raises(UsageProblem, match="is one of the inputs"):
        api.embed("alpine", [str(cohort_files.query)], str(folder / "query"))


def test_the_table_has_what_a_user_chooses_by(folder, shipped, caplog):
    shutil.copy(folder / "alpine.ddvi", folder / "boreal.ddvi")
    (folder / "boreal.ddvi").write_bytes(b"damaged")
    frame = api.references().to_frame().set_index("name")
    assert frame.index.tolist() == ["alpine", "boreal"]
    alpine = frame.loc["alpine"]
    assert alpine["file"] == str(folder / "alpine.ddvi")
    assert int(alpine["samples"]) > 80
    assert alpine["builds"] == "GRCh37"
    assert (alpine["levels"], alpine["groups"]) == ("population", "4")
    assert 0.5 < float(alpine["accuracy"]) <= 1
    assert set(frame.loc["boreal"].drop("file")) == {"NA"}
    assert "boreal.ddvi is not" in caplog.text
