"""Kinship: plink2's numbers, and a set of samples from which no relative is left."""

from __future__ import annotations

import csv
import shutil
import subprocess
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from memory_store import MemoryStore, hardy_weinberg, real, variant_table, write_plink

from ancestry_ddvi.genotypes.qc import king_counts, king_screen, kinship
from ancestry_ddvi.genotypes.qc.degrees import DUPLICATE
from ancestry_ddvi.genotypes.qc.kinship import PAIR, king_robust, resolvable, unrelated

ALL = -1e9


def child(rng: np.random.Generator, mother: np.ndarray, father: np.ndarray) -> np.ndarray:
    """One allele of each parent, by chance."""
    return (rng.random(len(mother)) < mother / 2).astype(np.int8) + (
        rng.random(len(father)) < father / 2
    )


def families(rng: np.random.Generator, variants: int = 3000, missing: float = 0.0) -> MemoryStore:
    """Founders 0 to 9; 10, 11 children of 0 and 1; 12 a child of 10 and 2; 13 a twin of 3."""
    founders = hardy_weinberg(rng, variants, 10)
    first, second = (child(rng, founders[:, 0], founders[:, 1]) for _ in range(2))
    grandchild = child(rng, first, founders[:, 2])
    samples = [founders, first[:, None], second[:, None], grandchild[:, None], founders[:, 3:4]]
    dosages = np.concatenate(samples, axis=1)
    dosages[rng.random(dosages.shape) < missing] = -1
    return MemoryStore(dosages, variant_table(variants, "1" * variants, 1 + np.arange(variants)))


def everything(store: MemoryStore) -> tuple[np.ndarray, np.ndarray]:
    return np.arange(len(store.variants)), np.arange(len(store.samples))


def slow(x: np.ndarray, y: np.ndarray) -> tuple[float, int]:
    """Eq. 11 of Manichaikul et al. 2010 as printed, and the variants seen in both."""
    both = (x >= 0) & (y >= 0)
    x, y = x[both], y[both]
    het_i, het_j = sorted([int((x == 1).sum()), int((y == 1).sum())])
    both_het = int(((x == 1) & (y == 1)).sum())
    opposite = int((np.abs(x - y) == 2).sum())
    return (
        (both_het - 2 * opposite) / (2 * het_i) + 0.5 - 0.25 * (het_i + het_j) / het_i,
        int(both.sum()),
    )


@given(
    seed=st.integers(0, 2**32 - 1),
    missing=st.sampled_from([0.0, 0.2]),
    at_once=st.sampled_from([3, 5, 4096]),
    counted=st.sampled_from([1, 2048]),
)
@settings(max_examples=25, deadline=None)
def test_kinship_equals_the_printed_formula(
    seed: int, missing: float, at_once: int, counted: int
) -> None:
    store = families(np.random.default_rng(seed), 200, missing)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kinship, "SAMPLES_AT_ONCE", at_once)
        patch.setattr(kinship, "MAX_COUNTED", counted)
        pairs = king_robust(store, *everything(store), cutoff=ALL)
    assert len(pairs) == 14 * 13 // 2
    for i, j, value, variants in pairs.tolist():
        assert i < j
        expected = slow(store.all[:, i], store.all[:, j])
        assert (value, variants) == (pytest.approx(expected[0], abs=1e-12), expected[1])


@pytest.mark.parametrize("sparse", [0.0, 1.0])
def test_variants_with_and_without_gaps_agree(
    sparse: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Missing calls take another way through the counting, one by one where they are few."""
    monkeypatch.setattr(king_counts, "SPARSE", sparse)
    store = families(np.random.default_rng(8), 3000)
    store.all[5, 3] = store.all[2100, 12] = -1
    pairs = king_robust(store, *everything(store), cutoff=ALL)
    for i, j, value, variants in pairs.tolist():
        expected = slow(store.all[:, i], store.all[:, j])
        assert (value, variants) == (pytest.approx(expected[0], abs=1e-12), expected[1])


def crowd(seed: int, variants: int = 4000, missing: float = 0.02) -> MemoryStore:
    """Three populations of 300, an isolated one of 100, and relatives: 20 pairs of each degree.

    And 60 half siblings, a family that makes a component of its own.
    """
    rng = np.random.default_rng(seed)
    ancestral = rng.uniform(0.05, 0.95, (variants, 1))
    drift = np.array([0.05, 0.05, 0.1, 0.3])
    spread = (1 - drift) / drift
    frequencies = rng.beta(ancestral * spread, (1 - ancestral) * spread)
    founders = rng.binomial(2, np.repeat(frequencies, [300, 300, 300, 100], axis=1)).astype(np.int8)
    samples = [founders]
    for first in range(0, 800, 40):
        mother, father, other, third = founders[:, first : first + 40 : 10].T
        children = [child(rng, mother, father), child(rng, mother, other)]
        samples += [each[:, None] for each in (*children, child(rng, children[0], third), mother)]
    samples += [child(rng, founders[:, 7], founders[:, 100 + i])[:, None] for i in range(60)]
    dosages = np.concatenate(samples, axis=1)
    dosages[rng.random(dosages.shape) < rng.uniform(0, 2 * missing, dosages.shape[1])] = -1
    return MemoryStore(dosages)


@pytest.mark.statistical
@pytest.mark.parametrize(("seed", "missing"), [(1, 0.0), (2, 0.03)])
def test_the_screen_of_many_samples_passes_over_no_relatives(
    seed: int, missing: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the structure, and in families so large that they are a part of it."""
    store = crowd(seed, missing=missing)
    every = king_robust(store, *everything(store))
    assert len(every) > 1700  # of 60 half siblings alone
    monkeypatch.setattr(kinship, "MAX_COUNTED", 100)
    monkeypatch.setattr(kinship, "SAMPLES_AT_ONCE", 500)
    assert king_robust(store, *everything(store)).tobytes() == every.tobytes()


@pytest.mark.statistical
def test_the_screen_lets_few_unrelated_pairs_through_and_errs_as_it_says() -> None:
    store = crowd(3)
    rows, samples = everything(store)
    samples = samples[:1000]
    found, planes = king_screen.screen(store, rows, samples)
    vectors, whole = found.vectors(slice(0, 1000)), slice(0, 1000)
    i, j = found.candidates(vectors, whole, vectors, whole, 0.0884)
    assert (i < j).sum() < 0.01 * 1000 * 999 / 2
    i, j = np.triu_indices(1000, 1)
    exact, inner = planes.counts(i, j), (vectors[:, :-1] @ vectors[:, :-1].T)[i, j]
    het = np.minimum(found.het[i], found.het[j])
    kinship = 0.5 - (found.squared[i] + found.squared[j] - 2 * inner) / (4 * het)
    error = found.rest[i] * found.rest[j] / (2 * het) / np.sqrt(king_screen.VARIANTS)
    apart = (kinship - exact.kinship()) / error
    assert abs(apart.mean()) < 0.1
    assert 0.5 < apart.std() < 1


def test_the_screen_keeps_no_square_of_the_samples_nor_floats_of_all_genotypes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(kinship, "MAX_COUNTED", 100)
    monkeypatch.setattr(kinship, "SAMPLES_AT_ONCE", 128)
    monkeypatch.setattr(king_screen, "GENOTYPES_AT_ONCE", 2**18)
    monkeypatch.setattr(king_screen, "MAX_SAMPLES", 100)
    store = MemoryStore(hardy_weinberg(np.random.default_rng(9), 3000, 3000))
    tracemalloc.start()
    king_robust(store, *everything(store))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3000 * 3000 * 2.5  # bytes; the dosages of the screen are 2048 * 3000


def test_degrees_of_relatedness_are_distinguished() -> None:
    store = families(np.random.default_rng(0), 15_000)
    pairs = king_robust(store, *everything(store), cutoff=ALL)
    found = {(i, j): value for i, j, value, _ in pairs.tolist()}
    assert found[3, 13] == 0.5
    for pair in [(0, 10), (1, 11), (10, 11), (2, 12), (10, 12)]:
        assert 0.177 < found[pair] < DUPLICATE
    for pair in [(0, 12), (1, 12), (11, 12)]:
        assert 0.0884 < found[pair] < 0.177
    assert abs(found[4, 5]) < 0.0442


def test_only_pairs_at_the_cutoff_or_above_are_reported_in_order() -> None:
    store = families(np.random.default_rng(1), 15_000)
    pairs = king_robust(store, *everything(store))
    expected = [(0, 10), (0, 11), (0, 12), (1, 10), (1, 11), (1, 12), (2, 12)]
    expected += [(3, 13), (10, 11), (10, 12), (11, 12)]
    assert [(i, j) for i, j, *_ in pairs.tolist()] == expected


def test_pairs_carry_the_rows_of_the_store() -> None:
    store = families(np.random.default_rng(2))
    rows, _ = everything(store)
    pairs = king_robust(store, rows, np.array([13, 4, 3]))
    assert [(i, j) for i, j, *_ in pairs.tolist()] == [(3, 13)]


@pytest.mark.parametrize("samples", [0, 1])
def test_one_sample_has_no_relatives(samples: int) -> None:
    store = families(np.random.default_rng(2), 50)
    assert len(king_robust(store, np.arange(50), np.arange(samples))) == 0


def test_samples_without_heterozygous_variants_have_no_kinship() -> None:
    store = MemoryStore(np.zeros((100, 3)))
    assert len(king_robust(store, *everything(store), cutoff=ALL)) == 0


def test_many_variants_are_thinned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kinship, "MAX_VARIANTS", 500)
    store = families(np.random.default_rng(3), 3000)
    pairs = king_robust(store, *everything(store), cutoff=ALL)
    assert set(pairs["variants"].tolist()) == {500}


@pytest.mark.skipif(shutil.which("plink2") is None, reason="needs plink2")
@pytest.mark.parametrize("counted", [2048, 5])
def test_kinship_equals_plink2(
    counted: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kinship, "MAX_COUNTED", counted)
    store = families(np.random.default_rng(4), 4000, missing=0.03)
    write_plink(store, tmp_path / "x")
    command = "plink2 --bfile x --make-king-table --threads 1 --out x"
    subprocess.run(command.split(), cwd=tmp_path, check=True, capture_output=True)
    with open(tmp_path / "x.kin0", newline="") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t"))
    theirs = {
        tuple(sorted((int(r["IID1"][1:]), int(r["IID2"][1:])))): (
            float(r["KINSHIP"]),
            int(r["NSNP"]),
        )
        for r in rows
    }
    ours = king_robust(store, *everything(store), cutoff=ALL)
    assert len(theirs) == len(ours) == 91
    for i, j, value, variants in ours.tolist():
        assert (value, variants) == (pytest.approx(theirs[i, j][0], abs=2e-6), theirs[i, j][1])


def related(*pairs: tuple[int, int], value: float = 0.25) -> np.ndarray:
    return np.array([(i, j, value, 1000) for i, j in pairs], dtype=PAIR)


def test_the_sample_with_most_relatives_is_left_out_first() -> None:
    star = related((0, 1), (0, 2), (0, 3))
    assert unrelated(star, np.ones(5), 5).tolist() == [False, True, True, True, True]


def test_among_equals_the_lower_call_rate_is_left_out_then_the_later_sample() -> None:
    assert unrelated(related((0, 1)), np.array([0.9, 1.0]), 2).tolist() == [False, True]
    assert unrelated(related((0, 1)), np.array([1.0, 1.0]), 2).tolist() == [True, False]


def test_pairs_below_the_cutoff_are_no_relatives() -> None:
    assert unrelated(related((0, 1), value=0.0883), np.ones(2), 2).all()
    assert not unrelated(related((0, 1), value=0.0884), np.ones(2), 2).all()


def test_no_sample_is_left_out_without_relatives() -> None:
    assert unrelated(related(), np.ones(3), 3).all()


@given(
    pairs=st.sets(st.tuples(st.integers(0, 14), st.integers(0, 14)).filter(lambda p: p[0] < p[1])),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=60, deadline=None)
def test_the_greedy_set_equals_a_plain_greedy_loop(pairs: set[tuple[int, int]], seed: int) -> None:
    call_rate = np.random.default_rng(seed).choice([0.9, 0.95, 1.0], 15)
    left, gone = set(pairs), set()
    while left:
        degree = {i: sum(i in pair for pair in left) for pair in left for i in pair}
        worst = max(degree, key=lambda i: (degree[i], -call_rate[i], i))
        gone.add(worst)
        left = {pair for pair in left if worst not in pair}
    keep = unrelated(related(*sorted(pairs)), call_rate, 15)
    assert set(np.flatnonzero(~keep).tolist()) == gone


@pytest.mark.parametrize("variants", [600, 2500])
def test_unrelated_samples_are_below_the_resolvable_kinship(variants: int) -> None:
    rng = np.random.default_rng(variants)
    store = MemoryStore(hardy_weinberg(rng, variants, 300))
    pairs = king_robust(store, *everything(store), cutoff=resolvable(variants, 300))
    assert len(pairs) == 0
    assert resolvable(14_000, 1092) < 0.0884


@pytest.mark.realdata
@pytest.mark.parametrize("counted", [2048, 5])
@pytest.mark.parametrize(("name", "count"), [("kgp1092", 41), ("hapmap957", 107)])
def test_relatives_in_real_cohorts_are_those_of_plink2(
    name: str, count: int, counted: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counts of plink2 --make-king-table --king-table-filter 0.0884 on the same files."""
    monkeypatch.setattr(kinship, "MAX_COUNTED", counted)
    store = real(name)
    assert len(king_robust(store, *everything(store))) == count
