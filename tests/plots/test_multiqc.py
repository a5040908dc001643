"""Custom content for MultiQC, checked by MultiQC itself where it is installed."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from ancestry_ddvi import api
from ancestry_ddvi.artefacts.coordinates import Coordinates, read_coordinates
from ancestry_ddvi.plots.multiqc import MAX_POINTS, QualityReport, write_content

POPULATIONS = {"North1", "North2", "South1", "East1"}


@pytest.fixture(scope="module")
def runs(fitted_model, cohort_files, tmp_path_factory) -> Path:
    """A folder with samples that were assigned, and the same that were only embedded."""
    folder = tmp_path_factory.mktemp("runs")
    model, query = str(fitted_model.files["model"]), [str(cohort_files.query)]
    api.assign(model, query, str(folder / "assigned" / "q"), device="cpu")
    api.embed(model, query, str(folder / "embedded" / "q"), device="cpu")
    return folder


def content(path: Path):
    def refuse(word: str):
        raise AssertionError(f"{word} is not JSON")

    return json.loads(path.read_text(encoding="utf-8"), parse_constant=refuse)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def test_general_statistics_are_those_of_the_tables(runs):
    found = content(runs / "assigned" / "q_mqc.json")
    assert found["plot_type"] == "generalstats"
    table = rows(runs / "assigned" / "q.ancestry.tsv")
    coordinates = rows(runs / "assigned" / "q.coords.tsv")
    assert [*found["data"]] == [row["sample_id"] for row in table]
    for row, other in zip(table, coordinates, strict=True):
        shown = found["data"][row["sample_id"]]
        assert shown["ancestry"] == row["ancestry"]
        assert shown["n_variants"] == int(other["n_variants"])
        assert shown["flag"] == other["flag"]
        if row["probability"] == "NA":
            assert "probability" not in shown
        else:
            assert shown["probability"] == pytest.approx(float(row["probability"]), abs=1e-4)


def test_content_of_two_models_is_not_put_together(runs):
    made = [
        QualityReport(model, read_coordinates(runs / "embedded" / "q.coords.tsv"))
        for model in ("kgp", "hapmap3")
    ]
    for one, other in (
        [report.statistics() for report in made],
        [report.map() for report in made],
    ):
        assert one["id"] != other["id"]
    assert made[0].statistics()["namespace"] != made[1].statistics()["namespace"]


def test_models_of_one_name_have_content_of_their_own(runs):
    table = read_coordinates(runs / "embedded" / "q.coords.tsv")
    made = [QualityReport("kgp", table, sha256=digit * 64) for digit in "ab"]
    assert made[0].statistics()["id"] != made[1].statistics()["id"]
    assert made[0].map()["pconfig"]["id"] != made[1].map()["pconfig"]["id"]
    checksum = content(runs / "embedded" / "q.summary.json")["model_sha256"]
    for file in ("q_mqc.json", "q.map_mqc.json"):
        assert content(runs / "embedded" / file)["id"].endswith(f"_{checksum[:8]}")


def test_an_embedding_has_statistics_without_groups(runs):
    found = content(runs / "embedded" / "q_mqc.json")
    assert {name for row in found["data"].values() for name in row} == {"n_variants", "flag"}


@pytest.mark.parametrize("run", ["assigned", "embedded"])
def test_the_map_has_the_coordinates_and_the_groups_of_the_model(runs, run):
    found = content(runs / run / "q.map_mqc.json")
    for row in rows(runs / run / "q.coords.tsv"):
        point = found["data"][row["sample_id"]]
        assert (point["x"], point["y"]) == (float(row["Z1"]), float(row["Z2"]))
    (groups,) = found["pconfig"]["extra_series"]
    assert {point["annotation"] for point in groups} == POPULATIONS


def test_the_files_are_listed_in_the_summary(runs):
    summary = content(runs / "embedded" / "q.summary.json")
    assert summary["files"]["multiqc"].endswith("q_mqc.json")
    assert summary["files"]["multiqc_map"].endswith("q.map_mqc.json")


def repeated(path: Path, samples: int) -> Coordinates:
    """A table with as many samples, all like those of a table."""
    found = read_coordinates(path)
    each = np.arange(samples) % len(found)
    columns = {name: values[each] for name, values in found.columns.items()}
    return Coordinates(columns | {"sample_id": np.array([f"s{i}" for i in range(samples)])})


def test_a_map_of_many_samples_shows_some_evenly_spaced_and_says_so(runs):
    report = QualityReport("m", repeated(runs / "embedded" / "q.coords.tsv", 100_000))
    found = report.map()
    assert len(found["data"]) == MAX_POINTS
    assert {"s0", "s99999"} < {*found["data"]}
    assert "1,000 of 100,000 samples" in found["description"]
    assert len(report.statistics()["data"]) == 100_000


def test_the_map_of_one_coordinate_has_p_panel_beside_it(runs):
    found = read_coordinates(runs / "embedded" / "q.coords.tsv")
    columns = {name: values for name, values in found.columns.items() if "Z2" not in name}
    made = QualityReport("m", Coordinates(columns)).map()
    assert (made["pconfig"]["xlab"], made["pconfig"]["ylab"]) == ("Z1", "p_panel")
    for row, sample in enumerate(found.samples):
        point = made["data"][sample]
        assert (point["x"], point["y"]) == (found["Z1"][row], found["p_panel"][row])


@pytest.mark.packages
@pytest.mark.slow
@pytest.mark.skipif(shutil.which("multiqc") is None, reason="MultiQC is not installed")
def test_multiqc_itself_reads_the_files_without_configuration(runs, tmp_path):
    many = QualityReport("other", repeated(runs / "embedded" / "q.coords.tsv", 700))
    for name, made in (("many_mqc.json", many.statistics()), ("many.map_mqc.json", many.map())):
        write_content(tmp_path / "in" / name, made)
    for path in (runs / "assigned").glob("*_mqc.json"):
        shutil.copy(path, tmp_path / "in" / path.name)
    done = subprocess.run(
        ["multiqc", "--strict", "--no-ansi", "--exclude", "ddvi_ancestry", "-o",
         str(tmp_path / "out"), str(tmp_path / "in")],
        capture_output=True,
        text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "warn" not in done.stderr.lower().replace("will give warnings if anything", "")
    data = tmp_path / "out" / "multiqc_data"
    shown = {row["Sample"]: row for row in rows(data / "multiqc_general_stats.txt")}
    table = rows(runs / "assigned" / "q.ancestry.tsv")
    assert shown.keys() == {row["sample_id"] for row in table} | {f"s{i}" for i in range(700)}
    for row in table:
        assert row["ancestry"] in shown[row["sample_id"]].values()
    page = (tmp_path / "out" / "multiqc_report.html").read_text(encoding="utf-8")
    assert "ddvi-ancestry: map of cohort" in page
    assert "ddvi-ancestry: map of other" in page
