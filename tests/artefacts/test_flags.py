"""The registry of flags."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import numpy as np
import pytest

import ancestry_ddvi
from ancestry_ddvi.artefacts.columns import TABLES
from ancestry_ddvi.artefacts.flags import FLAGS, flag_samples, gravest, join_flags
from ancestry_ddvi.reference.out_of_panel import CHECKS, LINE

PACKAGE = Path(ancestry_ddvi.__file__).parent


def test_flags_are_joined_in_one_order() -> None:
    for flags in permutations(["few_draws", "in_panel", "", "pseudo_haploid"]):
        assert join_flags(*flags) == "in_panel,pseudo_haploid,few_draws"
    assert join_flags("few_draws,related", "few_draws") == "related,few_draws"
    assert join_flags() == join_flags("", "") == ""


def test_each_sample_has_its_own_flags() -> None:
    raised = {
        "few_draws": np.array([True, True, False]),
        "in_panel": np.array([True, False, False]),
    }
    others = ["", "unlike_panel:scores", ""]
    assert flag_samples(raised, others, ["related", "", ""]) == [
        "related,in_panel,few_draws", "unlike_panel:scores,few_draws", "",
    ]  # fmt: skip


def test_a_flag_without_a_row_cannot_be_written() -> None:
    with pytest.raises(KeyError, match="lost"):
        join_flags("related", "lost")


def test_every_flag_says_what_it_means_and_what_to_do() -> None:
    assert [f.name for f in FLAGS.values() if not (f.commands and f.meaning and f.advice)] == []


@pytest.mark.parametrize("flag", FLAGS)
def test_every_flag_is_raised_somewhere(flag: str) -> None:
    files = (path for path in PACKAGE.rglob("*.py") if path.name != "flags.py")
    name, _, _ = flag.partition(":")
    assert any(f'"{name}' in path.read_text("utf-8") for path in files)


def test_each_check_of_the_out_of_panel_test_has_a_flag() -> None:
    found = [name.partition(":")[2] for name in FLAGS if name.startswith("unlike_panel:")]
    assert found == list(CHECKS) == ["position", "scores", "norm"]


def test_numbers_in_the_descriptions_are_those_of_the_program() -> None:
    from ancestry_ddvi.api.outputs import MIN_EFFECTIVE_DRAWS
    from ancestry_ddvi.genotypes.projection.scores import MIN_EXPECTED_HETEROZYGOTES
    from ancestry_ddvi.genotypes.qc.relatives import MIN_VARIANTS, RELATIONS

    assert (LINE, MIN_EFFECTIVE_DRAWS, MIN_EXPECTED_HETEROZYGOTES) == (0.01, 4, 20)
    assert all("below 0.01" in FLAGS[f"unlike_panel:{check}"].meaning for check in CHECKS)
    assert "fewer than 4 effective" in FLAGS["few_draws"].meaning
    assert "20 or more" in FLAGS["pseudo_haploid"].meaning
    meaning = {column.name: column.description for column in TABLES["relatives"]}
    assert RELATIONS == {"duplicate": 0.354, "first degree": 0.177, "second degree": 0.0884}
    assert [f"`{name}` from {least}" for name, least in RELATIONS.items()] == meaning[
        "relation"
    ].split(", ")
    assert (MIN_VARIANTS, "fewer than 500" in meaning["variants"]) == (500, True)


@pytest.mark.parametrize(
    ("flags", "grave"),
    [
        ("", ""),
        ("in_panel,pseudo_haploid", ""),
        ("missed_modes", ""),
        ("few_variants,unlike_panel:norm,few_draws", "unlike_panel:norm"),
        ("few_variants,few_draws", "few_variants"),
        ("related,few_draws", ""),
        ("unlike_panel:other", "unlike_panel:other"),
        ("unknown", ""),
    ],
)
def test_the_gravest_flag_leaves_a_sample_unassigned(flags: str, grave: str) -> None:
    assert gravest(flags) == grave
