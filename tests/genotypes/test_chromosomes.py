"""One name for each chromosome, however a file writes it."""

from __future__ import annotations

import pytest

from ancestry_ddvi.genotypes.chromosomes import autosome, bare_chromosome

SAME = [
    ("1", ["01", "chr1", "Chr1", "CHR1", "chr01", "NC_000001.9", "NC_000001.10", "NC_000001.11",
           "CM000663.1", "CM000663.2"]),
    ("7", ["chr7", "NC_000007.14", "CM000669.2"]),
    ("22", ["chr22", "NC_000022.11", "CM000684.2"]),
    ("X", ["x", "chrX", "NC_000023.11", "CM000685.2"]),
    ("Y", ["chrY", "NC_000024.10", "CM000686.2"]),
    ("MT", ["M", "chrM", "chrMT", "mt", "NC_012920.1", "J01415.2"]),
    ("Un_KI270302v1", ["chrUn_KI270302v1"]),
]  # fmt: skip


@pytest.mark.parametrize(("bare", "names"), SAME)
def test_a_chromosome_has_one_name(bare: str, names: list[str]) -> None:
    assert {bare_chromosome(name) for name in [bare, *names]} == {bare}
    number = int(bare) if bare.isdigit() else 0
    assert autosome(names).tolist() == [number] * len(names)


@pytest.mark.parametrize(
    "name", ["23", "26", "XY", "0", "", "001", "100", "NC_000025.1", "NC_000001", "NC_000001.10x",
             "CM000687.1", "GL000192.1", "1_random", "\u0661", "scaffold_7"],
)  # fmt: skip
def test_other_names_stay_and_are_no_autosomes(name: str) -> None:
    """23 to 26 are X, Y, XY and MT in human data of plink, and autosomes of other species."""
    assert bare_chromosome(name) == name
    assert autosome([name]).tolist() == [0]
