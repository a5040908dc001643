"""Chain: a position in another build is the one the file gives, or unknown."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from chain_files import Piece, expected, genome_pieces, write_chain
from hypothesis import given, settings
from hypothesis import strategies as st
from memory_store import variant_table

from ancestry_ddvi.errors import InputsDisagree, InputUnreadable
from ancestry_ddvi.genotypes.chromosomes import LENGTHS
from ancestry_ddvi.genotypes.harmonise.liftover import Chain
from ancestry_ddvi.genotypes.variants import VariantTable


def at(*places: tuple[str, int]) -> VariantTable:
    chromosome, position = zip(*places, strict=True)
    return variant_table(len(places), chromosome, position)


def chain(path: Path, *pieces: Piece) -> Chain:
    return Chain.read(str(write_chain(path, list(pieces))))


@pytest.fixture(scope="module")
def genome(tmp_path_factory) -> Chain:
    return chain(tmp_path_factory.mktemp("chain") / "x.over.chain.gz", *genome_pieces())


@given(
    st.lists(st.tuples(st.integers(1, 22), st.floats(0, 1)), min_size=1, max_size=30),
    st.sampled_from(["", "chr"]),
)
@settings(max_examples=30, deadline=None)
def test_every_variant_goes_where_its_piece_goes_or_nowhere(genome, draws, prefix):
    lengths = LENGTHS["GRCh37"]
    variants = at(*((f"{prefix}{c}", 1 + int(share * (lengths[c - 1] - 1))) for c, share in draws))
    assert genome.lift(variants).tolist() == expected(variants, genome_pieces()).tolist()


def test_the_edges_of_a_piece_are_within_it_and_their_neighbours_are_not(tmp_path):
    found = chain(tmp_path / "x.chain", Piece(3, 100, 200, 3, 700))
    variants = at(("3", 100), ("3", 101), ("3", 200), ("3", 201))
    assert found.lift(variants).tolist() == [0, 701, 800, 0]


def test_gaps_within_a_chain_are_unknown_and_shift_what_follows(tmp_path):
    path = tmp_path / "x.chain"
    header = f"chain 9 chr1 {LENGTHS['GRCh37'][0]} + 10 40 chr1 {LENGTHS['GRCh38'][0]} + 110 145 1"
    path.write_text(f"##comment\n{header}\n10\t10\t15\n10\n\n")
    variants = at(*(("1", p) for p in (10, 11, 20, 21, 30, 31, 40, 41)))
    assert Chain.read(str(path)).lift(variants).tolist() == [0, 111, 120, 0, 0, 136, 145, 0]


@pytest.mark.parametrize(
    "pieces",
    [
        [Piece(1, 0, 1000, 2, 0)],
        [Piece(1, 0, 1000, 1, 5000, "-")],
        [Piece(1, 0, 1000, 1, 5000), Piece(1, 400, 600, 1, 9000)],
        [Piece(1, 0, 1000, 1, 5000), Piece(1, 2000, 3000, 1, 5000)],
        [Piece(7, 0, 1000, 7, 0)],
    ],
    ids=["another chromosome", "other strand", "two places", "a crowded place", "no chain"],
)
def test_a_variant_with_any_doubt_about_its_place_is_unknown(tmp_path, pieces):
    variants = at(("1", 500), ("1", 2500))
    assert chain(tmp_path / "x.chain", *pieces).lift(variants)[0] == 0


def test_two_variants_of_a_model_at_one_place_go_on_together(genome):
    lifted = genome.lift(at(("1", 1000), ("1", 1000)))
    assert lifted[0] == lifted[1] > 0


def test_the_builds_are_told_by_the_lengths_and_not_by_the_name(tmp_path):
    path = write_chain(tmp_path / "hg19ToHg38.over.chain", genome_pieces(), "GRCh37", "NCBI36")
    found = Chain.read(str(path))
    assert (found.source, found.target) == ("GRCh37", "NCBI36")


@pytest.mark.parametrize("target", ["GRCh37", None], ids=["to itself", "another species"])
def test_a_chain_between_other_builds_is_refused(tmp_path, target):
    path = write_chain(tmp_path / "x.chain", genome_pieces(), target=target or "GRCh38")
    if target is None:
        size = LENGTHS["GRCh38"][4]
        path.write_text(path.read_text().replace(f"chr5 {size}", f"chr5 {size + 9}"))
    with pytest.raises(InputUnreadable, match=r"x\.chain does not lead from one human genome"):
        Chain.read(str(path))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"sample\tlabel\na\tb\n", "does not lead"),
        (b"", "does not lead"),
        (b"chain 1 chr1\n5\n", "not a whole chain file"),
        (b"chain 1 chr1 9 + 0 5 chr1 9 + 0 5 1\n", "not a whole chain file"),
        (b"chain 1 chr1 9 + 0 5 chr1 9 + 0 5 1\n4\n", "not a whole chain file"),
        (gzip.compress(b"chain " * 99, mtime=0)[:-12], "cut short"),
    ],
)
def test_what_is_no_chain_is_said_to_be_none(tmp_path, content, said):
    path = tmp_path / "y.chain"
    path.write_bytes(content)
    with pytest.raises(InputUnreadable, match=said) as caught:
        Chain.read(str(path))
    assert str(path) in caught.value.problem and "\n" not in str(caught.value)


def test_an_absent_chain_is_named(tmp_path):
    with pytest.raises(InputUnreadable, match="cannot be opened"):
        Chain.read(str(tmp_path / "absent.chain"))


def test_a_cohort_that_cannot_be_of_the_chains_build_is_refused(genome):
    genome.check(at(("1", 1000), ("2", 2000)), "x.vcf")
    beyond = at(*((str(c), n) for c, n in enumerate(LENGTHS["GRCh38"], start=1)))
    with pytest.raises(InputsDisagree, match=r"starts from GRCh37.*x\.vcf are of GRCh38"):
        genome.check(beyond, "x.vcf")
