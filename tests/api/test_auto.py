"""``auto`` in place of a model."""

from __future__ import annotations

import json
import logging
import os
import threading
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from ancestry_ddvi import api
from ancestry_ddvi.api import _finding
from ancestry_ddvi.artefacts.model import Model
from ancestry_ddvi.errors import InputsDisagree, InputUnreadable, UsageProblem
from ancestry_ddvi.genotypes.projection.own_noise import stretches
from ancestry_ddvi.reference_models import VARIABLE, find


def write_part(model: Model, rows: np.ndarray, path: Path, **record) -> None:
    """A model of some of the variants, whose scores vary as much less as these are fewer."""
    panel, projection = model.panel, model.projection
    variants = panel.variants[rows]
    part = replace(
        model,
        panel=replace(panel, variants=variants, frequency=panel.frequency[rows]),
        projection=replace(
            projection,
            loadings=np.linalg.qr(projection.loadings[rows])[0],
            marks=np.linalg.qr(projection.marks[rows])[0],
            signal=projection.signal * len(rows) / len(panel),
            frequency=projection.frequency[rows],
            stretch=stretches(variants.chromosome),
        ),
        record=replace(model.record, **record),
    )
    part.write(path)


@pytest.fixture
def folder(fitted_model, tmp_path, monkeypatch) -> Path:
    """Models of all variants, half of them, and a tenth; an empty working folder."""
    path, work = tmp_path / "facility", tmp_path / "work"
    path.mkdir()
    work.mkdir()
    model = Model.read(fitted_model.files["model"])
    every = np.arange(len(model.panel))
    write_part(model, every, path / "whole.ddvi")
    write_part(model, every[: len(every) // 2], path / "half.ddvi")
    write_part(model, every[::10], path / "tenth.ddvi")
    monkeypatch.chdir(work)
    monkeypatch.setenv(VARIABLE, str(path))
    monkeypatch.setattr("ancestry_ddvi.reference_models.files", lambda package: tmp_path / "none")
    return path


@pytest.fixture
def query(cohort_files) -> str:
    return str(cohort_files.query)


def test_auto_is_the_model_of_which_the_file_tells_most(folder, query, caplog):
    with caplog.at_level(logging.INFO, "ancestry_ddvi"):
        embedded = api.embed("auto", [query], draws=4)
    assert embedded.files["coords"] == Path("query.in.auto.coords.tsv")
    said = json.loads(embedded.files["summary"].read_text())
    assert said["model"] == "whole"
    assert [row["model"] for row in said["choice"]] == ["whole", "half", "tenth"]
    told = [row["information"] for row in said["choice"]]
    assert told == sorted(told, reverse=True)
    assert told[0] > 1.2 * told[1]
    (line,) = [text for text in caplog.messages if text.startswith("auto is")]
    assert line.startswith("auto is whole, of whose scores the input tells most: whole ")


@pytest.mark.parametrize("field", ["GT", "auto"])
def test_coordinates_are_those_of_the_model_by_its_name(folder, query, field):
    by_name = api.embed("whole", [query], field=field, draws=4)
    chosen = api.embed("auto", [query], field=field, draws=4)
    files = by_name.files["coords"], chosen.files["coords"]
    assert files[0].read_bytes() == files[1].read_bytes()
    harmonised = [each.summary["harmonisation"] for each in (by_name, chosen)]
    assert harmonised[0] == harmonised[1]


def test_the_file_is_read_once_also_from_a_pipe(folder, cohort_files):
    os.mkfifo("pipe.vcf")
    content = cohort_files.query.read_bytes()
    writer = threading.Thread(target=Path("pipe.vcf").write_bytes, args=(content,), daemon=True)
    writer.start()
    embedded = api.embed("auto", ["pipe.vcf"], draws=4)
    writer.join(5)
    assert embedded.summary["model"] == "whole"


def test_assign_says_what_was_chosen(folder, query):
    assigned = api.assign("auto", [query], draws=4)
    said = json.loads(assigned.files["assign"].read_text())
    assert (said["model"], said["choice"][0]["model"]) == ("whole", "whole")


def test_assign_takes_no_model_without_groups(folder, query):
    write_part(
        Model.read(find("whole")), np.arange(len(Model.read(find("whole")).panel)),
        folder / "whole.ddvi", groups=None,
    )  # fmt: skip
    said = api.assign("auto", [query], draws=4).summary
    assert said["model"] == "half"
    refusals = {row["model"]: row["refusal"] for row in said["choice"]}
    assert refusals["whole"] == "it knows no groups"
    assert api.embed("auto", [query], draws=4).summary["model"] == "whole"


def test_without_any_match_the_refusal_says_what_was_found_of_each(folder, tmp_path):
    lines = ["##fileformat=VCFv4.2", "##contig=<ID=1>"]
    lines += ["\t".join(["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO"])]
    lines[-1] += "\tFORMAT\ta"
    lines += [f"1\t{9_000_000 + 7 * i}\t.\tA\tC\t.\t.\t.\tGT\t0/1" for i in range(300)]
    Path("other.vcf").write_text("\n".join(lines) + "\n")
    with pytest.raises(InputsDisagree) as raised:
        api.embed("auto", ["other.vcf"])
    for name in ("whole", "half", "tenth"):
        assert f"{name}: 0 of " in raised.value.problem
    assert not list(Path().glob("*.tsv"))


def test_without_any_model_the_refusal_says_so(folder, query, monkeypatch):
    monkeypatch.delenv(VARIABLE)
    with pytest.raises(InputUnreadable, match="there is no reference model"):
        api.embed("auto", [query])


def test_a_damaged_model_is_passed_over_with_a_warning(folder, query, caplog):
    (folder / "whole.ddvi").write_bytes(b"damaged")
    assert api.embed("auto", [query], draws=4).summary["model"] == "half"
    assert "whole.ddvi is not" in caplog.text


@pytest.mark.parametrize(
    "run",
    [
        lambda: api.sample("auto"),
        lambda: api.decode("auto", "x.coords.tsv"),
        lambda: api.load("auto"),
        lambda: api.condition("auto", population="East1"),
    ],
)
def test_without_genotypes_a_model_has_to_be_named(folder, run):
    with pytest.raises(UsageProblem, match="auto chooses a reference model by genotypes"):
        run()


def test_a_table_of_coordinates_does_not_say_of_which_model_it_is(folder, fitted_model):
    with pytest.raises(UsageProblem, match="auto chooses a reference model by genotypes"):
        api.assign("auto", [str(fitted_model.files["coords"])])


def test_references_shows_what_auto_would_choose(folder, query):
    frame = api.references([query]).to_frame().set_index("name")
    assert frame.index.tolist() == ["whole", "half", "tenth"]
    assert frame.loc["whole", "build"] == "GRCh37"
    assert int(frame.loc["whole", "matched"]) > 1.5 * int(frame.loc["half", "matched"])
    assert set(frame["note"].iloc[:2]) == {"usable"}
    strict = api.references([query], min_variants=500).to_frame().set_index("name")
    assert strict.loc["whole", "note"] == "usable"
    assert strict.loc["tenth", "note"].startswith(strict.loc["tenth", "matched"])


def alignment(settled: bool, build: str, known: list[str], matched: int = 1000):
    report = SimpleNamespace(
        matched=matched, model_variants=1000, key="position", stated_build=None,
        detected_build=build, known_builds=known,
    )  # fmt: skip
    return SimpleNamespace(settled=settled, report=report)


def test_an_index_is_enough_where_one_model_shows_the_build_and_all_know_it():
    both = ["GRCh37", "GRCh38"]
    found, sparse = alignment(True, "GRCh38", both), alignment(False, "GRCh38", both, matched=5)
    assert _finding._is_enough([found], 100)
    assert not _finding._is_enough([sparse], 100)
    assert _finding._is_enough([found, sparse], 100)
    assert not _finding._is_enough([found, alignment(False, "GRCh38", ["GRCh37"], 5)], 100)
