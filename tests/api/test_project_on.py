"""``fit --project-on``: a cohort in a reference model, beside its own map."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from ancestry_ddvi import api
from ancestry_ddvi.api import _embedding
from ancestry_ddvi.errors import InputsDisagree, InputUnreadable, UsageProblem
from ancestry_ddvi.genotypes.simulation.populations import simulate
from ancestry_ddvi.genotypes.store import GenotypeStore
from ancestry_ddvi.plots import figures
from ancestry_ddvi.reference_models import VARIABLE

FAST = {"device": "cpu", "method": "pca"}


@pytest.fixture
def folder(fitted_model, tmp_path, monkeypatch) -> Path:
    """An empty working folder, and a reference model ``alpine``."""
    path, work = tmp_path / "facility", tmp_path / "work"
    path.mkdir()
    work.mkdir()
    shutil.copy(fitted_model.files["model"], path / "alpine.ddvi")
    monkeypatch.chdir(work)
    monkeypatch.setenv(VARIABLE, str(path))
    return work


@pytest.fixture
def cohort(cohort_files) -> str:
    return str(cohort_files.cohort)


def test_the_tables_are_those_of_assign(folder, cohort):
    fitted = api.fit([cohort], "new", project_on="alpine", **FAST)
    alone = api.assign("alpine", [cohort], "alone")
    written = fitted.reference.files.values()
    assert [str(path).replace("new.in.alpine", "alone") for path in written] == [
        str(path) for path in alone.files.values()
    ]
    for ending in ("coords.tsv", "ancestry.tsv", "assign.population.tsv"):
        assert Path(f"new.in.alpine.{ending}").read_bytes() == Path(f"alone.{ending}").read_bytes()
    said = json.loads(Path("new.summary.json").read_text())
    assert said["options"]["project_on"] == "alpine"
    assert json.loads(Path("new.in.alpine.assign.json").read_text())["model"] == "alpine"


def drawn(monkeypatch):
    """The data of the figures that are drawn, by title."""
    found = {}
    write = figures.write_figures

    def remember(prefix, data):
        found[prefix] = data
        return write(prefix, data)

    monkeypatch.setattr(figures, "write_figures", remember)
    return found


def test_the_groups_of_the_reference_colour_the_map_of_the_cohort(folder, cohort, monkeypatch):
    data = drawn(monkeypatch)
    fitted = api.fit([cohort], "new", project_on="alpine", **FAST)
    (level,) = fitted.reference.assignments
    assert data["new"].labels == ["NA" if name == "unassigned" else name for name in level.group]
    assert len({*data["new"].labels}) > 2
    assert "colours of alpine" in data["new"].title


def test_labels_come_before_the_groups_of_the_reference(folder, cohort, cohort_files, monkeypatch):
    data = drawn(monkeypatch)
    labels = str(cohort_files.labels)
    api.fit([cohort], "new", labels=labels, project_on="alpine", **FAST)
    assert set(data["new"].labels) == set(cohort_files.simulated.population)
    assert "alpine" not in data["new"].title


def test_the_model_of_the_cohort_does_not_depend_on_the_reference(folder, cohort):
    api.fit([cohort], "with", project_on="alpine", **FAST)
    api.fit([cohort], "without", **FAST)
    assert Path("with.coords.tsv").read_bytes() == Path("without.coords.tsv").read_bytes()
    assert Path("with.ddvi").read_bytes() == Path("without.ddvi").read_bytes()


def test_the_genotypes_are_read_once(folder, cohort, monkeypatch):
    opened = []
    read = GenotypeStore.open
    monkeypatch.setattr(
        GenotypeStore, "open", lambda *words, **more: opened.append(words) or read(*words, **more)
    )
    monkeypatch.setattr(_embedding, "read_at", None)
    api.fit([cohort], "new", project_on="alpine", **FAST)
    assert len(opened) == 1


def test_auto_takes_the_reference_of_which_the_cohort_tells_most(folder, cohort):
    api.fit([cohort], "new", project_on="auto", **FAST)
    said = json.loads(Path("new.in.auto.assign.json").read_text())
    assert (said["model"], said["choice"][0]["model"]) == ("alpine", "alpine")


def test_too_few_shared_variants_end_the_run_before_the_fit(folder, monkeypatch):
    simulate(9, {"One": ("One",)}, 40, 300).write_vcf(folder / "other.vcf.gz")
    monkeypatch.setattr("ancestry_ddvi.fitting.pipeline.fit_model", None)
    with pytest.raises(InputsDisagree, match="model variants"):
        api.fit(["other.vcf.gz"], "new", project_on="alpine", **FAST)
    assert not [path for path in folder.iterdir() if ".tsv" in path.name or ".ddvi" in path.name]


def test_an_unknown_name_ends_the_run_before_anything_is_read(folder):
    with pytest.raises(InputUnreadable, match="neither a reference model"):
        api.fit(["absent.vcf.gz"], "new", project_on="alpin", **FAST)


def test_a_model_without_groups_is_refused(folder, cohort):
    api.fit([cohort], "mine", **FAST)
    with pytest.raises(
        UsageProblem, match=r"--project-on mine\.ddvi cannot assign samples: it knows no groups"
    ):
        api.fit([cohort], "new", project_on="mine.ddvi", **FAST)


def test_the_model_that_is_projected_on_is_not_replaced(folder, cohort, cohort_files):
    labels = str(cohort_files.labels)
    model = api.fit([cohort], "mine", labels=labels, **FAST).files["model"]
    before = model.read_bytes()
    for dry_run in (True, False):
        with pytest.raises(UsageProblem, match=r"mine\.ddvi is one of the inputs"):
            api.fit([cohort], "mine", project_on="mine.ddvi", dry_run=dry_run, **FAST)
    assert model.read_bytes() == before


def test_a_dry_run_says_so(folder, cohort):
    lines = api.fit([cohort], "new", project_on="alpine", dry_run=True, **FAST).summary["plan"]
    said = "before the fit, embed the samples in alpine and assign them: write the files of assign "
    assert f"{said}as new.in.alpine.*" in lines
    assert list(folder.iterdir()) == []
    api.assign("alpine", [cohort], "new.in.alpine")
    lines = api.fit([cohort], "new", project_on="alpine", dry_run=True, **FAST).summary["plan"]
    assert "new.in.alpine.assign.population.tsv" in lines[-1]
    assert lines[-1].startswith("replace or remove new.in.alpine.coords.tsv, ")
