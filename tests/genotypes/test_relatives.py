"""Relatives in a file to embed: all pairs, and none by chance."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from memory_store import MemoryStore, hardy_weinberg

from ancestry_ddvi.artefacts.relatives import write_relatives
from ancestry_ddvi.genotypes.qc.kinship import PAIR
from ancestry_ddvi.genotypes.qc.relatives import relations, relatives_among, tallied, twins

VARIANTS, SAMPLES = 2000, 12


def child(rng: np.random.Generator, *parents: np.ndarray) -> np.ndarray:
    return sum((rng.random(len(p)) < p / 2).astype(np.int8) for p in parents)


@pytest.fixture(scope="module")
def family() -> MemoryStore:
    """Unrelated samples except 9 = child of 0 and 1, 10 = copy of 2, 11 = child of 9 and 3."""
    rng = np.random.default_rng(4)
    dosages = hardy_weinberg(rng, VARIANTS, SAMPLES)
    dosages[:, 9] = child(rng, dosages[:, 0], dosages[:, 1])
    dosages[:, 10] = dosages[:, 2]
    dosages[:, 11] = child(rng, dosages[:, 9], dosages[:, 3])
    return MemoryStore(dosages)


TRUTH = {
    (0, 9): "first degree",
    (1, 9): "first degree",
    (2, 10): "duplicate",
    (9, 11): "first degree",
    (3, 11): "first degree",
    (0, 11): "second degree",
    (1, 11): "second degree",
}


def found(store, rows) -> dict[tuple[int, int], str]:
    pairs = relatives_among(store, rows)
    return dict(zip(zip(pairs["i"].tolist(), pairs["j"].tolist(), strict=True), relations(pairs),
                    strict=True))  # fmt: skip


def test_the_family_is_found_and_no_sample_else(family):
    assert found(family, np.arange(VARIANTS)) == TRUTH


def test_kinship_depends_neither_on_the_allele_counted_nor_on_other_variants(family):
    swapped = np.random.default_rng(5).random(VARIANTS) < 0.5
    other = MemoryStore(np.where(swapped[:, None], 2 - family.all, family.all))
    rows = np.flatnonzero(np.arange(VARIANTS) % 4)
    ours, theirs = relatives_among(family, rows), relatives_among(other, rows)
    assert ours.tobytes() == theirs.tobytes() and (ours["variants"] == 1500).all()


def test_both_of_a_pair_of_duplicates_are_marked(family):
    pairs = relatives_among(family, np.arange(VARIANTS))
    assert np.flatnonzero(twins(pairs, SAMPLES)).tolist() == [2, 10]
    assert tallied(pairs) == {"duplicate": 1, "first_degree": 4, "second_degree": 2}
    assert not twins(None, 5).any() and tallied(None) is None


def test_a_pair_that_shares_few_variants_is_not_reported(family):
    dosages = family.all.copy()
    dosages[499:, 2] = -1
    assert (2, 10) not in found(MemoryStore(dosages), np.arange(VARIANTS))


@pytest.mark.parametrize(
    ("count", "variants", "logged"), [(1, 900, False), (20_001, 900, True), (3, 499, True)]
)
def test_few_variants_and_too_many_samples_are_not_compared(caplog, count, variants, logged):
    store = SimpleNamespace(samples=("p",) * count)
    with caplog.at_level("INFO"):
        assert relatives_among(store, np.arange(variants)) is None
    assert ("Relatives are not searched for" in caplog.text) == logged


def test_unrelated_samples_are_not_made_relatives_by_their_number():
    store = MemoryStore(hardy_weinberg(np.random.default_rng(6), 600, 400))
    assert len(relatives_among(store, np.arange(600))) == 0


def test_the_table_names_samples_as_the_input_does(tmp_path):
    pairs = np.array([(0, 2, 0.5, 900), (1, 2, 0.1000004, 800)], dtype=PAIR)
    path = write_relatives(str(tmp_path / "x"), ("007", "b", "c"), pairs)
    assert path.read_text().splitlines() == [
        "sample_1\tsample_2\tkinship\tvariants\trelation",
        "007\tc\t0.5\t900\tduplicate",
        "b\tc\t0.1\t800\tsecond degree",
    ]
    none = write_relatives(str(tmp_path / "y"), (), pairs[:0])
    assert none.read_text().splitlines() == ["sample_1\tsample_2\tkinship\tvariants\trelation"]
