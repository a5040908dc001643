"""Calls of one allele: pseudo-haploid samples, and haploid calls of diploid ones."""

from __future__ import annotations

import logging

import numpy as np
import pytest
from genotype_files import CALLS, META, Write, all_dosages, record

from ancestry_ddvi.errors import InputUnreadable
from ancestry_ddvi.genotypes.formats.registry import open_source

KINDS = ["x.vcf", "x.vcf.gz", "x.bcf"]
CONTIG_X = "##contig=<ID=X,length=155270560>"
ONE_ALLELE = {0: "0", 2: "1", -1: "."}

in_every_kind = pytest.mark.parametrize("name", KINDS)


@pytest.fixture
def single(random_dosages: np.ndarray) -> np.ndarray:
    """Dosages without heterozygotes; int8 (variants, 3)."""
    return np.where(random_dosages == 1, 2, random_dosages)[:, :3]


def once(dosages: np.ndarray, chromosome: str = "1", start: int = 100) -> list[str]:
    """Records with every allele written once."""
    return [
        record([ONE_ALLELE[d] for d in row], start + i, chromosome=chromosome)
        for i, row in enumerate(dosages.tolist())
    ]


def twice(dosages: np.ndarray, start: int = 100) -> list[str]:
    return [record([CALLS[d] for d in row], start + i) for i, row in enumerate(dosages.tolist())]


@in_every_kind
def test_pseudo_haploid_calls_written_once_are_those_written_twice(
    vcf: Write, name: str, single: np.ndarray, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        found = all_dosages(open_source(vcf(once(single), name=name)), 7)
    np.testing.assert_array_equal(found, single)
    np.testing.assert_array_equal(found, all_dosages(open_source(vcf(twice(single)))))
    assert f"all calls of 3 samples are of one allele; their {(single >= 0).sum()} calls" in (
        caplog.text
    )


@in_every_kind
def test_pseudo_haploid_samples_are_told_from_diploid_ones_of_the_same_file(
    vcf: Write, name: str
) -> None:
    calls = [["0", "0/1", "1"], ["1", "0/0", "."]] * 10
    lines = [record(row, 100 + i) for i, row in enumerate(calls)]
    found = all_dosages(open_source(vcf(lines, name=name)), 3)
    assert found[:2].tolist() == [[0, 1, -1], [2, 0, -1]]
    assert (found[:, 2] == -1).all()  # ten calls are too few


@in_every_kind
def test_haploid_calls_of_a_diploid_sample_are_missing_wherever_they_stand(
    vcf: Write, name: str
) -> None:
    calls = [["0", "1", "0"]] * 30 + [["0/1", "1/1", "0/0"]] + [["1", "0", "1"]] * 30
    lines = [record(row, 100 + i) for i, row in enumerate(calls)]
    found = all_dosages(open_source(vcf(lines, name=name)), 4)
    assert found[30].tolist() == [1, 2, 0]
    assert (np.delete(found, 30, axis=0) == -1).all()


@in_every_kind
def test_haploid_calls_on_x_are_missing_and_say_nothing_of_the_sample(
    vcf: Write, name: str, single: np.ndarray
) -> None:
    meta = [*META, CONTIG_X]
    on_x = once(single, "X")
    found = all_dosages(open_source(vcf([*on_x, *once(single)], meta=meta, name=name)))
    assert (found[: len(single)] == -1).all()
    np.testing.assert_array_equal(found[len(single) :], single)
    found = all_dosages(open_source(vcf([*on_x, *twice(single)], meta=meta, name=name)))
    assert (found[: len(single)] == -1).all()
    np.testing.assert_array_equal(found[len(single) :], single)


def test_a_sample_that_changes_after_it_was_decided_on_is_an_error(
    vcf: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ancestry_ddvi.genotypes.formats.ploidy._VARIANTS_HELD", 40)
    calls = [["0", "1", "0/1"]] * 50 + [["0", "0/1", "1/1"]]
    lines = [record(row, 100 + i) for i, row in enumerate(calls)]
    with pytest.raises(InputUnreadable, match=r"sample 2 \('b'\) has calls of one allele") as error:
        all_dosages(open_source(vcf(lines)), 1)
    assert "1:150" in error.value.problem


def test_blocks_are_held_back_until_samples_are_decided_on(
    vcf: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ancestry_ddvi.genotypes.formats.ploidy._VARIANTS_HELD", 40)
    calls = [["0", "1", "0/1"]] * 100
    lines = [record(row, 100 + i) for i, row in enumerate(calls)]
    found = all_dosages(open_source(vcf(lines)), 1)
    assert found.tolist() == [[0, 2, 1]] * 100


def test_nothing_is_held_back_of_diploid_samples(vcf: Write) -> None:
    calls = [["0/1", "1", "1/1"], ["0/0", "0/1", "."]] + [["0", "1", "0/1"]] * 9
    path = vcf([record(row, 100 + i) for i, row in enumerate(calls)])
    blocks = open_source(path).blocks(2)
    assert next(blocks).dosages.tolist() == [[1, -1, 2], [0, 1, -1]]
