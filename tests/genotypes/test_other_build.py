"""A file in another build than the stated one, or in two builds, is refused; no honest one is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import ancestry_ddvi
from ancestry_ddvi.artefacts.model import Model
from ancestry_ddvi.errors import InputsDisagree
from ancestry_ddvi.genotypes.harmonise.other_build import OtherBuild, check_ids
from ancestry_ddvi.genotypes.harmonise.panel import Panel
from ancestry_ddvi.genotypes.variants import VariantTable

MODELS = Path(ancestry_ddvi.__file__).parent / "reference_models"
VARIANTS, SHARED = 1000, 100
PART = "Lift one part over, or give the parts in runs of their own."


@pytest.fixture(scope="module")
def made() -> Panel:
    """On ten chromosomes, of which the first has the same positions in both builds."""
    rng = np.random.default_rng(1)
    position = 10_000_000 + np.sort(rng.choice(10**8, VARIANTS, replace=False))
    number = 1 + np.arange(VARIANTS) // SHARED
    ref = rng.choice(np.array(["A", "T"], dtype=object), VARIANTS)
    alt = rng.choice(np.array(["C", "G"], dtype=object), VARIANTS)
    variants = VariantTable(
        number.astype(str).astype(object), position, np.full(VARIANTS, ".", object), ref, alt
    )
    moved = np.where(number == 1, 0, 5003)
    return Panel(variants, np.full(VARIANTS, 0.3), "GRCh37", {"GRCh38": position + moved})


@pytest.fixture(scope="module")
def kgp() -> Panel:
    return Model.read(MODELS / "kgp.ddvi").panel


@pytest.fixture(scope="module", params=["made", "kgp", "hapmap3"])
def panel(request) -> Panel:
    if request.param == "hapmap3":
        return Model.read(MODELS / "hapmap3.ddvi").panel
    return request.getfixturevalue(request.param)


def in_38(panel: Panel, where: np.ndarray | bool = True) -> VariantTable:
    """The model's variants as a file without IDs has them, some at their positions in GRCh38."""
    variants = panel.variants
    position = np.where(where, panel.positions["GRCh38"], panel.positions["GRCh37"])
    return replace(variants, position=position, id=np.full(len(variants), ".", dtype=object))


def number(panel: Panel) -> np.ndarray:
    return panel.variants.chromosome.astype(int)


def found(panel: Panel, file: VariantTable, stated: str | None = None) -> OtherBuild:
    other = panel.align(file, None, None, stated).other
    assert other is not None
    return other


def refusal(panel: Panel, file: VariantTable, stated: str | None = None, inputs: int = 1):
    with pytest.raises(InputsDisagree) as caught:
        found(panel, file, stated).check("x.vcf", inputs)
    assert caught.value.exit_code == 4
    return caught.value


def test_a_stated_build_that_shares_positions_with_the_files_is_refused(panel):
    same = int((in_38(panel, False).position == in_38(panel).position).sum())
    error = refusal(panel, in_38(panel, False), "GRCh38")
    assert error.problem.startswith("--build is GRCh38, but the positions are of GRCh37: ")
    assert f"{same:,} match in GRCh38 and {len(panel):,} in GRCh37" in error.problem
    assert error.remedy == "Leave --build out, or give the file it is for."


@pytest.mark.parametrize("stated", [None, "GRCh37"])
@pytest.mark.parametrize("share", [0.02, 0.2, 1])
def test_a_file_of_the_stated_build_passes_at_any_size(panel, stated, share):
    chosen = np.random.default_rng(2).random(len(panel)) < share
    other = found(panel, in_38(panel, False)[chosen], stated)
    other.check("x.vcf", 2)
    assert (other.alone, other.mixture) == (0, "")


@pytest.mark.parametrize("variants", [19, 21])
def test_twenty_variants_more_are_needed_to_contradict_a_stated_build(made, variants):
    file = in_38(made, False)[-variants:]
    assert found(made, file, "GRCh38").contradicts == (variants > 20)


def test_variants_at_positions_of_both_builds_contradict_neither(made):
    shared = in_38(made)[:SHARED]
    for stated in (None, "GRCh37", "GRCh38"):
        found(made, shared, stated).check("x.vcf", 2)


def test_a_model_in_one_build_and_a_match_by_id_judge_nothing(made):
    lone = replace(made, lifted={})
    assert lone.align(in_38(made), None, None, "GRCh37").other is None
    ids = np.array([f"rs{i}" for i in range(VARIANTS)], dtype=object)
    named = replace(made, variants=replace(made.variants, id=ids))
    alignment = named.align(replace(in_38(made), id=ids), None, None, "GRCh37")
    assert (alignment.key, alignment.other) == ("id", None)


@pytest.mark.parametrize("stated", [None, "GRCh37"])
def test_chromosomes_in_another_build_are_named_and_refused(panel, stated):
    later = number(panel) > (6 if len(panel) == VARIANTS else 11)
    first, last = (7, 10) if len(panel) == VARIANTS else (12, 22)
    error = refusal(panel, in_38(panel, later), stated)
    own = panel.align(in_38(panel, later), None, None).report.build_matches["GRCh37"]
    assert f"on chromosomes {first} to {last}, have positions of GRCh38 and" in error.problem
    assert f"{own:,} of GRCh37: the input mixes genome builds" in error.problem
    assert error.remedy == PART


def test_the_counts_of_a_mixed_file_are_those_of_its_variants(made):
    error = refusal(made, in_38(made, np.isin(number(made), [3, 5, 6, 7])))
    assert error.problem == (
        "x.vcf: 400 variants, on chromosomes 3, 5 to 7, have positions of GRCh38 and 600 of "
        "GRCh37: the input mixes genome builds"
    )
    error = refusal(made, in_38(made, number(made) == 4))
    assert "100 variants, on chromosome 4, have" in error.problem


def test_files_in_two_builds_are_refused_together_and_a_single_one_is_told_of(panel):
    part = np.random.default_rng(3).random(len(panel)) < 0.3
    file = in_38(panel, part)
    assert "the input mixes genome builds" in refusal(panel, file, inputs=2).problem
    other = found(panel, file)
    other.check("x.vcf", 1)
    assert f"{other.alone:,} variants have positions of GRCh38" in other.mixture
    shared = in_38(panel).position == in_38(panel, False).position
    assert other.alone == (part & ~shared & (panel.positions["GRCh38"] > 0)).sum()


@pytest.mark.parametrize("stated", [None, "GRCh37", "GRCh38"])
def test_complete_files_in_two_builds_are_refused_together_and_a_single_one_is_told_of(
    panel, stated
):
    both = VariantTable.join([in_38(panel, False), in_38(panel)])
    assert "the input mixes genome builds" in refusal(panel, both, stated, inputs=2).problem
    other = found(panel, both, stated)
    other.check("x.vcf", 1)
    used, there = panel.positions[other.used], panel.positions[other.build]
    assert other.alone == ((used != there) & (there > 0)).sum()


def test_a_few_variants_elsewhere_are_nothing(made):
    few = number(made) == 4
    few[np.flatnonzero(few)[0]] = False
    assert found(made, in_38(made, few)).alone == 99
    found(made, in_38(made, few)).check("x.vcf", 2)


@pytest.mark.parametrize("lacking", [0.0, 0.5])
def test_a_dense_file_with_chance_records_at_positions_of_another_build_passes(panel, lacking):
    """Records at every position of GRCh38, of whatever alleles, beside those of the file."""
    rng = np.random.default_rng(4)
    own, there = in_38(panel, False), in_38(panel)
    pairs = np.array([(a, b) for a in "ACGT" for b in "ACGT" if a != b], dtype=object)
    alleles = pairs[rng.integers(len(pairs), size=len(panel))]
    chance = replace(there, ref=alleles[:, 0], alt=alleles[:, 1])[there.position != own.position]
    kept = own[rng.random(len(panel)) >= lacking]
    other = found(panel, VariantTable.join([kept, chance]))
    other.check("x.vcf", 2)
    assert (other.used, other.alone, other.mixture) == ("GRCh37", 0, "")


def test_a_mixed_file_does_not_contradict_a_stated_build_that_finds_more_than_half_as_many(made):
    error = refusal(made, in_38(made, number(made) > 6), "GRCh38")
    assert error.problem.startswith("x.vcf: 500 variants, on chromosomes 2 to 6, have positions of")


def test_a_chromosome_in_another_build_beside_much_else_there_is_told_of_alone(made):
    part = np.random.default_rng(6).random(VARIANTS) < 0.3
    other = found(made, in_38(made, part | (number(made) == 4)))
    assert other.chromosomes == () and other.is_mixed
    other.check("x.vcf", 1)


def test_records_of_one_variant_are_not_those_of_another_at_the_same_place_in_another_build(made):
    same = np.full(VARIANTS, "A", dtype=object), np.full(VARIANTS, "G", dtype=object)
    alike = replace(made.variants, ref=same[0], alt=same[1])
    following = np.append(alike.position[1:], 1)
    panel = Panel(alike, made.frequency, "GRCh37", {"GRCh38": following})
    other = found(panel, alike[1::2])
    assert (other.found, other.alone) == (500, 0)
    other.check("x.vcf", 2)


def named_twice(made) -> tuple[VariantTable, VariantTable]:
    """Variants with IDs in GRCh37, and with the same IDs in GRCh38."""
    ids = np.array([f"rs{i}" for i in range(VARIANTS)], object)
    named = replace(in_38(made, False), id=ids)
    return named, replace(named, position=in_38(made).position)


def test_ids_that_have_two_positions_are_refused_and_variants_given_twice_are_not(made):
    named, there = named_twice(made)
    with pytest.raises(InputsDisagree, match="x and 1 more: 900 variants have two positions"):
        check_ids(VariantTable.join([named, there]), "x and 1 more")
    elsewhere = replace(there, chromosome=np.full(VARIANTS, "11", dtype=object))
    few = replace(named, position=named.position + (np.arange(VARIANTS) < 99))
    same = replace(there, id=np.full(VARIANTS, "SNP", dtype=object))
    for other in (named, elsewhere, few, same):
        check_ids(VariantTable.join([named, other]), "x and 1 more")
    check_ids(VariantTable.join([in_38(made, False), in_38(made)]), "x and 1 more")


def test_ids_of_two_builds_are_refused_where_one_names_chromosomes_with_chr(made):
    named, there = named_twice(made)
    there = replace(there, chromosome=np.array([f"chr{c}" for c in there.chromosome], object))
    with pytest.raises(InputsDisagree, match="900 variants have two positions"):
        check_ids(VariantTable.join([named, there]), "x and 1 more")


def test_ids_with_three_positions_are_refused(made):
    named, there = named_twice(made)
    third = replace(there, position=there.position + 77)
    with pytest.raises(InputsDisagree, match="variants have two positions"):
        check_ids(VariantTable.join([named, there, third]), "x and 2 more")


def test_ids_of_loci_with_two_variants_are_no_mixture(made):
    named, _ = named_twice(made)
    loci = replace(named, id=np.array([f"locus{i // 2}" for i in range(VARIANTS)], object))
    for other in (loci, replace(loci, id=named.id), loci[::2]):
        check_ids(VariantTable.join([loci, other]), "x and 1 more")
