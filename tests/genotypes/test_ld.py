"""LD pruning: no pair left above the threshold, and nothing dropped without a reason."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from memory_store import MemoryStore, real, variant_table, write_plink

from ancestry_ddvi.genotypes.algebra.matrix import GenotypeMatrix
from ancestry_ddvi.genotypes.qc import ld
from ancestry_ddvi.genotypes.qc.counts import minor
from ancestry_ddvi.genotypes.qc.ld import prune


def linked(
    rng: np.random.Generator, variants: int, samples: int, missing: float, span: int = 3_000_000
) -> MemoryStore:
    """Variants on two chromosomes, each copied from its neighbour in most samples."""
    dosages = rng.binomial(2, rng.uniform(0.1, 0.9, (variants, 1)), (variants, samples)).astype(
        np.int8
    )
    for i in range(1, variants):
        copied = rng.random(samples) < rng.choice([0.0, 0.5, 0.8])
        dosages[i, copied] = dosages[i - 1, copied]
    dosages[rng.random(dosages.shape) < missing] = -1
    position = np.sort(rng.integers(1, span, variants))
    chromosome = np.where(np.arange(variants) < variants // 2, "1", "chr2")
    return MemoryStore(dosages, variant_table(variants, chromosome, position))


def pearson(x: np.ndarray, y: np.ndarray) -> float:
    """r2 over the samples with both genotypes, by numpy's own correlation; 0 if undefined."""
    both = (x >= 0) & (y >= 0)
    if both.sum() < 2 or np.ptp(x[both]) == 0 or np.ptp(y[both]) == 0:
        return 0.0
    return float(np.corrcoef(x[both], y[both])[0, 1] ** 2)


def near(store: MemoryStore, i: int, j: int, window_kb: float) -> bool:
    variants = store.variants
    same = variants.chromosome[i] == variants.chromosome[j]
    return bool(same and abs(variants.position[i] - variants.position[j]) <= window_kb * 1000)


def all_samples(store: MemoryStore) -> np.ndarray:
    return np.arange(len(store.samples))


def by_brute_force(store: MemoryStore, maf: np.ndarray, r2: float, window_kb: float) -> list[int]:
    kept: list[int] = []
    order = sorted(range(len(maf)), key=lambda i: (-maf[i], store.variants.position[i], i))
    for i in order:
        rivals = (pearson(store.all[i], store.all[j]) for j in kept if near(store, i, j, window_kb))
        if all(value < r2 for value in rivals):
            kept.append(i)
    return sorted(kept)


@given(
    seed=st.integers(0, 2**32 - 1),
    missing=st.sampled_from([0.0, 0.1, 0.6]),
    r2=st.sampled_from([0.0513713, 0.1000317, 0.3000713, 0.7000917]),
    window_kb=st.sampled_from([1.0, 200.0, 5000.0]),
)
@settings(max_examples=40, deadline=None)
def test_pruning_equals_brute_force(seed: int, missing: float, r2: float, window_kb: float) -> None:
    """The thresholds are none that an r2 of so few samples equals, so rounding does not matter."""
    store = linked(np.random.default_rng(seed), 40, 30, missing)
    maf = minor(store.counts())[1]
    rows, chosen = np.arange(40), all_samples(store)
    kept = prune(store, rows, maf, r2=r2, window_kb=window_kb, samples=chosen)
    assert kept.tolist() == by_brute_force(store, maf, r2, window_kb)


@pytest.mark.parametrize("missing", [0.0, 0.05])
def test_kept_variants_are_unlinked_and_dropped_ones_have_a_better_partner(
    missing: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ld, "TILES", (16, 16))
    store = linked(np.random.default_rng(3), 200, 80, missing)
    maf = minor(store.counts())[1]
    kept = set(prune(store, np.arange(200), maf, samples=all_samples(store)).tolist())
    linked_to = {
        i: {
            j
            for j in range(200)
            if j != i and near(store, i, j, 1000) and pearson(store.all[i], store.all[j]) >= 0.2
        }
        for i in range(200)
    }
    assert 20 < len(kept) < 180
    assert all(not linked_to[i] & kept for i in kept)
    for i in set(range(200)) - kept:
        assert any(maf[j] >= maf[i] for j in linked_to[i] & kept)


@pytest.mark.parametrize("missing", [0.0, 0.02, 0.2])
@pytest.mark.parametrize("r2", [0.02, 0.1, 0.5])
def test_few_pairs_need_more_than_one_product_and_all_come_out_exactly(
    missing: float, r2: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = linked(np.random.default_rng(8), 120, 600, missing)
    dosages = GenotypeMatrix.of(store, np.arange(120), all_samples(store), ld.DOSAGE)
    exact = ld._exactly(dosages, dosages, r2)
    measured: list[int] = []
    plain = ld._exactly

    def counted(first: GenotypeMatrix, second: GenotypeMatrix, r2: float) -> np.ndarray:
        measured.append(len(first.rows) * len(second.rows))
        return plain(first, second, r2)

    monkeypatch.setattr(ld, "_exactly", counted)
    tile = ld._Tile.of(dosages, store.counts())
    far = ~np.eye(120, dtype=bool)
    assert np.array_equal(tile.correlates(tile, far, r2), exact & far)
    if missing < 0.1:
        assert sum(measured) < 0.2 * 120**2


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=20, deadline=None)
def test_the_outcome_does_not_depend_on_the_order_of_rows(seed: int) -> None:
    rng = np.random.default_rng(seed)
    store = linked(rng, 60, 40, 0.02)
    maf = minor(store.counts())[1]
    rows = rng.permutation(60)
    ordered = prune(store, np.arange(60), maf, samples=all_samples(store))
    shuffled = prune(store, rows, maf[rows], samples=all_samples(store))
    assert set(shuffled.tolist()) == set(ordered.tolist())
    assert shuffled.tolist() == [row for row in rows if row in set(ordered.tolist())]


def test_tiles_do_not_change_the_outcome(monkeypatch: pytest.MonkeyPatch) -> None:
    store = linked(np.random.default_rng(5), 300, 60, 0.03)
    maf = minor(store.counts())[1]
    whole = prune(store, np.arange(300), maf, samples=all_samples(store))
    monkeypatch.setattr(ld, "TILES", (7, 7))
    assert prune(store, np.arange(300), maf, samples=all_samples(store)).tolist() == whole.tolist()


def test_identical_and_mirrored_variants_are_correlated_at_one() -> None:
    x = np.random.default_rng(1).integers(0, 3, 50)
    store = MemoryStore(np.array([x, x, 2 - x]), variant_table(3, "111", [1, 2, 3]))
    maf = minor(store.counts())[1]
    assert prune(store, np.arange(3), maf, r2=1.0, samples=all_samples(store)).tolist() == [0]


def test_the_window_includes_its_end_and_stops_at_chromosomes() -> None:
    x = np.random.default_rng(1).integers(0, 3, 50)
    variants = variant_table(4, ["1", "1", "1", "2"], [1, 1001, 1002, 1002])
    store = MemoryStore(np.array([x, x, x, x]), variants)
    kept = prune(store, np.arange(4), np.full(4, 0.3), window_kb=1, samples=all_samples(store))
    assert kept.tolist() == [0, 2, 3]


def test_variants_without_variation_are_left_alone() -> None:
    still = np.zeros((3, 20))
    store = MemoryStore(still, variant_table(3, "111", [1, 2, 3]))
    assert prune(store, np.arange(3), np.zeros(3), samples=all_samples(store)).tolist() == [0, 1, 2]


def test_only_the_given_samples_count() -> None:
    rng = np.random.default_rng(2)
    x, noise = rng.integers(0, 3, 60), rng.integers(0, 3, 60)
    y = np.where(np.arange(60) < 30, x, noise)
    store = MemoryStore(np.array([x, y]), variant_table(2, "11", [1, 2]))
    half = prune(store, np.arange(2), np.array([0.4, 0.3]), r2=0.9, samples=np.arange(30))
    whole = prune(store, np.arange(2), np.array([0.4, 0.3]), r2=0.9, samples=all_samples(store))
    assert (half.tolist(), whole.tolist()) == ([0], [0, 1])


def test_large_cohorts_are_thinned_to_five_thousand(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    store = linked(np.random.default_rng(4), 20, 6000, 0.0)
    plain = ld._Tile.of

    def counted(dosages: GenotypeMatrix, counts: np.ndarray) -> ld._Tile:
        asked.append(dosages.formed().shape[1])
        return plain(dosages, counts)

    monkeypatch.setattr(ld._Tile, "of", counted)
    prune(store, np.arange(20), minor(store.counts())[1], samples=all_samples(store))
    assert set(asked) == {5000}


def test_samples_that_take_turns_by_population_are_no_trap_for_thinning(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Correlated in every second sample, and not in the others."""
    monkeypatch.setattr(ld, "MAX_SAMPLES", 200)
    rng = np.random.default_rng(2)
    x, noise = rng.integers(0, 3, 400), rng.integers(0, 3, 400)
    y = np.where(np.arange(400) % 2 == 0, x, noise)
    store = MemoryStore(np.array([x, y]), variant_table(2, "11", [1, 2]))
    rows, maf = np.arange(2), np.array([0.4, 0.3])
    assert prune(store, rows, maf, r2=0.1, samples=all_samples(store)).tolist() == [0]
    assert prune(store, rows, maf, r2=0.6, samples=all_samples(store)).tolist() == [0, 1]


@pytest.mark.skipif(shutil.which("plink2") is None, reason="needs plink2")
def test_about_as_many_variants_are_kept_as_with_plink2(tmp_path: Path) -> None:
    store = linked(np.random.default_rng(6), 1500, 200, 0.01, span=100_000_000)
    write_plink(store, tmp_path / "x")
    command = "plink2 --bfile x --indep-pairwise 1000kb 0.1 --threads 1 --out x"
    subprocess.run(command.split(), cwd=tmp_path, check=True, capture_output=True)
    theirs = len((tmp_path / "x.prune.in").read_text().split())
    maf = minor(store.counts())[1]
    ours = len(prune(store, np.arange(1500), maf, r2=0.1, samples=all_samples(store)))
    assert theirs < 1200
    assert abs(ours - theirs) < 0.2 * theirs


@pytest.mark.realdata
def test_sparse_variants_of_a_thousand_genomes_are_nearly_all_kept() -> None:
    store = real("kgp1092")
    maf = minor(store.counts())[1]
    rows = np.arange(len(store.variants))
    kept = prune(store, rows, maf, r2=0.1, samples=all_samples(store))
    assert 13_900 < len(kept) < 14_079
