"""PositionTable: positions in other builds are those of the table, or unknown."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from chain_files import expected, genome_pieces, write_chain
from memory_store import variant_table

from ancestry_ddvi.errors import InputsDisagree, InputUnreadable
from ancestry_ddvi.genotypes.chromosomes import LENGTHS
from ancestry_ddvi.genotypes.harmonise.liftover import Chain, Lift, read_lift
from ancestry_ddvi.genotypes.variants import VariantTable

HEADER = "id\tchromosome\tGRCh37\tGRCh38\tNCBI36"


def at(*places: tuple[str, int]) -> VariantTable:
    chromosome, position = zip(*places, strict=True)
    return variant_table(len(places), chromosome, position)


def table(path: Path, *rows: str, header: str = HEADER) -> Lift:
    path.write_text("\n".join([header, *rows]) + "\n")
    return read_lift(str(path))


def test_a_table_gives_positions_in_every_build_it_has(tmp_path):
    found = table(tmp_path / "x.tsv", "a\t1\t100\t700\t90", "b\tchr2\t50\t0\tNA", "c\tX\t5\t5\t5")
    positions = found.positions(at(("chr1", 100), ("2", 50), ("3", 100), ("X", 5), ("1", 101)))
    assert found.source == "GRCh37"
    assert {build: known.tolist() for build, known in positions.items()} == {
        "GRCh38": [700, 0, 0, 0, 0],
        "NCBI36": [90, 0, 0, 0, 0],
    }


def test_a_table_of_what_a_chain_lifts_gives_what_the_chain_gives(tmp_path):
    rng = np.random.default_rng(0)
    chromosome = rng.integers(1, 23, 400)
    ends = np.array(LENGTHS["GRCh37"])[chromosome - 1]
    variants = at(*((str(c), int(e * s) + 1) for c, e, s in zip(
        chromosome, ends, rng.random(400) * 0.99, strict=True)))  # fmt: skip
    lifted = expected(variants, genome_pieces())
    rows = [f"{c}\t{p}\t{q}" for c, p, q in zip(
        variants.chromosome, variants.position, lifted, strict=True)]  # fmt: skip
    read = table(tmp_path / "x.tsv", *rows, header="chromosome\tGRCh37\tGRCh38")
    chain = Chain.read(str(write_chain(tmp_path / "x.chain", genome_pieces())))
    due, found = chain.positions(variants), read.positions(variants)
    assert due.keys() == found.keys() == {"GRCh38"}
    assert found["GRCh38"].tolist() == due["GRCh38"].tolist() and (found["GRCh38"] > 0).any()


@pytest.mark.parametrize(
    "rows",
    [
        ["a\t1\t100\t700\t90", "b\t1\t100\t800\t90"],
        ["a\t1\t100\t700\t90", "b\t1\t200\t700\t90"],
    ],
    ids=["two positions", "a shared position"],
)
def test_a_position_that_is_not_one_place_is_unknown(tmp_path, rows):
    assert table(tmp_path / "x.tsv", *rows).positions(at(("1", 100)))["GRCh38"].tolist() == [0]


def test_the_same_row_twice_is_one_position(tmp_path):
    found = table(tmp_path / "x.tsv", *["a\t1\t100\t700\t90"] * 2)
    assert found.positions(at(("1", 100)))["GRCh38"].tolist() == [700]


def test_variants_on_the_other_strand_have_no_position_in_other_builds(tmp_path):
    header = "chromosome\tGRCh37\tGRCh38\tstrand"
    found = table(tmp_path / "x.tsv", "1\t100\t700\t-", "1\t200\t800\t+", header=header)
    assert found.positions(at(("1", 100), ("1", 200)))["GRCh38"].tolist() == [0, 800]


def test_a_table_may_be_compressed(tmp_path):
    path = tmp_path / "x.tsv.gz"
    path.write_bytes(gzip.compress(f"{HEADER}\r\na\t1\t100\t700\t90\r\n".encode(), mtime=0))
    assert read_lift(str(path)).positions(at(("1", 100)))["NCBI36"].tolist() == [90]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"chromosome\tGRCh37\n1\t5\n", "columns of two genome builds"),
        (b"chromosome\tGRCh37\tGRCh37\n1\t5\t5\n", "columns of two genome builds"),
        (b"chromosome\tGRCh37\tGRCh38\n1\t5\n", "line 2: not 3 columns"),
        (b"chromosome\tGRCh37\tGRCh38\n1\t5\tsix\n", "line 2: 'six' is not a position on chrom"),
        (b"chromosome\tGRCh37\tGRCh38\n1\t5\t6\n22\t5\t51000000\n", "line 3: '51000000' is not"),
        (b"chromosome\tGRCh37\tGRCh38\n1\t-5\t6\n", "line 2: '-5' is not a position"),
        (b"chromosome\tGRCh37\tGRCh38\n1\t5\t\xff\n", "not UTF-8"),
        (b"position\tGRCh37\tGRCh38\n1\t5\t6\n", "not a whole chain file|does not lead"),
        (b"chromosome\tGRCh37\tGRCh38\n1\t5\t" + b"9" * 5000 + b"\n", "line 2"),
    ],
)
def test_a_file_that_is_no_table_of_positions_is_refused(tmp_path, content, message):
    path = tmp_path / "y.tsv"
    path.write_bytes(content)
    with pytest.raises(InputUnreadable, match=message) as caught:
        read_lift(str(path))
    assert str(path) in caught.value.problem and "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


def test_a_cohort_of_another_build_or_without_a_variant_of_the_table_is_refused(tmp_path):
    found = table(tmp_path / "x.tsv", "a\t1\t100\t700\t90")
    found.check(at(("1", 100)), "x.vcf")
    beyond = at(*((str(c), n) for c, n in enumerate(LENGTHS["GRCh38"], start=1)))
    with pytest.raises(InputsDisagree, match=r"starts from GRCh37.*x\.vcf are of GRCh38"):
        found.check(beyond, "x.vcf")
    with pytest.raises(InputsDisagree, match=r"x\.tsv has none of the variants in x\.vcf"):
        found.check(at(("1", 101)), "x.vcf")


def test_a_table_without_rows_is_refused_with_the_cohort(tmp_path):
    with pytest.raises(InputsDisagree, match="has none of the variants"):
        table(tmp_path / "x.tsv").check(at(("1", 100)), "x.vcf")
