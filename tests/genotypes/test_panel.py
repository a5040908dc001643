"""Panel: a model's variants are found in any file that has them, and nothing else is."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ancestry_ddvi.errors import InputsDisagree
from ancestry_ddvi.genotypes.harmonise.alleles import complement, recode
from ancestry_ddvi.genotypes.harmonise.panel import Alignment, Panel
from ancestry_ddvi.genotypes.harmonise.report import check_overlap
from ancestry_ddvi.genotypes.variants import MISSING, VariantTable

DATA = Path(__file__).parents[3] / "shared" / "data"
PAIR = {"A": "T", "C": "G", "G": "C", "T": "A"}
SNPS = [(a, b) for a in PAIR for b in PAIR if a != b]
TRANSITIONS = {frozenset("AG"), frozenset("CT")}
FATES = (
    "same", "swapped", "strand_flipped", "strand_flipped_and_swapped", "ambiguous_resolved",
    "ambiguous_dropped", "allele_mismatch", "absent",
)  # fmt: skip


class Store:
    """Dosages in memory."""

    def __init__(self, dosages: np.ndarray) -> None:
        self.all = dosages
        self.samples = tuple(f"p{i}" for i in range(dosages.shape[1]))

    def dosages(self, rows: np.ndarray) -> np.ndarray:
        return self.all[rows]


def table(rows: list[tuple[str, int, str, str, str]]) -> VariantTable:
    columns = list(zip(*rows, strict=True)) or [()] * 5
    chromosome, position, name, ref, alt = (np.array(c, dtype=object) for c in columns)
    return VariantTable(chromosome, position.astype(np.int64), name, ref, alt)


def plain_variants(rng: np.random.Generator, n: int, span: int = 100_000_000) -> VariantTable:
    """Unambiguous SNPs at distinct places on three chromosomes, two thirds transitions."""
    weight = [0 if PAIR[a] == b else 4 if {a, b} in TRANSITIONS else 1 for a, b in SNPS]
    snps = rng.choice(len(SNPS), n, p=np.array(weight) / sum(weight))
    site = np.sort(rng.choice(span, n, replace=False)) + 1
    return table(
        [
            (str(1 + 3 * i // n), p, f"rs{1000 + i}", *SNPS[s])
            for i, (p, s) in enumerate(zip(site.tolist(), snps, strict=True))
        ]
    )


def panel(variants: VariantTable, build: str | None = "GRCh38") -> Panel:
    return Panel(variants, np.full(len(variants), 0.3), build)


def genotypes(rng: np.random.Generator, variants: int, samples: int = 4) -> np.ndarray:
    return rng.choice(np.array([MISSING, 0, 1, 2], np.int8), (variants, samples))


def unnamed(variants: VariantTable) -> VariantTable:
    return replace(variants, id=np.full(len(variants), ".", dtype=object))


def elsewhere(variants: VariantTable, shift: int = 10_007) -> VariantTable:
    return replace(variants, position=variants.position + shift)


def rewritten(variants: VariantTable, swap: np.ndarray, flip: np.ndarray) -> VariantTable:
    ref, alt = (
        np.where(swap, variants.alt, variants.ref),
        np.where(swap, variants.ref, variants.alt),
    )
    return replace(
        variants, ref=np.where(flip, complement(ref), ref), alt=np.where(flip, complement(alt), alt)
    )


def whole(alignment: Alignment, dosages: np.ndarray) -> np.ndarray:
    return alignment.dosages(Store(dosages), 0, len(alignment.rows))


def parts(alignment: Alignment) -> int:
    r = alignment.report
    return r.matched + r.ambiguous_dropped + r.allele_mismatch + r.absent


@given(st.integers(0, 2**32 - 1), st.sampled_from(["position", "id"]))
@settings(max_examples=40, deadline=None)
def test_however_a_file_writes_its_variants_the_dosages_are_the_models(seed, key):
    rng = np.random.default_rng(seed)
    variants = plain_variants(rng, 60)
    dosages = genotypes(rng, 60)
    swap, flip = rng.random((2, 60)) < 0.5
    order = rng.permutation(60)[:50]
    file = rewritten(variants, swap, flip)[order]
    file = unnamed(file) if key == "position" else elsewhere(file)
    alignment = panel(variants).align(file, None, None)
    expected = np.full_like(dosages, MISSING)
    expected[order] = dosages[order]
    assert alignment.key == key
    assert (whole(alignment, recode(dosages, swap)[order]) == expected).all()
    r = alignment.report
    assert r.same == (~swap & ~flip)[order].sum()
    assert r.swapped == (swap & ~flip)[order].sum()
    assert r.strand_flipped == (~swap & flip)[order].sum()
    assert r.strand_flipped_and_swapped == (swap & flip)[order].sum()
    assert (r.matched, r.absent, parts(alignment)) == (50, 10, 60)


crowded = st.lists(
    st.tuples(
        st.sampled_from("12"), st.integers(1, 3), st.just("."), *[st.sampled_from("ACGT")] * 2
    ).filter(lambda variant: variant[3] != variant[4]),
    max_size=14,
)


def by_hand(model: VariantTable, file: VariantTable) -> dict[int, tuple[int, int]]:
    """VariantRow and way of writing of each unambiguous model variant, by nested loops."""
    used: set[int] = set()
    out = {}
    for i in range(len(model)):
        a, b = model.ref[i], model.alt[i]
        ways = [(a, b), (b, a), (PAIR[a], PAIR[b]), (PAIR[b], PAIR[a])]
        site = (model.chromosome[i], model.position[i])
        found = [
            (ways.index((file.ref[j], file.alt[j])), j)
            for j in range(len(file))
            if (file.chromosome[j], file.position[j]) == site and (file.ref[j], file.alt[j]) in ways
        ]
        way, row = min(found, default=(-1, -1))
        if row in used:
            way, row = -1, -1
        used.add(row)
        if PAIR[a] != b:
            out[i] = (row, way)
    return out


@given(crowded, crowded)
@settings(deadline=None)
def test_crowded_positions_are_sorted_out_as_by_hand(model_rows, file_rows):
    model, file = table(model_rows), table(file_rows)
    alignment = panel(model).align(file, None, None)
    for i, (row, way) in by_hand(model, file).items():
        assert alignment.rows[i] == row
        assert alignment.swapped[i] == (way in (1, 3))
    kept = alignment.rows[alignment.rows >= 0]
    assert len(set(kept.tolist())) == len(kept)
    assert parts(alignment) == len(model)


def test_permuted_variants_give_the_same_dosages_and_receipt():
    rng = np.random.default_rng(1)
    variants, order = plain_variants(rng, 200), rng.permutation(200)
    dosages = genotypes(rng, 200)
    straight = panel(variants).align(variants, None, None)
    permuted = panel(variants).align(variants[order], None, None)
    assert (whole(straight, dosages) == dosages).all()
    assert (whole(permuted, dosages[order]) == dosages).all()
    assert straight.report == permuted.report


def test_a_slice_of_variants_reads_as_that_slice_of_all():
    rng = np.random.default_rng(2)
    variants, dosages = plain_variants(rng, 90), genotypes(rng, 60)
    alignment = panel(variants).align(variants[20:80], None, None)
    store = Store(dosages)
    blocks = [alignment.dosages(store, a, min(a + 16, 90)) for a in range(0, 90, 16)]
    assert (np.concatenate(blocks) == whole(alignment, dosages)).all()
    assert (alignment.dosages(store, 0, 20) == MISSING).all()


def test_absent_variants_are_unobserved_and_not_zero():
    rng = np.random.default_rng(3)
    variants = plain_variants(rng, 40)
    alignment = panel(variants).align(variants[:10], None, None)
    dosages = whole(alignment, np.zeros((10, 3), np.int8))
    assert (dosages[:10] == 0).all() and (dosages[10:] == MISSING).all()
    assert alignment.report.variant_fraction == 0.25


@pytest.mark.parametrize("prefix", ["chr", "Chr", "CHR"])
def test_a_chr_prefix_on_either_side_is_ignored(prefix):
    variants = unnamed(plain_variants(np.random.default_rng(4), 30))
    named = replace(
        variants, chromosome=np.array([prefix + c for c in variants.chromosome], object)
    )
    for model, file in ((variants, named), (named, variants)):
        assert panel(model).align(file, None, None).report.matched == 30


def test_the_same_position_on_another_chromosome_does_not_match():
    variants = unnamed(plain_variants(np.random.default_rng(5), 30))
    file = replace(variants, chromosome=np.full(30, "9", object))
    assert panel(variants).align(file, None, None).report.absent == 30


def test_positions_are_used_where_ids_are_missing():
    variants = plain_variants(np.random.default_rng(6), 150)
    alignment = panel(variants).align(unnamed(variants), None, "GRCh38")
    assert (alignment.key, alignment.report.matched) == ("position", 150)
    assert alignment.report.id_matches == 0 and alignment.report.positions_agree


def test_ids_are_used_where_positions_are_of_another_build_whatever_the_header_declares():
    variants = plain_variants(np.random.default_rng(7), 150)
    alignment = panel(variants).align(elsewhere(variants), None, "GRCh38")
    assert (alignment.key, alignment.report.matched) == ("id", 150)
    assert not alignment.report.positions_agree


def test_positions_are_used_where_they_agree_although_the_header_declares_another_build():
    variants = plain_variants(np.random.default_rng(8), 150)
    alignment = panel(variants).align(variants, None, "GRCh37")
    assert (alignment.key, alignment.report.matched) == ("position", 150)


def test_vendor_ids_count_only_while_unique():
    variants = plain_variants(np.random.default_rng(9), 60)
    vendor = np.array([f"SNP_A-{i}" for i in range(60)], dtype=object)
    variants = replace(variants, id=vendor)
    file = elsewhere(variants)
    file.id[:10] = "SNP_A-0"
    alignment = panel(variants).align(file, None, None)
    assert alignment.key == "id"
    assert (alignment.rows[:10] == -1).all() and (alignment.rows[10:] >= 0).all()


def dense(rng: np.random.Generator, variants: VariantTable) -> VariantTable:
    """Unrelated SNPs, of which a third stand by chance where the model has a variant."""
    n = len(variants)
    unrelated = plain_variants(rng, n)
    position = np.where(rng.random(n) < 1 / 3, variants.position, variants.position + 500_009)
    ids = np.array([f"rs{900_000 + i}" for i in range(n)], dtype=object)
    return VariantTable(variants.chromosome, position, ids, unrelated.ref, unrelated.alt)


def test_matches_by_chance_at_positions_of_another_build_are_rejected():
    rng = np.random.default_rng(10)
    variants = plain_variants(rng, 3000)
    alignment = panel(variants).align(unnamed(dense(rng, variants)), None, None)
    assert alignment.report.position_matches > 300
    assert (alignment.rows == -1).all() and alignment.report.absent == 3000
    with pytest.raises(InputsDisagree, match="another genome build"):
        check_overlap(alignment.report, "wgs.vcf.gz")


def test_differing_rsids_at_shared_positions_show_another_build():
    rng = np.random.default_rng(11)
    variants = plain_variants(rng, 600)
    file = replace(variants, id=np.array([f"rs{900_000 + i}" for i in range(600)], object))
    known = np.arange(600) < 200
    file = VariantTable.join([file, elsewhere(variants)[known]])
    alignment = panel(variants).align(file, None, None)
    assert alignment.report.position_matches == 600
    assert (alignment.key, alignment.report.matched) == ("id", 200)


def test_a_few_renamed_rsids_do_not_shake_the_positions():
    variants = plain_variants(np.random.default_rng(12), 400)
    file = replace(variants, id=variants.id.copy())
    file.id[:20] = [f"rs{900_000 + i}" for i in range(20)]
    alignment = panel(variants).align(file, None, None)
    assert (alignment.key, alignment.report.matched) == ("position", 400)


def test_ids_that_repeat_a_position_do_not_match_across_builds():
    rng = np.random.default_rng(13)

    def spelled(variants: VariantTable) -> VariantTable:
        columns = (variants.chromosome, variants.position, variants.ref, variants.alt)
        ids = [":".join(map(str, variant)) for variant in zip(*columns, strict=True)]
        return replace(variants, id=np.array(ids, object))

    variants = spelled(plain_variants(rng, 2000))
    alignment = panel(variants).align(spelled(dense(rng, variants)), None, None)
    assert alignment.report.matched == 0


def test_a_variant_given_twice_is_used_once_and_counted():
    variants = plain_variants(np.random.default_rng(14), 30)
    file = VariantTable.join([variants, variants[:4]])
    alignment = panel(variants).align(file, None, None)
    assert alignment.rows.tolist() == list(range(30))
    assert alignment.report.duplicate == 4


def test_of_the_records_of_a_split_multiallelic_variant_the_one_with_the_models_alleles_is_taken():
    model = table([("1", 500, ".", "A", "C")])
    file = table([("1", 500, ".", "A", "G"), ("1", 500, ".", "A", "T"), ("1", 500, ".", "A", "C")])
    alignment = panel(model).align(file, None, None)
    assert alignment.rows.tolist() == [2] and alignment.report.duplicate == 0


def test_other_alleles_at_the_right_position_are_a_mismatch_and_missing():
    model = table([("1", 500, "rs1", "A", "C")])
    alignment = panel(model).align(table([("1", 500, "rs1", "A", "G")]), None, None)
    assert alignment.rows.tolist() == [-1]
    assert (alignment.report.allele_mismatch, alignment.report.absent) == (1, 0)


def with_ambiguous(rng: np.random.Generator) -> VariantTable:
    extra = [("3", 200_000_000 + i, f"rs{i}", *"AT") for i in range(5)]
    return VariantTable.join([plain_variants(rng, 100), table(extra)])


def test_ambiguous_variants_are_kept_where_the_file_is_in_the_models_orientation():
    variants = with_ambiguous(np.random.default_rng(15))
    report = panel(variants).align(variants, None, None).report
    assert (report.matched, report.ambiguous_dropped) == (105, 0)
    assert report.ambiguous_resolved == 5


@pytest.mark.parametrize("share", [0.3, 1.0])
def test_ambiguous_variants_are_oriented_by_letters_where_only_alleles_are_swapped(share):
    rng = np.random.default_rng(19)
    variants = with_ambiguous(rng)
    swap = rng.random(105) < share
    alignment = panel(variants).align(rewritten(variants, swap, np.zeros(105, bool)), None, None)
    assert (alignment.report.matched, alignment.report.ambiguous_resolved) == (105, 5)
    dosages = rng.integers(0, 3, (105, 4)).astype(np.int8)
    file = np.where(swap[:, None], 2 - dosages, dosages)
    assert (whole(alignment, file) == dosages).all()


@pytest.mark.parametrize("share", [0.02, 0.3, 0.7])
@pytest.mark.parametrize("seed", range(3))
def test_ambiguous_variants_on_another_strand_than_the_others_are_dropped(share, seed):
    """As after a merge of arrays, where only the others were put on one strand: half of these."""
    rng = np.random.default_rng(seed)
    extra = [("3", 200_000_000 + i, f"rs{i}", *"AT") for i in range(200)]
    variants = VariantTable.join([plain_variants(rng, 2000), table(extra)])
    last = np.arange(2200) >= 2000
    swap = rng.random(2200) < share
    file = rewritten(variants, swap, last & (rng.random(2200) < 0.5))
    report = panel(variants).align(file, None, None).report
    assert (report.matched, report.ambiguous_dropped) == (2000, 200)


def test_the_strand_does_not_depend_on_which_samples_have_calls():
    """Where one sample has no call at the variants that are flipped, its others stay the same."""
    variants = with_ambiguous(np.random.default_rng(21))
    flip = np.arange(105) < 10
    file = rewritten(variants, np.zeros(105, bool), flip)
    both, alone = np.full((105, 4), 5), np.full((105, 4), 5)
    alone[flip] = [0, 0, 0, 20]
    found = [panel(variants).align(file, counts, None) for counts in (both, alone)]
    assert [each.report.ambiguous_dropped for each in found] == [5, 5]


@pytest.mark.parametrize(
    "how",
    [
        "swapped there",
        "the same there",
        "plain variants flipped",
        "some swapped, some flipped",
        "by id",
    ],
)
def test_ambiguous_variants_are_dropped_where_the_strand_is_unknown(how):
    variants = with_ambiguous(np.random.default_rng(16))
    last, no = np.arange(105) >= 100, np.zeros(105, bool)
    file = {
        "swapped there": rewritten(variants, last, no),
        "the same there": rewritten(variants, ~last, no),
        "some swapped, some flipped": rewritten(
            variants, np.arange(105) % 3 == 0, ~last & (np.arange(105) % 20 == 0)
        ),
        "plain variants flipped": rewritten(variants, no, ~last & (np.arange(105) % 2 == 0)),
        "by id": elsewhere(variants),
    }[how]
    alignment = panel(variants).align(file, None, None)
    assert (alignment.report.matched, alignment.report.ambiguous_dropped) == (100, 5)
    assert alignment.report.ambiguous_resolved == 0
    assert (alignment.rows[last] == -1).all()


def test_a_variant_called_in_no_sample_is_absent():
    variants = plain_variants(np.random.default_rng(17), 30)
    counts = np.tile(np.array([1, 2, 3, 0]), (30, 1))
    counts[7] = [0, 0, 0, 6]
    alignment = panel(variants).align(variants, counts, None)
    assert np.flatnonzero(alignment.rows == -1).tolist() == [7]
    assert alignment.report.absent == 1


def test_variants_without_a_position_do_not_match_each_other():
    model = table([("0", 0, ".", "A", "C"), ("0", 0, ".", "A", "C")])
    assert panel(model).align(model, None, None).report.absent == 2


def test_the_chromosome_table_adds_up():
    variants = plain_variants(np.random.default_rng(18), 90)
    report = panel(variants).align(variants[35:], None, None).report
    assert list(report.chromosomes) == ["1", "2", "3"]
    assert report.chromosomes["1"]["absent"] == report.chromosomes["1"]["model_variants"] == 30
    assert report.lines()[-1] == "no match on chromosome 1"


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=20, deadline=None)
def test_chromosomes_have_every_count_of_the_whole(seed):
    rng = np.random.default_rng(seed)
    variants = with_ambiguous(rng)
    swap, flip = rng.random((2, 105)) < rng.choice([0, 0.5], 2)[:, None]
    file = rewritten(variants, swap, flip)[rng.random(105) < 0.7]
    file.alt[:3] = file.ref[:3]
    report = panel(variants).align(file, None, None).report
    for column in (*FATES, "matched"):
        parts = [counts[column] for counts in report.chromosomes.values()]
        assert sum(parts) == getattr(report, column), column
    for counts in report.chromosomes.values():
        assert sum(counts[column] for column in FATES[:4]) == counts["matched"]
        assert sum(counts[c] for c in ("matched", *FATES[5:])) == counts["model_variants"]
    *header, last = report.by_chromosome()
    assert header[0].split()[:2] == ["variants", "matched"]
    assert [int(n) for n in last.split()[1:3]] == [
        report.chromosomes["3"]["model_variants"], report.chromosomes["3"]["matched"],
    ]  # fmt: skip


def test_the_receipt_survives_json():
    variants = plain_variants(np.random.default_rng(19), 30)
    report = panel(variants).align(variants[:15], None, "GRCh37").report
    read = json.loads(json.dumps(report.as_dict()))
    assert read["variant_fraction"] == 0.5
    assert read["chromosomes"]["1"]["matched"] == 10
    assert (read["model_build"], read["file_build"]) == ("GRCh38", "GRCh37")
    assert read["key"] == "position"


def test_too_few_variants_are_refused_in_one_sentence():
    variants = plain_variants(np.random.default_rng(20), 2000)
    report = panel(variants).align(variants[:99], None, None).report
    with pytest.raises(InputsDisagree) as caught:
        check_overlap(report, "cohort.vcf.gz")
    assert str(caught.value) == (
        "99 of 2,000 model variants are in cohort.vcf.gz (by position in GRCh38 99, by ID 99), and "
        "100 are needed. Give a file with more of them. --min-variants sets another limit; few "
        "variants leave most samples unassigned."
    )


def test_the_smallest_number_is_enough_and_so_is_all_of_a_small_model():
    variants = plain_variants(np.random.default_rng(21), 2000)
    check_overlap(panel(variants).align(variants[:100], None, None).report, "f")
    check_overlap(panel(variants[:20]).align(variants, None, None).report, "f")


def test_another_declared_build_without_ids_is_named_as_the_reason():
    variants = unnamed(plain_variants(np.random.default_rng(22), 300))
    report = panel(variants).align(elsewhere(variants), None, "GRCh37").report
    message = r"x\.vcf is of another genome build.*too few variants match by ID"
    with pytest.raises(InputsDisagree, match=message):
        check_overlap(report, "x.vcf")


def test_a_file_without_variants_matches_nothing():
    variants = plain_variants(np.random.default_rng(23), 30)
    alignment = panel(variants).align(variants[:0], None, None)
    assert whole(alignment, np.zeros((0, 2), np.int8)).tolist() == [[MISSING] * 2] * 30


def read_bim(path: Path) -> VariantTable:
    columns = np.loadtxt(path, dtype=object)
    position = columns[:, 3].astype(np.int64)
    return VariantTable(columns[:, 0], position, columns[:, 1], columns[:, 5], columns[:, 4])


@pytest.mark.realdata
@pytest.mark.skipif(not DATA.is_dir(), reason="shared data absent")
def test_real_arrays_of_another_build_are_matched_by_id_and_agree_in_genotype():
    bed_reader = pytest.importorskip("bed_reader")
    prefixes = [str(DATA / name / name) for name in ("kgp1092", "hapmap957")]
    model, file = (read_bim(Path(f"{p}.bim")) for p in prefixes)
    beds = [bed_reader.open_bed(f"{p}.bed", count_A1=True) for p in prefixes]
    truth, query = (np.where(np.isnan(g := b.read()), -1, g).astype(np.int8).T for b in beds)
    rng = np.random.default_rng(24)
    swap, flip = rng.random((2, len(file))) < 0.3
    order = rng.permutation(len(file))
    alignment = panel(model, "GRCh37").align(rewritten(file, swap, flip)[order], None, None)
    assert alignment.key == "id" and not alignment.report.positions_agree
    assert alignment.report.detected_build == "NCBI36"
    assert alignment.report.ambiguous_dropped == 1015
    assert alignment.report.matched == len(model) - 1015
    names = [list(b.iid) for b in beds]
    both = [name for name in names[0] if name in set(names[1])]
    ours = truth[:, [names[0].index(n) for n in both]]
    theirs = whole(alignment, recode(query, swap)[order])[:, [names[1].index(n) for n in both]]
    observed = (ours != MISSING) & (theirs != MISSING)
    assert len(both) == 564
    assert (ours == theirs)[observed].mean() > 0.99
