"""Products with genotypes that are never formed, against the matrix that NumPy forms."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from cohorts import balding_nichols
from hypothesis import given, settings
from hypothesis import strategies as st
from memory_store import MemoryStore
from numpy.testing import assert_allclose

from ancestry_ddvi.genotypes.algebra.devices import Cpu
from ancestry_ddvi.genotypes.algebra.matrix import GenotypeMatrix
from ancestry_ddvi.genotypes.algebra.tensors import Torch
from ancestry_ddvi.parallel import on_threads


def looked_up(matrix: GenotypeMatrix) -> np.ndarray:
    """The matrix by NumPy's indexing of dosages, of which -1 is the last; float64."""
    dosages = matrix.store.dosages(matrix.rows, matrix.samples)
    return matrix.levels[np.arange(len(dosages))[:, None], dosages]


def random_matrix(
    seed: int, variants: int, samples: int, missing: float, some: float
) -> GenotypeMatrix:
    """Some variants and samples of a store in any order, each variant with values of its own."""
    rng = np.random.default_rng(seed)
    dosages = rng.integers(0, 3, (variants, samples)).astype(np.int8)
    rate = missing * rng.integers(0, 2, (variants, 1)) * rng.random(samples)
    dosages[rng.random(dosages.shape) < rate] = -1
    rows = rng.permutation(variants)[: max(1, int(some * variants))]
    chosen = rng.permutation(samples)[: max(1, int(some * samples))]
    levels = rng.standard_normal((len(rows), 4))
    return GenotypeMatrix(MemoryStore(dosages), rows, chosen, levels)


def assert_same_products(matrix: GenotypeMatrix, like: np.ndarray) -> None:
    rng = np.random.default_rng(1)
    right, left = (rng.standard_normal((size, 3)) for size in like.shape[::-1])
    close = {"rtol": 1e-4, "atol": 1e-5 * max(like.shape)}
    assert_allclose(matrix.times(right), like @ right, **close)
    assert_allclose(matrix.transposed_times(left), like.T @ left, **close)
    assert_allclose(matrix.normal_times(right), like.T @ (like @ right), **close)
    assert_allclose(matrix.gram(), like.T @ like, **close)
    assert_allclose(matrix.squares(), (like**2).sum(axis=0), **close)
    assert_allclose(matrix.formed(), like, rtol=1e-6)


@given(
    seed=st.integers(0, 2**32 - 1),
    variants=st.integers(1, 40),
    samples=st.integers(1, 23),
    missing=st.sampled_from([0.0, 0.1, 1.0]),
    some=st.sampled_from([0.3, 0.7, 1.0]),
    at_once=st.sampled_from([1, 100, 2**23]),
)
@settings(max_examples=60, deadline=None)
def test_products_are_those_of_the_matrix_formed(
    seed: int, variants: int, samples: int, missing: float, some: float, at_once: int
) -> None:
    """Whatever is missing, whichever variants and samples, in blocks of any size."""
    matrix = random_matrix(seed, variants, samples, missing, some)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Cpu, "genotypes_at_once", at_once)
        assert_same_products(matrix, looked_up(matrix))


@given(seed=st.integers(0, 2**32 - 1), some=st.sampled_from([0.3, 1.0]))
@settings(max_examples=20, deadline=None)
def test_missing_genotypes_are_counted(seed: int, some: float) -> None:
    matrix = random_matrix(seed, 30, 19, 0.5, some)
    seen = matrix.store.dosages(matrix.rows, matrix.samples) >= 0
    assert np.array_equal(matrix.observed(), seen.sum(axis=0))
    assert_allclose(matrix.call_rate(), seen.mean(axis=1))


def test_missing_genotypes_add_nothing_to_products_of_standardised_dosages() -> None:
    cohort = balding_nichols(1, 2, 30, 50)
    dosages = cohort.dosages.copy()
    dosages[:, 4] = -1
    matrix = replace(cohort, dosages=dosages).matrix
    assert not matrix.gram()[4].any()
    assert matrix.observed()[4] == 0


def test_a_part_in_memory_is_the_same_matrix() -> None:
    matrix = random_matrix(3, 40, 23, 0.2, 0.5)
    assert np.array_equal(matrix.in_memory().gram(), matrix.gram())


def test_a_product_has_the_same_bytes_with_any_number_of_threads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Cpu, "genotypes_at_once", 2000)
    matrix = random_matrix(3, 400, 101, 0.2, 0.9)
    right = np.random.default_rng(1).standard_normal((matrix.shape[1], 8))
    found = []
    for threads in (1, 2, 5):
        with on_threads(threads):
            found.append(matrix.normal_times(right))
    assert np.array_equal(found[0], found[1])
    assert np.array_equal(found[0], found[2])


@pytest.mark.parametrize("some", [0.3, 1.0])
@pytest.mark.parametrize("at_once", [100, 2**27])
def test_tensors_give_what_arrays_give(
    some: float, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a GPU, but on the CPU."""
    monkeypatch.setattr(Torch, "genotypes_at_once", at_once)
    matrix = random_matrix(5, 90, 41, 0.2, some)
    assert_same_products(replace(matrix, device="cpu:0"), looked_up(matrix))


@pytest.mark.parametrize("at_once", [1, 7, 40, 2048])
def test_gram_matrices_are_the_same_by_shares_of_any_size(
    at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Cpu, "variants_at_once", at_once)
    matrix = random_matrix(4, 300, 20, 0.2, 1.0)
    like = looked_up(matrix)
    assert_allclose(matrix.gram(), like.T @ like, atol=1e-3)


@pytest.mark.gpu
@pytest.mark.parametrize("some", [0.3, 1.0])
def test_a_gpu_gives_what_the_cpu_gives(some: float) -> None:
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    matrix = random_matrix(5, 5000, 1001, 0.05, some)
    assert_same_products(replace(matrix, device="cuda"), looked_up(matrix))
