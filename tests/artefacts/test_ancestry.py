"""PREFIX.ancestry.tsv, read back by pandas."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ancestry_ddvi.artefacts.ancestry import Ancestry
from ancestry_ddvi.artefacts.assignments import UNASSIGNED, Assignment, reasons
from ancestry_ddvi.artefacts.coordinates import Coordinates
from ancestry_ddvi.artefacts.flags import FLAGS, REASONS, in_words

SAMPLES = ["007", "NA", "x y", 'quo"te', "1e5"]
FLAGGED = ["", "in_panel", "", "pseudo_haploid,unlike_panel:scores", ""]
FINE = np.array([[0.9, 0.1, 0], [0.00009, 0.00001, 0.9999], [0.5, 0.5, 0], [1, 0, 0], [0.4] * 3])
COARSE = np.array([[0.99, 0.01], [0.0001, 0.9999], [0.97, 0.03], [1.0, 0.0], [0.6, 0.4]])

GROUPS = ((["A", "B b", "Ç"], FINE), (["X", "Y"], COARSE))


def coordinates(samples: Sequence[str], flags: Sequence[str]) -> Coordinates:
    """Coordinates in two dimensions, of 100 of 200 variants."""
    rows = np.arange(len(samples), dtype=np.float64)
    numbers = {"Z1": rows, "Z2": -rows, "Z1_sd": rows / 8, "Z2_sd": rows / 4}
    variants = {"n_variants": rows.astype(int) + 100, "variant_fraction": (rows + 100) / 200}
    text = {"sample_id": np.array(samples, object), "flag": np.array(flags, object)}
    return Coordinates(text | numbers | variants)


def ancestry(levels: Sequence[str] = ("population", "region"), build: str | None = "GRCh38"):
    """Five samples on two levels: two in populations, one in a region alone, two unassigned."""
    alike = np.zeros(len(SAMPLES), dtype=bool)
    assignments = [
        Assignment(level, names, SAMPLES, chance, chance[:, 0], why)
        for level, (names, chance) in zip(levels, GROUPS, strict=True)
        if (why := reasons(FLAGGED, alike, chance.max(axis=1), 0.8))
    ]
    return Ancestry(coordinates(SAMPLES, FLAGGED), assignments, build, "kgp")


@pytest.fixture
def table(tmp_path: Path) -> pd.DataFrame:
    ancestry().write(tmp_path / "x.tsv")
    return pd.read_csv(tmp_path / "x.tsv", sep="\t", dtype=str, keep_default_na=False)


def test_each_sample_is_in_its_row_with_the_finest_level_that_is_sure(table) -> None:
    assert list(table["sample_id"]) == SAMPLES
    assert list(table["ancestry"]) == ["A", "Ç", "X", UNASSIGNED, UNASSIGNED]
    assert list(table["level"]) == ["population", "population", "region", "", ""]
    assert list(table["probability"]) == ["0.9", "0.9999", "0.97", "NA", "NA"]
    assert list(table["reason"]) == ["", "", "", "unlike_panel:scores", "low_probability"]


def test_every_level_has_its_groups_and_a_doubtful_sample_no_probability(table) -> None:
    assert list(table["population_assigned"]) == ["A", "Ç", *[UNASSIGNED] * 3]
    assert list(table["population_most_similar"]) == ["A", "Ç", "A", "A", "A"]
    assert list(table["population_probability"]) == ["0.9", "0.9999", "0.5", "NA", "0.4"]
    assert list(table["region_assigned"]) == ["X", "Y", "X", UNASSIGNED, UNASSIGNED]
    assert list(table["region_probability"]) == ["0.99", "0.9999", "0.97", "NA", "0.6"]


def test_it_has_all_that_a_report_needs(table) -> None:
    assert list(table.columns) == [
        "sample_id", "ancestry", "level", "probability", "reason",
        "population_assigned", "region_assigned", "population_most_similar", "region_most_similar",
        "population_probability", "region_probability", "Z1", "Z2", "Z1_sd", "Z2_sd",
        "n_variants", "variant_fraction", "build", "flag", "meaning", "what_to_do", "model",
    ]  # fmt: skip
    assert set(table["build"]) == {"GRCh38"}
    assert set(table["model"]) == {"kgp"}
    assert list(table["flag"]) == FLAGGED
    assert list(table["n_variants"]) == ["100", "101", "102", "103", "104"]
    assert list(table["Z1_sd"]) == ["0", "0.125", "0.25", "0.375", "0.5"]


def test_flags_and_reasons_are_said_in_words(table) -> None:
    meaning, advice = table["meaning"], table["what_to_do"]
    assert (meaning[0], advice[0]) == ("", "")
    assert meaning[1].startswith("Looks like a sample of the reference panel")
    assert meaning[2].startswith("No group of the finest level is as probable as --min-prob")
    assert "unlike the reference panel" in meaning[3].lower()
    assert meaning[3].startswith("No heterozygous call")
    assert "a panel with similar samples is needed" in advice[3]


def test_more_variants_are_advised_where_the_model_has_more() -> None:
    few, found = [advice for _, advice in ancestry().words], ancestry()
    found.coordinates["variant_fraction"][2] = 1
    all_of_them = [advice for _, advice in found.words]
    assert few[2] == few[4] == "Use the coarser level if it has a group; more variants may help."
    assert all_of_them[2] == "Use the coarser level if it has a group."
    assert all_of_them[4] == few[4]


def test_an_unknown_build_is_not_available(tmp_path) -> None:
    ancestry(build=None).write(tmp_path / "x.tsv")
    back = pd.read_csv(tmp_path / "x.tsv", sep="\t", dtype=str, keep_default_na=False)
    assert set(back["build"]) == {"NA"}


@pytest.mark.parametrize("levels", [("ancestry", "flag"), ("Z1", "Z1_sd"), ("level", "model")])
def test_levels_of_any_name_give_columns_of_different_names(levels) -> None:
    columns = list(ancestry(levels).to_frame().columns)
    assert len(set(columns)) == len(columns) == 22


def test_the_frame_is_the_table(table) -> None:
    frame = ancestry().to_frame()
    assert list(frame.columns) == list(table.columns)
    assert list(frame["ancestry"]) == list(table["ancestry"])


def test_samples_are_counted_by_level_group_and_reason() -> None:
    assert ancestry().counts == {
        "levels": {"population": 2, "region": 1},
        "groups": {"A": 1, "X": 1, UNASSIGNED: 2, "Ç": 1},
        "reasons": {"low_probability": 1, "unlike_panel:scores": 1},
    }
    assert ancestry().lines() == [
        "population         2  A 1, Ç 1",
        "region             1  X 1",
        "unassigned         2  unlike_panel:scores 1, low_probability 1",
    ]


@pytest.mark.parametrize("name", [*FLAGS, *REASONS])
def test_words_are_sentences_without_markdown(name: str) -> None:
    for words in in_words("" if name in REASONS else name, name):
        assert "`" not in words
        assert "\t" not in words
        assert not words or (words[0].isupper() and words.endswith("."))
    assert in_words("", name)[0] or name in FLAGS


def test_what_has_no_words_is_passed_over() -> None:
    assert in_words("my_filter,no_such_flag") == ("", "")
    assert in_words("related") == (FLAGS["related"].meaning.replace("`", "").capitalize() + ".", "")


def test_a_biobank_is_written_in_seconds(tmp_path) -> None:
    samples = [f"s{i}" for i in range(50_000)]
    chance = np.random.default_rng(1).dirichlet(np.ones(20), len(samples))
    flags = ["in_panel", ""] * (len(samples) // 2)
    why = reasons(flags, np.zeros(len(samples), dtype=bool), chance.max(axis=1), 0.3)
    level = Assignment("p", [f"g{k}" for k in range(20)], samples, chance, chance[:, 0], why)
    started = time.monotonic()
    Ancestry(coordinates(samples, flags), [level], None, "m").write(tmp_path / "x.tsv")
    assert time.monotonic() - started < 5
