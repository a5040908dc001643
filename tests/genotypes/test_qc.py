"""Quality control: each filter drops what it names, in order, and logs it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from memory_store import MemoryStore, hardy_weinberg, real, variant_table, write_plink

from ancestry_ddvi.errors import NothingLeft, UsageProblem
from ancestry_ddvi.genotypes import blocks as _reads
from ancestry_ddvi.genotypes.qc.quality_control import (
    QC,
    Filters,
    Step,
    format_table,
    quality_control,
)

VARIANTS, SAMPLES = 400, 60
NO_LD = Filters(ld_r2=1.0)


def but(filters: Filters, **changes: float | bool | None) -> Filters:
    """The same options but for some."""
    return Filters(**{**filters.as_json(), **changes})


def cohort(seed: int = 0, variants: int = VARIANTS, samples: int = SAMPLES) -> MemoryStore:
    """Unrelated samples at common variants that are far apart: every filter passes them."""
    return MemoryStore(hardy_weinberg(np.random.default_rng(seed), variants, samples))


def step(qc: QC, name: str) -> Step:
    return next(row for row in qc.table if row.name == name)


def lost(qc: QC, store: MemoryStore) -> list[int]:
    return sorted(set(range(len(store.variants))) - set(qc.variants.tolist()))


def change(store: MemoryStore, **columns: Mapping[int, object]) -> None:
    for name, values in columns.items():
        for row, value in values.items():
            getattr(store.variants, name)[row] = value


def test_all_of_a_clean_cohort_is_kept() -> None:
    store = cohort()
    qc = quality_control(store, NO_LD)
    assert lost(qc, store) == []
    assert qc.fit_samples.all()
    assert qc.flags == [""] * SAMPLES
    assert qc.call_rate.tolist() == [1.0] * SAMPLES
    assert qc.frequency == pytest.approx(store.all.mean(1) / 2)
    assert qc.frequency.dtype == np.float64


def test_steps_come_in_order_and_each_starts_where_the_last_ended() -> None:
    qc = quality_control(cohort(), but(NO_LD, hwe=1e-50))
    assert [row.name for row in qc.table] == [
        "autosomes", "duplicates", "reference-calls", "ambiguous", "geno", "mind", "maf", "hwe",
        "ld-regions", "ld-r2", "king-cutoff", "maf, unrelated",
    ]  # fmt: skip
    for before, after in pairwise(qc.table):
        assert before.variants_after == after.variants_before
        assert before.samples_after == after.samples_before


def test_only_human_autosomes_are_kept() -> None:
    store = cohort()
    change(store, chromosome={0: "X", 1: "MT", 2: "chr3", 3: "GL000192.1"})
    assert lost(quality_control(store, NO_LD), store) == [0, 1, 3]


def test_other_species_keep_all_their_chromosomes() -> None:
    store = cohort()
    change(store, chromosome={0: "X", 1: "2L", 2: "scaffold_7"})
    qc = quality_control(store, but(NO_LD, allow_extra_chr=True))
    assert lost(qc, store) == []
    assert qc.build is None
    assert "ld-regions" not in [row.name for row in qc.table]


def test_the_first_of_two_equal_variants_is_kept() -> None:
    store = cohort()
    for row, alleles in {22: ("A", "G"), 44: ("G", "A"), 66: ("A", "C")}.items():
        change(store, position={row: 1}, ref={row: alleles[0]}, alt={row: alleles[1]})
    assert store.variants.chromosome[[0, 22, 44, 66]].tolist() == ["1"] * 4
    assert lost(quality_control(store, NO_LD), store) == [22, 44]


def test_the_best_called_of_equal_variants_is_kept() -> None:
    store = cohort()
    for row in (22, 44):
        change(store, position={row: 1}, ref={row: "A"}, alt={row: "G"})
    store.all[0, :2] = -1
    store.all[44, 0] = -1
    assert lost(quality_control(store, but(NO_LD, geno=0.5)), store) == [0, 44]


@pytest.mark.parametrize("left_out", [0, 2])
def test_samples_that_list_their_variants_only_are_left_out_and_flagged(left_out: int) -> None:
    """PLINK 1 counts REF where ALT is the more frequent allele of what is called."""
    store = cohort()
    store.all[store.all[:, 3] == left_out, 3] = -1
    qc = quality_control(store, but(NO_LD, geno=0.5, mind=1.0))
    assert [i for i, flag in enumerate(qc.flags) if flag == "no_reference_calls"] == [3]
    assert not qc.fit_samples[3]


def test_a_merge_of_files_of_variants_names_that_cause() -> None:
    store = cohort()
    store.all[store.all == 0] = -1
    message = failing(store, NO_LD)
    assert "'reference-calls' left 0 of" in message
    assert "merge their gVCFs" in message
    assert "--geno" not in message


def test_other_species_keep_what_reduced_representation_misses() -> None:
    """Loci of restriction sites: many missing calls, one strand, contigs of any name."""
    rng = np.random.default_rng(95)
    store = MemoryStore(hardy_weinberg(rng, 3000, 95, missing=0.06))
    change(store, chromosome={row: f"locus_{row}" for row in range(3000)})
    change(store, alt=dict.fromkeys(range(0, 3000, 6), "T"))
    qc = quality_control(store, Filters(allow_extra_chr=True))
    assert len(qc.variants) > 2900
    assert qc.fit_samples.all()


def test_a_filter_that_takes_most_of_the_input_says_which_and_what_to_set(
    caplog: pytest.LogCaptureFixture,
) -> None:
    store = cohort()
    taken = VARIANTS - 110
    for row in range(taken):
        store.all[row, [row % SAMPLES, (row + 7) % SAMPLES]] = -1
    quality_control(store, NO_LD)
    assert f"'geno' takes {taken:,} of {VARIANTS:,} variants" in caplog.text
    assert "Raise --geno." in caplog.text


def test_pairs_of_relatives_are_found_whatever_the_cutoff() -> None:
    store = cohort()
    store.all[:, 1] = store.all[:, 0]
    for cutoff in (0.0884, 0.5):
        pairs = quality_control(store, but(NO_LD, king_cutoff=cutoff)).relatives
        assert pairs[["i", "j"]].tolist() == [(0, 1)]


def test_ambiguous_variants_are_kept_unless_they_are_to_be_dropped() -> None:
    store = cohort()
    for row, alleles in enumerate(["AT", "TA", "CG", "GC", "AC", "CT"]):
        change(store, ref={row: alleles[0]}, alt={row: alleles[1]})
    assert lost(quality_control(store, NO_LD), store) == []
    assert lost(quality_control(store, but(NO_LD, drop_ambiguous=True)), store) == [0, 1, 2, 3]


def two_populations(seed: int, flipped: float) -> MemoryStore:
    """Populations that differ; every sixth variant is A/T, with some samples on another strand."""
    rng = np.random.default_rng(seed)
    ancestral = rng.uniform(0.05, 0.95, 1200)
    own = rng.beta(*(12 * each for each in (ancestral, 1 - ancestral)), size=(2, 1200))
    store = MemoryStore(rng.binomial(2, own[np.arange(200) % 2].T).astype(np.int8))
    change(store, alt=dict.fromkeys(range(0, 1200, 6), "T"))
    others = rng.random(200) < flipped
    store.all[::6, others] = 2 - store.all[::6, others]
    return store


def dropped_as_ambiguous(store: MemoryStore) -> int:
    """How many variants the filter takes."""
    table = quality_control(store, but(NO_LD, maf=0.0)).table
    [step] = [step for step in table if step.name == "ambiguous"]
    return step.variants_before - step.variants_after


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("flipped", [0.08, 0.2, 0.5, 0.9])
def test_ambiguous_variants_on_two_strands_are_dropped(
    seed: int, flipped: float, caplog: pytest.LogCaptureFixture
) -> None:
    assert dropped_as_ambiguous(two_populations(seed, flipped)) == 200
    assert "on the other strand there" in caplog.text


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("flipped", [0.0, 1.0])
def test_ambiguous_variants_on_one_strand_are_kept(seed: int, flipped: float) -> None:
    assert dropped_as_ambiguous(two_populations(seed, flipped)) == 0


@pytest.mark.parametrize("variants", [1, 2, 10])
def test_a_few_ambiguous_variants_never_tell(variants: int) -> None:
    store = cohort()
    change(store, alt=dict.fromkeys(range(variants), "T"))
    store.all[:variants] = np.where(store.all[:variants] == 1, 2, store.all[:variants])
    assert dropped_as_ambiguous(store) == 0


def test_variants_missing_in_more_than_geno_are_dropped() -> None:
    store = cohort(samples=100)
    store.all[0, :2] = -1
    store.all[1, :3] = -1
    qc = quality_control(store, NO_LD)
    assert lost(qc, store) == [1]
    assert qc.frequency[0] == pytest.approx(store.all[0, 2:].mean() / 2)


def test_a_few_failed_samples_do_not_cost_the_variants() -> None:
    store = cohort()
    store.all[:, :3] = np.where(np.arange(VARIANTS)[:, None] % 10 < 7, -1, store.all[:, :3])
    qc = quality_control(store, NO_LD)
    assert lost(qc, store) == []
    assert qc.flags[:4] == ["low_call_rate"] * 3 + [""]
    assert qc.call_rate[:4] == pytest.approx([0.3, 0.3, 0.3, 1.0])


def test_variants_that_half_the_samples_lack_do_not_cost_the_samples() -> None:
    store = cohort()
    store.all[:150, : SAMPLES // 2] = -1
    qc = quality_control(store, NO_LD)
    assert lost(qc, store) == list(range(150))
    assert qc.fit_samples.all()


def test_samples_missing_more_than_mind_are_left_out_and_flagged() -> None:
    store = cohort()
    store.all[:20, 7] = -1
    store.all[20:41, 8] = -1
    qc = quality_control(store, but(NO_LD, mind=0.05))
    assert np.flatnonzero(~qc.fit_samples).tolist() == [8]
    assert qc.flags[7:9] == ["", "low_call_rate"]
    assert qc.call_rate[[7, 8]].tolist() == [1 - 20 / 400, 1 - 21 / 400]
    assert step(qc, "mind") == Step(
        "mind", VARIANTS, VARIANTS, SAMPLES, SAMPLES - 1, "missing more than 0.05"
    )


def test_frequencies_are_those_of_the_samples_in_the_fit() -> None:
    store = cohort()
    store.all[100:, 8] = -1
    store.all[0] = 0
    store.all[0, [8, 9]] = 2
    qc = quality_control(store, but(NO_LD, maf=0.0, geno=0.5))
    assert not qc.fit_samples[8]
    assert qc.frequency[0] == pytest.approx(2 / (2 * 59))


def carriers(store: MemoryStore, counts: list[int], count_ref: bool = False) -> None:
    """Give row i exactly counts[i] copies of the rarer allele."""
    for row, copies in enumerate(counts):
        store.all[row] = (np.arange(store.all.shape[1]) < copies).astype(np.int8)
        if count_ref:
            store.all[row] = 2 - store.all[row]


@pytest.mark.parametrize("count_ref", [False, True])
def test_small_cohorts_need_a_frequency_of_one_in_twenty(count_ref: bool) -> None:
    store = cohort()
    carriers(store, [5, 6], count_ref)
    assert lost(quality_control(store, NO_LD), store) == [0]


@pytest.mark.parametrize("count_ref", [False, True])
def test_large_cohorts_need_twenty_copies_and_one_in_a_hundred(count_ref: bool) -> None:
    store = cohort(samples=500)
    carriers(store, [19, 20], count_ref)
    assert lost(quality_control(store, NO_LD), store) == [0]
    store = cohort(samples=1200)
    carriers(store, [23, 24], count_ref)
    assert lost(quality_control(store, NO_LD), store) == [0]


def test_a_given_maf_replaces_the_default() -> None:
    store = cohort()
    carriers(store, [0, 1, 12])
    assert lost(quality_control(store, but(NO_LD, maf=0.0)), store) == [0]
    assert lost(quality_control(store, but(NO_LD, maf=0.11)), store) == [0, 1, 2]


def test_hardy_weinberg_is_tested_only_when_asked_for() -> None:
    store = cohort()
    store.all[0] = 1
    assert lost(quality_control(store, NO_LD), store) == []
    assert lost(quality_control(store, but(NO_LD, hwe=1e-10)), store) == [0]


def test_regions_of_long_range_ld_depend_on_the_build() -> None:
    store = cohort()
    places = {0: 45_000_000, 1: 43_500_000, 2: 47_300_000}
    change(store, chromosome=dict.fromkeys(places, "17"), position=places)
    found = {b: quality_control(store, NO_LD, b) for b in ["GRCh37", "GRCh38", "NCBI36", None]}
    assert {b: set(places) & set(lost(qc, store)) for b, qc in found.items()} == {
        "GRCh37": {0, 1}, "GRCh38": {0, 2}, "NCBI36": set(), None: set(),
    }  # fmt: skip
    assert {b: qc.build for b, qc in found.items()} == {b: b for b in found}
    assert step(found["NCBI36"], "ld-regions").remark == "0 regions of NCBI36"
    assert "not recognised" in step(found[None], "ld-regions").remark
    assert lost(quality_control(store, but(NO_LD, ld_regions=False), "GRCh37"), store) == []


@pytest.mark.parametrize("hint", [None, "GRCh38"])
def test_a_header_is_used_only_where_the_build_cannot_be_inferred(hint) -> None:
    store = cohort()
    assert quality_control(store, Filters(), hint).build == hint
    ends = {"1": 249_250_000, "2": 243_199_000, "19": 59_128_000, "22": 51_304_000}
    for chromosome, end in ends.items():
        store.variants.position[np.flatnonzero(store.variants.chromosome == chromosome)[-1]] = end
    assert quality_control(store, Filters(), hint).build == "GRCh37"


def test_linked_variants_are_pruned_among_the_fitted_samples() -> None:
    store = cohort()
    change(store, chromosome={1: "1"}, position={1: 900})
    store.all[1] = store.all[0]
    store.all[1, 0] = 1
    store.all[150:, 1] = -1
    qc = quality_control(store, but(NO_LD, ld_r2=0.8, geno=0.5))
    assert len(lost(qc, store)) == 1 and lost(qc, store)[0] in (0, 1)
    pruned = step(qc, "ld-r2")
    assert (pruned.variants_before, pruned.variants_after) == (VARIANTS, VARIANTS - 1)


def with_relatives() -> MemoryStore:
    """Sample 3 again as 60, and 61 a child of 4 and 5."""
    store = cohort(variants=4000)
    rng = np.random.default_rng(9)
    half = (rng.random((4000, 2)) < store.all[:, [4, 5]] / 2).sum(1)
    return MemoryStore(np.column_stack([store.all, store.all[:, 3], half]), store.variants)


def test_of_two_identical_samples_one_is_fitted() -> None:
    store = with_relatives()
    qc = quality_control(store, NO_LD)
    assert np.flatnonzero(~qc.fit_samples).tolist() == [60, 61]
    assert qc.flags[60:] == ["duplicate", "related"]
    assert qc.flags[:60] == [""] * 60
    assert step(qc, "king-cutoff").remark == "3 pairs of 0.0884 or more, 1 of them duplicates"
    assert qc.frequency == pytest.approx(store.all[qc.variants, :60].mean(1) / 2)


def test_of_two_identical_samples_the_better_called_is_fitted() -> None:
    store = with_relatives()
    store.all[::40, 3] = -1
    assert quality_control(store, NO_LD).flags[3] == "duplicate"


def test_frequencies_are_checked_again_without_the_relatives() -> None:
    store = with_relatives()
    carriers(store, [0])
    store.all[0, :6] = store.all[0, 60] = 1
    qc = quality_control(store, but(NO_LD, maf=0.051))
    assert step(qc, "maf").variants_after == 4000
    assert lost(qc, store) == [0]


def test_few_variants_do_not_make_relatives_of_unrelated_samples() -> None:
    store = cohort(variants=150, samples=200)
    twin = MemoryStore(np.column_stack([store.all, store.all[:, 0]]), store.variants)
    qc = quality_control(twin, NO_LD)
    assert np.flatnonzero(~qc.fit_samples).tolist() == [200]
    assert "150 variants do not resolve 0.0884" in step(qc, "king-cutoff").remark


def failing(store: MemoryStore, filters: Filters) -> str:
    with pytest.raises(NothingLeft) as caught:
        quality_control(store, filters)
    assert caught.value.exit_code == 5
    return str(caught.value)


def test_a_single_sample_is_referred_to_embed() -> None:
    message = failing(cohort(samples=1), NO_LD)
    assert "fit needs a cohort" in message
    assert "Use embed for single samples" in message


def test_a_cohort_too_small_to_begin_with_is_refused() -> None:
    assert "19 samples" in failing(cohort(samples=19), NO_LD)
    assert "99 biallelic SNPs" in failing(cohort(variants=99), NO_LD)
    assert "0 samples" in failing(cohort(samples=0), NO_LD)


@pytest.mark.parametrize(
    ("name", "option", "spoil", "filters"),
    [
        ("autosomes", "--allow-extra-chr", {"chromosome": "2L"}, {}),
        ("duplicates", "given twice", {"chromosome": "1", "position": 5}, {}),
        ("ambiguous", "--drop-ambiguous", {"alt": "T"}, {"drop_ambiguous": True}),
        ("geno", "--geno", {"dosages": [-1] * 15}, {}),
        ("mind", "--mind", {"dosages": [-1] * 50}, {"geno": 1.0}),
        ("maf", "--maf", {"dosages": [0] * SAMPLES}, {}),
        ("hwe", "--hwe", {"dosages": [1] * SAMPLES}, {"hwe": 1e-6}),
        ("ld-r2", "--ld-r2", {"dosages": [0, 1, 2] * 20}, {"ld_window_kb": 1e6}),
    ],
)
def test_the_filter_that_left_too_little_is_named_with_its_option(
    name: str, option: str, spoil: dict[str, object], filters: dict[str, float]
) -> None:
    store = cohort()
    for column, value in spoil.items():
        if column == "dosages":
            store.all[50:, : len(value)] = value  # type: ignore[arg-type]
        else:
            getattr(store.variants, column)[50:] = value
    message = failing(store, but(NO_LD, **{"ld_r2": 0.9, **filters}))
    assert message.startswith(f"The filter {name!r} left ")
    assert option in message


def test_regions_that_leave_too_little_are_named() -> None:
    store = cohort()
    change(
        store,
        chromosome=dict.fromkeys(range(350), "6"),
        position={row: 26_000_000 + row for row in range(350)},
    )
    with pytest.raises(NothingLeft, match=r"'ld-regions' left .* --no-ld-regions"):
        quality_control(store, NO_LD, "GRCh37")


def test_a_cohort_of_one_sample_many_times_is_refused() -> None:
    store = cohort()
    copies = MemoryStore(np.repeat(store.all[:, :4], 15, axis=1), store.variants)
    message = failing(copies, but(NO_LD, maf=0.0))
    assert "'king-cutoff' left 4 of 60 samples" in message


@pytest.mark.parametrize(
    "wrong", [{"maf": 0.6}, {"geno": -0.1}, {"mind": 2}, {"ld_window_kb": -1}, {"hwe": np.nan}]
)
def test_impossible_thresholds_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(UsageProblem, match="--" + next(iter(wrong)).replace("_", "-")):
        Filters(**wrong)  # type: ignore[arg-type]


def test_the_table_reads_as_text_without_names_of_samples() -> None:
    store = with_relatives()
    store.samples = tuple(f"SECRET{i}" for i in range(62))
    qc = quality_control(store, NO_LD)
    lines = format_table(qc.table).splitlines()
    assert len(lines) == 1 + len(qc.table)
    assert lines[0].split() == [
        "filter",
        "variants",
        "before",
        "after",
        "samples",
        "before",
        "after",
    ]
    assert lines[1].split() == ["autosomes", "4,000", "4,000", "62", "62"]
    assert "SECRET" not in repr(qc.table) + format_table(qc.table)


@given(seed=st.integers(0, 2**32 - 1), missing=st.sampled_from([0.0, 0.01, 0.04]))
@settings(max_examples=15, deadline=None)
def test_kept_variants_and_samples_meet_every_threshold(seed: int, missing: float) -> None:
    rng = np.random.default_rng(seed)
    dosages = rng.binomial(2, rng.beta(0.5, 0.5, (600, 1)), (600, 50)).astype(np.int8)
    dosages[rng.random(dosages.shape) < missing] = -1
    dosages[rng.random((600, 50)) < rng.choice([0, 0.3], 50, p=[0.9, 0.1])] = -1
    store = MemoryStore(dosages)
    qc = quality_control(store, Filters(geno=0.1, mind=0.1, maf=0.03))
    kept = dosages[np.ix_(qc.variants, qc.fit_samples)]
    alt = np.where(kept > 0, kept, 0).sum(1) / (2 * (kept >= 0).sum(1))
    assert qc.frequency == pytest.approx(alt)
    assert (np.minimum(alt, 1 - alt) >= 0.03 - 1e-12).all()
    assert (np.diff(qc.variants) > 0).all()
    assert [flag == "" for flag in qc.flags] == qc.fit_samples.tolist()
    last = qc.table[-1]
    assert (last.variants_after, last.samples_after) == (len(qc.variants), qc.fit_samples.sum())
    assert (1 - qc.call_rate[qc.fit_samples] <= 0.1 + 1e-12).all()


def test_no_read_is_larger_than_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    store = with_relatives()
    store.all[::50, 9] = -1
    store.all[::10, 10] = -1
    plain = quality_control(store, Filters())
    largest = 0
    dosages = store.dosages

    def watched(rows: np.ndarray | slice, samples: np.ndarray | None = None) -> np.ndarray:
        nonlocal largest
        found = dosages(rows, samples)
        largest = max(largest, found.size)
        return found

    monkeypatch.setattr(store, "dosages", watched)
    monkeypatch.setattr(_reads, "GENOTYPES_AT_ONCE", 2000)
    bounded = quality_control(store, Filters())
    assert 0 < largest <= 256 * 62
    assert bounded.table == plain.table
    assert (bounded.call_rate == plain.call_rate).all()


@pytest.mark.skipif(shutil.which("plink2") is None, reason="needs plink2")
def test_geno_mind_and_maf_keep_what_plink2_keeps(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    dosages = rng.binomial(2, rng.beta(0.5, 0.5, (800, 1)), (800, 60)).astype(np.int8)
    dosages[rng.random(dosages.shape) < rng.choice([0.0, 0.01, 0.1], (800, 1))] = -1
    dosages[(rng.random(dosages.shape) < 0.1) & (np.arange(60) < 4)] = -1
    store = MemoryStore(dosages, variant_table(800, "1" * 800, 1 + 2_000_000 * np.arange(800)))
    write_plink(store, tmp_path / "a")
    options = ["--geno 0.05", "--mind 0.05", "--maf 0.05"]
    for option, before, after in zip(options, "abc", "bcd", strict=True):
        command = f"plink2 --bfile {before} {option} --threads 1 --make-bed --out {after}"
        subprocess.run(command.split(), cwd=tmp_path, check=True, capture_output=True)
    theirs = [line.split()[1] for line in (tmp_path / "d.bim").read_text().splitlines()]
    samples = [line.split()[1] for line in (tmp_path / "d.fam").read_text().splitlines()]
    qc = quality_control(store, Filters(geno=0.05, mind=0.05, maf=0.05, ld_r2=1.0))
    assert [f"s{row}" for row in qc.variants] == theirs
    assert [store.samples[i] for i in np.flatnonzero(qc.fit_samples)] == samples
    assert 100 < len(theirs) < 600
    assert len(samples) < 60


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("name", "build", "variants", "samples"),
    [("kgp1092", "GRCh37", 13_891, 1063), ("hapmap957", "NCBI36", 14_064, 887)],
)
def test_real_cohorts_keep_most_variants_and_samples(
    name: str, build: str, variants: int, samples: int
) -> None:
    qc = quality_control(real(name), Filters())
    assert (qc.build, len(qc.variants), int(qc.fit_samples.sum())) == (build, variants, samples)
