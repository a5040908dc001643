"""The build is inferred from the variants, and regions of long-range LD are known in each."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from memory_store import DATA, real, variant_table

from ancestry_ddvi.genotypes.chromosomes import LENGTHS, autosome
from ancestry_ddvi.genotypes.harmonise.builds import infer_build
from ancestry_ddvi.genotypes.packaged import rows_of
from ancestry_ddvi.genotypes.qc.long_range_ld import in_regions, long_range_ld
from ancestry_ddvi.genotypes.variants import VariantTable

BOTH = ["GRCh37", "GRCh38"]
ANCHORS = rows_of("anchors.tsv")
COLUMN = {"GRCh37": 2, "GRCh38": 3}


def at(*places: tuple[str, int]) -> VariantTable:
    return variant_table(len(places), [c for c, _ in places], [p for _, p in places])


def anchors(build: str, named: bool = True, rows: slice = slice(None)) -> VariantTable:
    chosen = ANCHORS[rows]
    names = [row[0] if named else f"{row[1]}:{row[2]}" for row in chosen]
    positions = [int(row[COLUMN[build]]) for row in chosen]
    return variant_table(len(chosen), [row[1] for row in chosen], positions, names)


def ends(build: str) -> VariantTable:
    """The last base of every autosome."""
    return at(*((str(n), end) for n, end in enumerate(LENGTHS[build], 1)))


@pytest.mark.parametrize(
    ("name", "number"),
    [("1", 1), ("22", 22), ("chr7", 7), ("01", 1), ("23", 0), ("X", 0), ("chrX", 0), ("0", 0),
     ("", 0), ("Chr1", 1), ("1A", 0), ("NC_000001.11", 1), ("chr1_random", 0), ("\u0661", 0)],
)  # fmt: skip
def test_autosomes_are_1_to_22_under_any_name(name: str, number: int) -> None:
    assert autosome([name]).tolist() == [number]


@pytest.mark.parametrize("build", list(LENGTHS))
def test_variants_at_the_ends_of_chromosomes_show_the_build(build: str) -> None:
    assert infer_build(ends(build)) == build


@pytest.mark.parametrize("build", BOTH)
@pytest.mark.parametrize("named", [True, False])
def test_anchor_snps_show_the_build(build: str, named: bool) -> None:
    middle = [row for row in range(len(ANCHORS)) if ANCHORS[row][1] in {"3", "12", "15", "22"}]
    variants = anchors(build, named)[np.array(middle)]
    assert infer_build(variants) == build


def test_two_anchors_are_too_few() -> None:
    assert infer_build(anchors("GRCh37", rows=slice(60, 62))) is None
    assert infer_build(anchors("GRCh37", rows=slice(60, 63))) == "GRCh37"


def test_an_anchor_under_another_rs_id_does_not_count() -> None:
    variants = anchors("GRCh37", rows=slice(60, 63))
    variants.id[0] = "rs1"
    assert infer_build(variants) is None


def test_nothing_that_decides_gives_none() -> None:
    assert infer_build(at(("1", 1_000_000), ("2", 5_000_000))) is None
    assert infer_build(at()) is None
    assert infer_build(at(("2L", 10**9), ("scaffold_7", 5))) is None


def test_a_header_decides_where_variants_do_not() -> None:
    assert infer_build(at(("1", 1_000_000)), hint="NCBI36") == "NCBI36"


@pytest.mark.parametrize("hint", ["NCBI36", "GRCh38"])
def test_a_header_that_contradicts_the_variants_gives_none(hint: str) -> None:
    assert infer_build(ends("GRCh37"), hint=hint) is None
    assert infer_build(anchors("GRCh37"), hint=hint) is None


def test_anchors_of_two_builds_in_one_file_give_none() -> None:
    mixed = VariantTable.join([anchors("GRCh37", rows=slice(0, 50)), anchors("GRCh38")[50:100]])
    assert infer_build(mixed) is None


def test_variants_past_the_ends_of_every_build_give_none() -> None:
    variants = VariantTable.join([anchors("GRCh37"), at(("22", 60_000_000))])
    assert infer_build(variants) is None


def test_random_positions_of_another_species_give_none() -> None:
    rng = np.random.default_rng(0)
    position = rng.integers(1, 40_000_000, 200_000)
    variants = variant_table(
        len(position), rng.integers(1, 10, len(position)).astype(str), position
    )
    assert infer_build(variants) is None


def test_builds_read_alike_with_and_without_chr() -> None:
    variants = ends("GRCh38")
    variants.chromosome[:] = "chr" + variants.chromosome
    assert infer_build(variants) == "GRCh38"


@pytest.mark.parametrize("build", BOTH)
def test_anchors_lie_on_their_chromosomes_and_none_is_given_twice(build: str) -> None:
    places = [(row[1], int(row[COLUMN[build]])) for row in ANCHORS]
    assert len(set(places)) == len({row[0] for row in ANCHORS}) == len(ANCHORS)
    assert all(0 < p <= LENGTHS[build][int(c) - 1] for c, p in places)
    assert {int(c) for c, _ in places} == set(range(1, 23))


def test_anchors_keep_their_order_between_builds() -> None:
    """A typing error in one position would break the order or move it by megabases."""
    for before, after in pairwise(ANCHORS):
        if before[1] == after[1]:
            assert int(before[2]) < int(after[2])
            assert int(before[3]) < int(after[3])
    assert all(row[2] != row[3] for row in ANCHORS)
    assert max(abs(int(row[2]) - int(row[3])) for row in ANCHORS) < 3_000_000


@pytest.mark.parametrize(
    ("name", "site"),
    [
        ("LCT rs4988235", {"GRCh37": ("2", 136608646), "GRCh38": ("2", 135851076)}),
        ("HLA-A", {"GRCh37": ("6", 29910247), "GRCh38": ("6", 29942470)}),
        ("HLA-DPB1", {"GRCh37": ("6", 33043703), "GRCh38": ("6", 33075926)}),
        ("8p23 GATA4", {"GRCh37": ("8", 11534468), "GRCh38": ("8", 11676959)}),
        ("8p23 PPP1R3B", {"GRCh37": ("8", 8993764), "GRCh38": ("8", 9136255)}),
        ("17q21.31 MAPT", {"GRCh37": ("17", 43971748), "GRCh38": ("17", 45894382)}),
        ("17q21.31 CRHR1", {"GRCh37": ("17", 43861646), "GRCh38": ("17", 45784280)}),
    ],
)
@pytest.mark.parametrize("build", BOTH)
def test_known_loci_of_long_range_ld_are_covered(
    name: str, site: dict[str, tuple[str, int]], build: str
) -> None:
    assert in_regions(at(site[build]), long_range_ld(build)).all(), name


@pytest.mark.parametrize("build", BOTH)
def test_regions_lie_inside_their_chromosomes_and_do_not_overlap(build: str) -> None:
    regions = long_range_ld(build)
    assert len(regions) == 25
    assert all(0 <= s < e <= LENGTHS[build][int(c) - 1] for c, s, e in regions)
    for (c, _, e), (d, s, _) in pairwise(sorted(regions, key=lambda r: (int(r[0]), r[1]))):
        assert c != d or e <= s


def test_lifted_regions_are_about_as_long_as_the_originals() -> None:
    """Only gaps and centromeres change length; the three next to one may by 1.5 Mb."""
    for old, new in zip(long_range_ld("GRCh37"), long_range_ld("GRCh38"), strict=True):
        assert old[0] == new[0]
        assert abs((new[2] - new[1]) - (old[2] - old[1])) < 1_500_000


def test_lifted_edges_follow_from_the_offsets_on_record() -> None:
    for old, row in zip(
        long_range_ld("GRCh37"), rows_of("long_range_ld.GRCh38.bed"), strict=True
    ):  # fmt: skip
        start, end = old[1] + 1 + int(row[3]), old[2] + int(row[4])
        assert 0 <= start - int(row[1]) < 10_000
        assert 0 <= int(row[2]) - end < 10_000


@pytest.mark.parametrize("build", ["NCBI36", None])
def test_no_regions_are_known_for_other_builds(build: str | None) -> None:
    assert long_range_ld(build) == []


def test_a_region_takes_its_last_base_and_not_the_one_before_it() -> None:
    variants = at(("1", 10), ("1", 11), ("chr1", 20), ("1", 21), ("2", 15), ("X", 15))
    assert in_regions(variants, [("1", 10, 20)]).tolist() == [
        False,
        True,
        True,
        False,
        False,
        False,
    ]


@pytest.mark.realdata
@pytest.mark.parametrize(("name", "build"), [("kgp1092", "GRCh37"), ("hapmap957", "NCBI36")])
def test_the_build_of_real_arrays_is_found(name: str, build: str) -> None:
    assert infer_build(real(name).variants) == build


@pytest.mark.realdata
def test_the_24_public_regions_are_all_there() -> None:
    path = DATA / "regions" / "high_ld_regions.GRCh37.price24.bed"
    if not path.exists():
        pytest.skip("no public list")
    rows = [line.split() for line in path.read_text().splitlines() if line[0] != "#"]
    public = {(c, int(s), int(e)) for c, s, e in rows}
    assert set(long_range_ld("GRCh37")) - public == {("17", 42_999_999, 45_500_000)}
    assert public <= set(long_range_ld("GRCh37"))


@pytest.mark.realdata
def test_the_lift_agrees_with_the_public_lift_of_the_same_numbers() -> None:
    """The public list read the numbers as NCBI36, less than 0.9 Mb away where it is whole."""
    path = DATA / "regions" / "plinkQC_high-LD-regions-hg38-GRCh38.bed"
    if not path.exists():
        pytest.skip("no public list")
    ours = {(c, round(s / 5e5)): (s, e) for c, s, e in long_range_ld("GRCh37")}
    lifted = dict(zip(ours.values(), long_range_ld("GRCh38"), strict=True))
    compared = 0
    for line in path.read_text().splitlines():
        c, start, end, name, _ = line.split()
        old = tuple(int(x) for x in name.split(":")[1].split("-"))
        match = ours.get((c.removeprefix("chr"), round(old[0] / 5e5)))
        if (
            match
            and match[1] == old[1]
            and name.startswith(c + ":")
            and int(end) - int(start) > 1e6
        ):
            new = lifted[match]
            assert abs(new[1] - int(start)) < 900_000
            assert abs(new[2] - int(end)) < 1_800_000
            compared += 1
    assert compared >= 14
