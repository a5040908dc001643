"""Reference calls are read where a file names no ALT, and missed where it lists variants only."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_panel import Store, elsewhere, panel, plain_variants, rewritten, table, unnamed, whole

from ancestry_ddvi.errors import InputUnreadable
from ancestry_ddvi.genotypes.harmonise.alleles import complement
from ancestry_ddvi.genotypes.harmonise.reference_calls import (
    assume_reference,
    count_reference_calls,
)
from ancestry_ddvi.genotypes.harmonise.target_regions import TargetRegions
from ancestry_ddvi.genotypes.variants import MISSING, NO_ALLELE, VariantTable


def counts_of(dosages: np.ndarray) -> np.ndarray:
    return np.stack([(dosages == g).sum(axis=1) for g in (0, 1, 2, MISSING)], axis=1)


def monomorphic(variants: VariantTable, rows: np.ndarray, base: np.ndarray) -> VariantTable:
    """The variants with one allele at some rows."""
    ref, alt = variants.ref.copy(), variants.alt.copy()
    ref[rows], alt[rows] = base[rows], NO_ALLELE
    return replace(variants, ref=ref, alt=alt)


@given(st.integers(0, 2**32 - 1), st.sampled_from(["position", "id"]), st.booleans())
@settings(max_examples=40, deadline=None)
def test_one_allele_alone_is_read_against_the_alleles_of_the_model(seed, key, flipped):
    """As PLINK writes a sample that is homozygous there: whichever allele it has."""
    rng = np.random.default_rng(seed)
    variants = plain_variants(rng, 80)
    one = rng.random(80) < 0.5
    has_alt = rng.random(80) < 0.5
    base = np.where(has_alt, variants.alt, variants.ref)
    file = monomorphic(variants, one, complement(base) if flipped else base)
    if flipped:
        flips = ~one
        file = replace(
            file,
            ref=np.where(flips, complement(file.ref), file.ref),
            alt=np.where(flips, complement(file.alt), file.alt),
        )
    file = unnamed(file) if key == "position" else elsewhere(file)
    dosages = rng.choice(np.array([0, 1, 2], np.int8), (80, 1))
    dosages[one] = 0
    alignment = panel(variants).align(file, counts_of(dosages), None)
    expected = np.where(one[:, None] & has_alt[:, None], 2, dosages)
    assert alignment.key == key
    assert (whole(alignment, dosages) == expected).all()
    assert alignment.report.reference_only == one.sum()


def blocks_over(variants: VariantTable, rows: np.ndarray) -> VariantTable:
    """The variants inside reference blocks, which do not say their bases."""
    return unnamed(monomorphic(variants, rows, np.full(len(variants), NO_ALLELE, dtype=object)))


def test_a_reference_block_is_ref_of_the_model_where_the_file_has_its_ref_and_alt():
    variants = plain_variants(np.random.default_rng(1), 100)
    inside = np.arange(100) % 2 == 0
    alignment = panel(variants).align(blocks_over(variants, inside), None, None)
    assert alignment.report.matched == 100
    assert alignment.report.reference_only == 50
    assert (whole(alignment, np.zeros((100, 1), np.int8)) == 0).all()


def test_a_reference_block_means_nothing_where_the_model_has_other_alleles_as_ref():
    """A model of a file that counts the minor allele does not know REF of the genome."""
    rng = np.random.default_rng(2)
    variants = plain_variants(rng, 100)
    swap = rng.random(100) < 0.3
    file = rewritten(variants, swap, np.zeros(100, dtype=bool))
    inside = np.arange(100) % 2 == 0
    alignment = panel(variants).align(blocks_over(file, inside), None, None)
    assert alignment.report.matched == 50
    assert alignment.report.reference_only == 0


def test_reference_calls_do_not_decide_the_build():
    """At positions of another build nearly every base is an allele of the variant by chance."""
    rng = np.random.default_rng(3)
    variants = plain_variants(rng, 200)
    bases = rng.choice(np.array([*"ACGT"], dtype=object), 200)
    file = unnamed(monomorphic(variants, np.ones(200, dtype=bool), bases))
    alignment = panel(variants).align(file, None, None)
    assert alignment.report.matched == 0


def test_a_file_of_reference_calls_alone_is_read_on_the_strand_of_the_model():
    variants = plain_variants(np.random.default_rng(4), 200)
    file = unnamed(monomorphic(variants, np.ones(200, dtype=bool), variants.ref))
    assert panel(variants).align(file, None, None).report.matched == 200


def test_the_best_called_of_duplicate_records_is_used():
    variants = plain_variants(np.random.default_rng(5), 30)
    file = VariantTable.join([variants, variants])
    dosages = np.full((60, 4), MISSING, np.int8)
    dosages[:30, 0] = 1
    dosages[30:, :] = 2
    dosages[30] = MISSING
    alignment = panel(variants).align(file, counts_of(dosages), None)
    assert alignment.rows[0] == 0
    assert (alignment.rows[1:] == np.arange(31, 60)).all()
    assert alignment.report.duplicate == 29


def test_a_record_without_a_call_is_absent_but_not_left_out():
    variants = plain_variants(np.random.default_rng(6), 30)
    dosages = np.zeros((30, 2), np.int8)
    dosages[:10] = MISSING
    alignment = panel(variants).align(variants[:25], counts_of(dosages)[:25], None)
    assert alignment.report.absent == 15
    assert alignment.report.uncalled == 10
    assert alignment.absent.tolist() == [False] * 25 + [True] * 5


def simulated(rng: np.random.Generator, variants: int, samples: int):
    """Frequencies and Hardy-Weinberg dosages."""
    frequency = rng.uniform(0.05, 0.6, variants)
    return frequency, rng.binomial(2, frequency[:, None], (variants, samples)).astype(np.int8)


def aligned(rng: np.random.Generator, dosages: np.ndarray, frequency: np.ndarray):
    """The store and alignment of the variants with any call, and the variants."""
    variants = plain_variants(rng, len(dosages))
    kept = (dosages >= 0).any(axis=1)
    store = Store(dosages[kept])
    found = replace(panel(variants), frequency=frequency)
    return store, found.align(variants[kept], counts_of(dosages[kept]), None), variants


@pytest.mark.parametrize("seed", range(5))
def test_samples_with_reference_calls_are_not_suspected(seed):
    rng = np.random.default_rng(seed)
    frequency, dosages = simulated(rng, 500, 6)
    dosages[rng.random(dosages.shape) < 0.3] = MISSING
    calls = count_reference_calls(*aligned(rng, dosages, frequency)[:2], frequency)
    assert not calls.lacking.any()
    assert not calls.thinned.any()
    assert not calls.shared_lacking


@pytest.mark.parametrize("seed", range(3))
def test_no_sample_of_many_is_suspected_by_chance(seed):
    """Of a tenth of the variants, a little more common than the others, as chance has them."""
    rng = np.random.default_rng(seed)
    frequency = np.sort(rng.beta(0.5, 2, 6000).clip(0.01, 0.99))
    dosages = np.full((6000, 400), MISSING, dtype=np.int8)
    kept = rng.random(6000) < np.linspace(0.09, 0.15, 6000)
    dosages[kept] = rng.binomial(2, frequency[kept, None], (kept.sum(), 400))
    calls = count_reference_calls(*aligned(rng, dosages, frequency)[:2], frequency)
    assert (calls.expected > 400).any(axis=0).all()
    assert not calls.thinned.any()


@pytest.mark.parametrize("typed", ["all but a few", "the common ones"])
def test_a_sample_unlike_the_panel_has_not_lost_what_it_never_had(typed: str):
    """Of another population, with fewer reference calls: on an array of common variants too."""
    rng = np.random.default_rng(12)
    frequency = rng.uniform(0.02, 0.6, 4000)
    dosages = rng.binomial(2, (frequency + 0.1)[:, None], (4000, 1)).astype(np.int8)
    missing = frequency < (0.03 if typed == "all but a few" else 0.25)
    dosages[missing] = MISSING
    calls = count_reference_calls(*aligned(rng, dosages, frequency)[:2], frequency)
    assert calls.found[0, 0] < 0.85 * calls.expected[0, 0]
    assert not calls.thinned.any()


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("lost", [0.5, 0.7, 0.9])
def test_a_sample_that_lost_many_reference_calls_and_no_others_is_recognised(seed, lost):
    """As gVCFs merged as if they were VCFs, or blocks of low quality, lose them."""
    rng = np.random.default_rng(seed)
    frequency, dosages = simulated(rng, 2000, 4)
    gone = (dosages[:, 1] == 0) & (rng.random(2000) < lost)
    dosages[gone, 1] = MISSING
    calls = count_reference_calls(*aligned(rng, dosages, frequency)[:2], frequency)
    assert calls.thinned.tolist() == [False, True, False, False]


@pytest.mark.parametrize("seed", range(5))
def test_a_sample_unlike_the_panel_did_not_lose_its_reference_calls(seed):
    """It has few, because ALT is common in it, and no more calls are missing where REF is."""
    rng = np.random.default_rng(seed)
    frequency, _ = simulated(rng, 2000, 1)
    dosages = rng.binomial(2, np.minimum(2 * frequency[:, None], 0.95), (2000, 2)).astype(np.int8)
    dosages[rng.random(2000) < 0.1, 1] = MISSING
    calls = count_reference_calls(*aligned(rng, dosages, frequency)[:2], frequency)
    assert (calls.found < 0.7 * calls.expected).any(axis=0).all()
    assert not calls.thinned[0]


@pytest.mark.parametrize("seed", range(5))
def test_a_sample_that_lists_its_variants_only_is_recognised_among_others(seed):
    rng = np.random.default_rng(seed)
    frequency, dosages = simulated(rng, 500, 6)
    dosages[dosages[:, 2] == 0, 2] = MISSING
    calls = count_reference_calls(*aligned(rng, dosages, frequency)[:2], frequency)
    assert calls.lacking.tolist() == [False, False, True, False, False, False]


def test_joint_calls_without_all_reference_records_are_recognised():
    rng = np.random.default_rng(7)
    frequency, dosages = simulated(rng, 2000, 3)
    left_out = (dosages == 0).all(axis=1)
    dosages[left_out] = MISSING
    calls = count_reference_calls(*aligned(rng, dosages, frequency)[:2], frequency)
    assert not calls.lacking.any()
    assert calls.shared_lacking


def test_a_few_variants_say_nothing_of_what_was_left_out():
    rng = np.random.default_rng(8)
    frequency, dosages = simulated(rng, 40, 1)
    dosages[dosages == 0] = MISSING
    calls = count_reference_calls(*aligned(rng, dosages, frequency)[:2], frequency)
    assert not calls.lacking.any()


def test_what_is_assumed_is_absent_and_covered():
    rng = np.random.default_rng(9)
    frequency, dosages = simulated(rng, 100, 2)
    dosages[(dosages == 0).all(axis=1)] = MISSING
    dosages[5] = MISSING
    store, alignment, _ = aligned(rng, dosages, frequency)
    covered = np.arange(100) < 90
    assumed = assume_reference(alignment, np.zeros(2, dtype=bool), covered)
    expected = np.where(covered[:, None] & (dosages < 0), 0, dosages)
    assert (assumed.dosages(store, 0, 100) == expected).all()
    assert assumed.report.absent_as_reference == (alignment.absent & covered).sum()


def test_missing_calls_of_a_sample_without_reference_calls_are_assumed_too():
    rng = np.random.default_rng(10)
    frequency, dosages = simulated(rng, 100, 2)
    dosages[dosages[:, 1] == 0, 1] = MISSING
    store, alignment, _ = aligned(rng, dosages, frequency)
    assumed = assume_reference(alignment, np.array([False, True]), np.ones(100, dtype=bool))
    expected = dosages.copy()
    expected[dosages[:, 1] < 0, 1] = 0
    expected[(dosages < 0).all(axis=1)] = 0
    assert (assumed.dosages(store, 0, 100) == expected).all()


def test_likelihoods_are_assumed_as_dosages_are():
    rng = np.random.default_rng(11)
    frequency, dosages = simulated(rng, 100, 2)
    dosages[dosages[:, 1] == 0, 1] = MISSING
    store, alignment, _ = aligned(rng, dosages, frequency)
    assumed = assume_reference(alignment, np.array([False, True]), np.arange(100) % 2 == 0)
    hard = assumed.dosages(store, 0, 100)
    for sample in range(2):
        plain = alignment.dosages(store, 0, 100)[:, sample]
        likelihoods = np.where(plain[:, None] < 0, 1.0, np.eye(3)[plain])
        present = assumed.rows >= 0
        assumed.assumed.fill_likelihoods(likelihoods, assumed.absent, present, sample)
        filled = np.where(hard[:, sample, None] < 0, 1.0, np.eye(3)[hard[:, sample]])
        assert (likelihoods == filled).all()


BED = "track name=exome\n#x\nchr1\t99\t200\tname\n1\t150\t300\nchr2 0 10\r\n\n"


def test_target_regions_are_half_open_and_zero_based(tmp_path):
    path = tmp_path / "x.bed"
    path.write_text(BED)
    regions = TargetRegions.read(str(path))
    variants = table(
        [(c, p, ".", "A", "C") for c, p in (
            ("1", 99), ("1", 100), ("chr1", 201), ("1", 300), ("1", 301), ("2", 10), ("2", 11),
            ("3", 5), ("2", 0),
        )]
    )  # fmt: skip
    covered = regions.cover(variants.chromosome, variants.position)
    assert covered.tolist() == [False, True, True, True, False, True, False, False, False]


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("chr1\t1\n", "line 1"),
        ("chr1\t1\tx\n", "line 1"),
        ("chr1\t1\t2\nchr1\t-1\t2\n", "line 2"),
        ("chr1\t1\t99999999999999999999\n", "line 1"),
        ("# nothing\n", "holds no region"),
    ],
)
def test_a_bed_file_that_is_none_is_refused(tmp_path, text, where):
    path = tmp_path / "x.bed"
    path.write_text(text)
    with pytest.raises(InputUnreadable, match=where):
        TargetRegions.read(str(path))
