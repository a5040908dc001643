"""Leading eigenvectors against the decomposition by LAPACK."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from ancestry_ddvi.genotypes.algebra import eigen
from ancestry_ddvi.genotypes.algebra.eigen import leading, leading_of


def symmetric(values: np.ndarray, seed: int = 1) -> np.ndarray:
    """A matrix with these eigenvalues."""
    n = len(values)
    vectors = np.linalg.qr(np.random.default_rng(seed).standard_normal((n, n)))[0]
    return (vectors * values) @ vectors.T


def decaying(size: int) -> np.ndarray:
    """Strong, weak and no structure on top of noise."""
    noise = 1 + np.linspace(0, 1, size)
    noise[-6:] = [900, 400, 30, 5, 4, 3]
    return noise


@pytest.mark.parametrize("size", [300, 700])
@pytest.mark.parametrize("tolerance", [1e-2, 1e-4])
def test_residuals_are_within_tolerance_and_vectors_orthonormal(
    size: int, tolerance: float
) -> None:
    matrix = symmetric(decaying(size))
    found = leading(lambda right: matrix @ right, size, np.full(12, tolerance), 1)
    residual = np.linalg.norm(matrix @ found.vectors - found.vectors * found.values, axis=0)
    assert (residual <= 1.5 * tolerance * found.values).all()
    assert_allclose(found.vectors.T @ found.vectors, np.eye(12), atol=1e-5)
    assert (np.diff(found.values) <= 0).all()
    assert np.array_equal(found.image, (matrix @ found.start).astype(np.float32))


def test_weak_components_are_found_beside_strong_ones() -> None:
    values = decaying(500)
    matrix = symmetric(values)
    found = leading(lambda right: matrix @ right, 500, np.full(6, 1e-4), 1)
    _, vectors = np.linalg.eigh(matrix)
    assert_allclose(found.values, values[-6:], rtol=1e-5)
    assert_allclose(np.abs((found.vectors * vectors[:, :-7:-1]).sum(axis=0)), 1, rtol=1e-5)


@pytest.mark.parametrize("size", [1, 2, 7, 33, 64])
def test_small_matrices_are_decomposed_entirely(size: int) -> None:
    values = np.arange(1.0, size + 1)
    matrix = symmetric(values)
    found = leading(lambda right: matrix @ right, size, np.full(size, 1e-6), 1)
    assert_allclose(found.values, values[::-1], rtol=1e-5)


def test_equal_eigenvalues_and_matrices_of_low_rank_are_borne() -> None:
    values = np.zeros(200)
    values[:40] = 5.0
    matrix = symmetric(values)
    found = leading(lambda right: matrix @ right, 200, np.full(45, 1e-3), 1)
    assert_allclose(found.values, np.repeat([5.0, 0.0], [40, 5]), atol=1e-4)


def test_more_eigenvectors_than_columns_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(eigen, "BLOCK", 2)
    monkeypatch.setattr(eigen, "DENSE", 10)
    values = decaying(300)
    _, vectors = leading_of(symmetric(values).astype(np.float32), np.full(100, 1e-2), 1)
    assert vectors.shape == (300, 100)


def test_formed_matrices_give_the_same_by_lapack_and_by_products(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    matrix = symmetric(decaying(300)).astype(np.float32)
    exact, _ = leading_of(matrix, np.full(8, 1e-4), 1)
    monkeypatch.setattr(eigen, "DENSE", 10)
    iterated, _ = leading_of(matrix, np.full(8, 1e-4), 1)
    assert_allclose(iterated, exact, atol=1e-7 * exact[0])
