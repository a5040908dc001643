"""Leading eigenvectors of symmetric matrices that are formed, or known by their products alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ...seeding import stream

BLOCK = 32
"""Columns that are multiplied at once, or an eighth of the eigenvectors if that is more."""

MAX_PRODUCTS = 40

DENSE = 1500
"""Formed matrices up to this size are decomposed by LAPACK."""


@dataclass(frozen=True)
class Leading:
    """Leading eigenvalues and eigenvectors of a symmetric matrix.

    Attributes
    ----------
    values : ndarray of float64, (count,)
        Descending.
    vectors : ndarray of float64, (size, count)
        Orthonormal.
    start, image : ndarray of float32, (size, columns)
        A random orthonormal matrix, and its product with the matrix.
    products : int
        How often the matrix was multiplied.
    """

    values: np.ndarray
    vectors: np.ndarray
    start: np.ndarray
    image: np.ndarray
    products: int


def leading(
    apply: Callable[[np.ndarray], np.ndarray], size: int, tolerance: np.ndarray, seed: int
) -> Leading:
    """Eigenvectors in the space of all products so far of a random start: block Krylov.

    Each product is made orthogonal to all before it, and the matrix is known on their span
    (Musco & Musco 2015; Lanczos with full reorthogonalisation). What is left of the last product
    gives the residuals, by which the iteration ends.

    Parameters
    ----------
    apply : callable
        The product of the matrix with one of (size, columns).
    size : int
    tolerance : ndarray of float64, (count,)
        Largest residual |A v - t v| / t of each eigenvector. Past ``MAX_PRODUCTS`` the rest is
        taken as it is.
    seed : int
        Of the start.
    """
    count = len(tolerance)
    columns = min(max(BLOCK, -(-count // 8)), size)
    normal = stream(seed, "components").standard_normal((size, columns))
    block = np.linalg.qr(normal)[0].astype(np.float32)
    basis = np.empty((size, min(size, MAX_PRODUCTS * columns)), np.float32, order="F")
    small = np.zeros((basis.shape[1],) * 2)
    known, start = 0, block
    for product in range(1, MAX_PRODUCTS + 1):
        image = apply(block).astype(np.float32)
        if not known:
            first = image
        before, known = known, known + block.shape[1]
        basis[:, before:known] = block
        small[:known, before:known] = basis[:, :known].T @ image
        small[before:known, :known] = small[:known, before:known].T
        block, rest = _remainder(image, basis[:, :known], size - known)
        if known >= count and (product % 2 == 0 or not block.shape[1]):
            values, vectors = _largest(small[:known, :known], count)
            residual = np.linalg.norm(rest @ vectors[before:known], axis=0)
            if not block.shape[1] or (residual <= tolerance * np.abs(values)).all():
                break
    vectors = basis[:, :known] @ vectors.astype(np.float32)
    return Leading(values, vectors.astype(np.float64), start, first, product)


def leading_of(
    matrix: np.ndarray, tolerance: np.ndarray, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Leading eigenvalues and eigenvectors of a matrix that is formed; see ``leading``."""
    if len(matrix) <= DENSE:
        return _largest(matrix, len(tolerance))
    single = matrix.astype(np.float32, copy=False)
    found = leading(lambda right: single @ right, len(matrix), tolerance, seed)
    return found.values, found.vectors


def _largest(matrix: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    from scipy.linalg import eigh

    n = len(matrix)
    values, vectors = eigh(matrix, subset_by_index=[n - count, n - 1])
    return values[::-1], vectors[:, ::-1]


def _remainder(image: np.ndarray, basis: np.ndarray, room: int) -> tuple[np.ndarray, np.ndarray]:
    """What a product has outside of a basis: orthonormal columns, and the product in them."""
    rest = image - basis @ (basis.T @ image)
    rest -= basis @ (basis.T @ rest)
    found, part = np.linalg.qr(rest)
    found -= basis @ (basis.T @ found)
    found, again = np.linalg.qr(found)
    return found[:, :room], (again @ part)[:room]
