"""Tables of assignments, read back by pandas."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest

from ancestry_ddvi.artefacts.assignments import UNASSIGNED, Assignment, reasons

CHANCE = np.array([[0.7, 0.2, 0.1], [0.05, 0.05, 0.9], [0.3, 0.4, 0.3]])


def assignment(why: list[str]) -> Assignment:
    entropy = -(CHANCE * np.log(CHANCE)).sum(axis=1)
    return Assignment("population", ["A", "B b", "Ç"], ["007", "NA", "x y"], CHANCE, entropy, why)


def test_the_table_has_all_samples_in_order_and_all_probabilities(tmp_path) -> None:
    found = assignment(["", "unlike_panel:scores", "low_probability"])
    found.write(tmp_path / "x.tsv")
    back = pd.read_csv(
        tmp_path / "x.tsv", sep="\t", dtype={"sample_id": str}, keep_default_na=False
    )
    assert list(back.columns) == [
        "sample_id", "group", "most_similar", "probability", "entropy", "reason", "A", "B b", "Ç",
    ]  # fmt: skip
    assert list(back["sample_id"]) == ["007", "NA", "x y"]
    assert list(back["group"]) == ["A", UNASSIGNED, UNASSIGNED]
    assert list(back["most_similar"]) == ["A", "Ç", "B b"]
    assert list(back["reason"]) == ["", "unlike_panel:scores", "low_probability"]
    np.testing.assert_allclose(back["probability"], [0.7, 0.9, 0.4])
    np.testing.assert_allclose(back[["A", "B b", "Ç"]], CHANCE)
    np.testing.assert_allclose(back["entropy"], found.entropy, rtol=1e-5)


def test_the_frame_is_the_table(tmp_path) -> None:
    found = assignment(["", "unlike_panel:scores", "low_probability"])
    found.write(tmp_path / "x.tsv")
    back = pd.read_csv(
        tmp_path / "x.tsv", sep="\t", dtype={"sample_id": str}, keep_default_na=False
    )
    pd.testing.assert_frame_equal(found.to_frame(), back)


def test_samples_are_counted_by_group_and_by_reason() -> None:
    found = assignment(["", "low_probability", "low_probability"])
    assert found.counts == {
        "groups": {"A": 1, UNASSIGNED: 2}, "reasons": {"low_probability": 2},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("flag", "unlike", "chance", "reason"),
    [
        ("", False, 0.8, ""),
        ("", False, 0.7999, "low_probability"),
        ("", True, 0.9, "unlike_groups"),
        ("related", True, 0.1, "unlike_groups"),
        ("in_panel,related", False, 0.9, ""),
        ("few_variants", True, 0.9, "few_variants"),
        ("few_draws", False, 0.9, ""),
        ("few_draws", False, 0.1, "low_probability"),
        (
            "few_variants,pseudo_haploid,unlike_panel:position,few_draws",
            True,
            0.9,
            "unlike_panel:position",
        ),
        ("few_draws,few_variants", False, 0.9, "few_variants"),
        ("unlike_panel:norm,missed_modes", False, 0.9, "unlike_panel:norm"),
        ("", False, float("nan"), "low_probability"),
    ],
)
def test_the_gravest_reason_is_given(flag: str, unlike: bool, chance: float, reason: str) -> None:
    assert reasons([flag], np.array([unlike]), np.array([chance]), 0.8) == [reason]


def test_a_biobank_is_written_in_seconds(tmp_path) -> None:
    """Time grows with the number of samples and not with its square."""
    samples = 10_000
    chance = np.random.default_rng(1).dirichlet(np.ones(10), samples)
    many = Assignment(
        "p", list("ABCDEFGHIJ"), [f"s{i}" for i in range(samples)], chance, chance[:, 0],
        [""] * samples,
    )  # fmt: skip
    started = time.monotonic()
    many.write(tmp_path / "x.tsv")
    assert time.monotonic() - started < 5
