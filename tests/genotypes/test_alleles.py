"""Alleles: what swaps, strands and ambiguity may and may not change."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ancestry_ddvi.genotypes.harmonise.alleles import (
    Match,
    complement,
    is_ambiguous,
    orient,
    recode,
)
from ancestry_ddvi.genotypes.variants import MISSING

PAIR = {"A": "T", "C": "G", "G": "C", "T": "A"}
SNPS = [(a, b) for a in PAIR for b in PAIR if a != b]
PLAIN = [(a, b) for a, b in SNPS if PAIR[a] != b]

WAYS = {
    Match.SAME: lambda ref, alt: (ref, alt),
    Match.SWAPPED: lambda ref, alt: (alt, ref),
    Match.FLIPPED: lambda ref, alt: (PAIR[ref], PAIR[alt]),
    Match.FLIPPED_SWAPPED: lambda ref, alt: (PAIR[alt], PAIR[ref]),
}

genotypes = arrays(
    np.int8,
    st.tuples(st.integers(0, 6), st.integers(0, 5)),
    elements=st.sampled_from([MISSING, 0, 1, 2]),
)


def column(values: list[str]) -> np.ndarray:
    return np.array(values, dtype=object)


def codes(model: list[tuple[str, str]], file: list[tuple[str, str]]) -> list[int]:
    model_ref, model_alt = map(list, zip(*model, strict=True))
    file_ref, file_alt = map(list, zip(*file, strict=True))
    return orient(*map(column, (model_ref, model_alt, file_ref, file_alt))).tolist()


@settings(deadline=None)  # the first call loads pandas
@given(st.lists(st.sampled_from(["A", "C", "G", "T", "N", "AT", "*", "."])))
def test_complement_is_an_involution(alleles):
    assert complement(complement(column(alleles))).tolist() == alleles


def test_complement_pairs_the_bases_and_leaves_the_rest():
    assert complement(column(["A", "C", "G", "T", "N", "AC", ""])).tolist() == [
        "T", "G", "C", "A", "N", "AC", "",
    ]  # fmt: skip


def test_ambiguous_means_each_others_complement():
    ref, alt = map(column, zip(*SNPS, strict=True))
    found = {snp for snp, yes in zip(SNPS, is_ambiguous(ref, alt), strict=True) if yes}
    assert found == {("A", "T"), ("T", "A"), ("C", "G"), ("G", "C")}


def test_what_is_no_base_is_not_ambiguous():
    assert not is_ambiguous(column(["*", "AT", "N"]), column(["*", "TA", "N"])).any()


@pytest.mark.parametrize("way", WAYS)
def test_each_way_of_writing_a_plain_snp_is_recognised(way):
    assert codes(PLAIN, [WAYS[way](*snp) for snp in PLAIN]) == [way] * len(PLAIN)


def test_an_ambiguous_snp_tells_the_order_of_its_letters_only():
    assert codes([("A", "T"), ("A", "T")], [("A", "T"), ("T", "A")]) == [Match.SAME, Match.SWAPPED]


def test_every_pair_of_snps_agrees_with_trying_the_four_ways_by_hand():
    for model in SNPS:
        ways = [next((w for w in WAYS if WAYS[w](*model) == file), 4) for file in SNPS]
        assert codes([model] * len(SNPS), SNPS) == ways


@pytest.mark.parametrize("file", [("A", "A"), ("A", "."), ("0", "C"), ("A", "AC"), ("N", "C")])
def test_anything_but_two_different_bases_is_a_mismatch(file):
    assert codes([("A", "C")], [file]) == [Match.MISMATCH]
    assert codes([file], [file]) == [Match.MISMATCH]


@given(genotypes, st.data())
def test_recoding_is_an_involution(dosages, data):
    swapped = data.draw(arrays(bool, len(dosages)))
    assert (recode(recode(dosages, swapped), swapped) == dosages).all()


@given(genotypes)
def test_recoding_counts_the_other_allele_and_keeps_the_missing(dosages):
    recoded = recode(dosages, np.ones(len(dosages), dtype=bool))
    observed = dosages != MISSING
    assert recoded.dtype == np.int8
    assert ((recoded == MISSING) == ~observed).all()
    assert (recoded[observed] + dosages[observed] == 2).all()


def test_recoding_leaves_the_other_variants_and_its_input_alone():
    dosages = np.array([[0, 1, 2, -1], [0, 1, 2, -1]], dtype=np.int8)
    assert recode(dosages, np.array([False, True])).tolist() == [[0, 1, 2, -1], [2, 1, 0, -1]]
    assert dosages.tolist() == [[0, 1, 2, -1], [0, 1, 2, -1]]
