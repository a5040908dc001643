"""Matching in the builds that a model knows, and the build inferred for a file."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ancestry_ddvi.errors import InputsDisagree
from ancestry_ddvi.genotypes.harmonise.panel import Panel
from ancestry_ddvi.genotypes.harmonise.report import check_overlap
from ancestry_ddvi.genotypes.variants import VariantTable

VARIANTS = 400


def variants_of(rng: np.random.Generator) -> VariantTable:
    """A/G and A/C variants in the middle of chromosome 1, where no build ends."""
    position = 10_000_000 + np.sort(rng.choice(10**8, VARIANTS, replace=False))
    words = [["1"] * VARIANTS, [f"rs{i}" for i in range(VARIANTS)], ["A"] * VARIANTS]
    chromosome, ids, ref = (np.array(column, dtype=object) for column in words)
    alt = rng.choice(np.array(["G", "C"], dtype=object), VARIANTS)
    return VariantTable(chromosome, position, ids, ref, alt)


def unnamed(variants: VariantTable) -> VariantTable:
    return replace(variants, id=np.full(len(variants), ".", dtype=object))


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(3)


@pytest.fixture
def panel(rng) -> Panel:
    """Of GRCh37; in GRCh38 every fourth variant is unknown and the others are 5,003 further on."""
    variants = variants_of(rng)
    lifted = np.where(np.arange(VARIANTS) % 4, variants.position + 5003, 0)
    return Panel(variants, np.full(VARIANTS, 0.3), "GRCh37", {"GRCh38": lifted})


def in_38(panel: Panel) -> VariantTable:
    """The model's variants as a file of GRCh38 has them."""
    return replace(panel.variants, position=panel.variants.position + 5003)


@given(st.floats(0.1, 1), st.booleans(), st.sampled_from([None, "NCBI36", "GRCh37", "GRCh38"]))
@settings(max_examples=25, deadline=None)
def test_the_build_is_inferred_whatever_is_declared(share, other, declared):
    rng = np.random.default_rng(int(1e6 * share))
    variants = variants_of(rng)
    panel = Panel(variants, np.full(VARIANTS, 0.3), "GRCh37", {"GRCh38": variants.position + 5003})
    chosen = rng.permutation(VARIANTS)[: max(30, int(share * VARIANTS))]
    file = unnamed(in_38(panel) if other else variants)[chosen]
    alignment = panel.align(file, None, declared)
    assert alignment.report.detected_build == ("GRCh38" if other else "GRCh37")
    assert alignment.report.file_build == declared
    assert sorted(alignment.rows[alignment.rows >= 0].tolist()) == list(range(len(chosen)))
    assert (alignment.rows[chosen] == np.arange(len(chosen))).all()


def test_variants_without_a_known_position_are_absent_and_never_guessed(panel):
    alignment = panel.align(unnamed(in_38(panel)), None, None)
    assert (alignment.rows[::4] == -1).all()
    assert alignment.report.matched == alignment.report.build_matches["GRCh38"] == 300
    assert alignment.report.build_matches["GRCh37"] == 0
    assert panel.known == {"GRCh37": 400, "GRCh38": 300}


def test_positions_show_the_build_even_if_ids_find_more(panel):
    report = panel.align(in_38(panel), None, None).report
    assert (report.key, report.matched) == ("id", 400)
    assert report.detected_build == "GRCh38" and report.positions_agree


def test_a_file_where_both_builds_agree_is_of_either(rng):
    variants = variants_of(rng)
    same = np.arange(VARIANTS) < 200
    panel = Panel(
        variants, np.full(VARIANTS, 0.3), "GRCh37", {"GRCh38": variants.position + 9 * ~same}
    )
    report = panel.align(unnamed(variants)[same], None, "GRCh38").report
    assert report.matched == 200 and report.detected_build is None
    assert report.contradiction == ""
    assert panel.align(unnamed(variants), None, None).report.detected_build == "GRCh37"


def test_a_few_variants_at_the_right_positions_do_not_show_a_build(panel):
    report = panel.align(unnamed(panel.variants)[:19], None, None).report
    assert report.matched == 19 and report.detected_build is None


def test_a_file_matched_by_id_is_of_the_build_its_chromosome_ends_speak_for(panel):
    elsewhere = replace(panel.variants, position=panel.variants.position + 77_777)
    elsewhere.position[-1] = 249_250_000
    report = panel.align(elsewhere, None, "GRCh38").report
    assert (report.key, report.detected_build) == ("id", "GRCh37")
    elsewhere.position[-1] = 1
    assert panel.align(elsewhere, None, "GRCh38").report.detected_build is None


@pytest.mark.parametrize(
    ("other", "declared", "stated", "message"),
    [
        (False, "GRCh38", None,
         "the header declares GRCh38, but the positions are of GRCh37; GRCh37 is used"),
        (True, "GRCh37", None,
         "the header declares GRCh37, but the positions are of GRCh38; GRCh38 is used"),
        (False, "GRCh38", "GRCh37", "the header declares GRCh38, but the positions are of GRCh37"),
        (False, "GRCh37", None, ""),
        (True, None, None, ""),
    ],
)  # fmt: skip
def test_a_contradiction_of_builds_is_one_sentence(panel, other, declared, stated, message):
    file = unnamed(in_38(panel) if other else panel.variants)
    assert panel.align(file, None, declared, stated).report.contradiction == message


def test_a_stated_build_is_the_only_one_tried(panel):
    report = panel.align(unnamed(in_38(panel)), None, None, "GRCh38").report
    assert (report.matched, report.build_matches) == (300, {"GRCh38": 300})
    report = panel.align(unnamed(in_38(panel)), None, None, "GRCh37").report
    assert (report.matched, report.build_matches) == (0, {"GRCh37": 0})


def test_in_a_build_the_model_does_not_know_ids_are_left(panel):
    report = panel.align(panel.variants, None, None, "NCBI36").report
    assert (report.key, report.matched, report.build_matches) == ("id", 400, {})
    assert report.stated_build == "NCBI36"
    check_overlap(report, "x.vcf")


@pytest.mark.parametrize(
    ("stated", "message"),
    [
        ("NCBI36", r"has no positions in NCBI36, only in GRCh37 and GRCh38.*\(by ID 0\)"),
        (
            "GRCh37",
            r"x\.vcf with its positions read as GRCh37 \(by position in GRCh37 0, "
            r"by ID 0\)",
        ),
    ],
)
def test_a_stated_build_that_finds_nothing_is_refused_in_one_sentence(panel, stated, message):
    report = panel.align(unnamed(in_38(panel)), None, None, stated).report
    with pytest.raises(InputsDisagree, match=message) as caught:
        check_overlap(report, "x.vcf")
    assert caught.value.problem.count(". ") == 0 and "--build" in caught.value.remedy


def test_a_build_that_the_model_lacks_is_named_with_the_ways_out(panel):
    lone = replace(panel, lifted={})
    file = unnamed(in_38(panel))
    file.position[-1] = 249_250_000
    report = replace(lone, build="GRCh38").align(file, None, None).report
    with pytest.raises(InputsDisagree, match=r"build \(GRCh37\) than the model") as caught:
        check_overlap(report, "x.vcf")
    assert "a model that knows its build: fit --chain" in caught.value.remedy
    with pytest.raises(InputsDisagree) as caught:
        check_overlap(report, "x.vcf", knowing=lambda build: ["alpine"] * (build == "GRCh37"))
    assert "a model that knows its build, such as alpine: fit --chain" in caught.value.remedy


def test_variants_at_which_builds_agree_do_not_make_a_file_of_another_build_match(panel):
    """Some positions are the same in two builds; a large file without IDs has enough of them."""
    moved = np.where(np.arange(VARIANTS) < 120, 0, 77_777)
    file = unnamed(replace(panel.variants, position=panel.variants.position + moved))
    assert panel.align(file, None, None).report.detected_build == "GRCh37"
    file.position[-1] = 249_250_000
    report = replace(panel, build="GRCh38", lifted={}).align(file, None, None).report
    assert (report.matched, report.detected_build) == (120, "GRCh37")
    with pytest.raises(InputsDisagree, match=r"another genome build \(GRCh37\)"):
        check_overlap(report, "x.vcf")


def test_a_model_of_unknown_build_is_matched_by_position(panel):
    nameless = Panel(panel.variants, panel.frequency, None)
    report = nameless.align(unnamed(panel.variants), None, "GRCh38").report
    assert (report.matched, report.detected_build) == (400, None)
    assert (report.known_builds, report.build_matches) == ([], {"unknown": 400})


def test_the_log_has_the_records_left_out_by_the_reader(panel):
    report = panel.align(panel.variants, None, None).report
    lines = report.lines({"multi-allelic": 12, "duplicate": 3})
    left_out = {line.split()[2]: line.split()[3] for line in lines if "not read:" in line}
    assert left_out == {"multi-allelic": "12", "duplicate": "3"}
