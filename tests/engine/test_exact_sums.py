"""Sums of count times weight that no order, split or company can change."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ancestry_ddvi.genotypes.projection.exact_sums import on_grid

WEIGHTS = arrays(
    np.float64,
    st.tuples(st.integers(1, 40), st.integers(1, 3)),
    elements=st.floats(-1e6, 1e6, allow_subnormal=False),
)
SEEDS = st.integers(0, 2**32 - 1)


def counts_for(weights: np.ndarray, seed: int, largest: int, samples: int = 7) -> np.ndarray:
    return np.random.default_rng(seed).integers(-largest, largest + 1, (len(weights), samples))


@given(WEIGHTS, SEEDS, st.integers(1, 5))
@settings(max_examples=150, deadline=None)
def test_order_split_and_company_change_no_bit(weights: np.ndarray, seed: int, most: int) -> None:
    exact = on_grid(weights, most)
    counts = counts_for(weights, seed, most).astype(np.float64)
    together = counts.T @ exact
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(weights))
    assert np.array_equal(counts[order].T @ exact[order], together)
    cut = rng.integers(0, len(weights) + 1)
    parts = counts[:cut].T @ exact[:cut] + counts[cut:].T @ exact[cut:]
    assert np.array_equal(parts, together)
    for sample in range(counts.shape[1]):
        assert np.array_equal(counts[:, sample] @ exact, together[sample])
    some = rng.permutation(counts.shape[1])[:3]
    assert np.array_equal(counts[:, some].T @ exact, together[some])


@given(WEIGHTS, SEEDS, st.integers(1, 5))
@settings(max_examples=60, deadline=None)
def test_the_sum_is_the_rational_one(weights: np.ndarray, seed: int, most: int) -> None:
    exact = on_grid(weights, most)
    counts = counts_for(weights, seed, most, samples=1)[:, 0]
    for column in exact.T:
        rational = sum((Fraction(w) * int(c) for w, c in zip(column, counts, strict=True)))
        assert Fraction(float(counts.astype(np.float64) @ column)) == rational


@pytest.mark.parametrize("most", [1, 2, 15])
def test_the_largest_sum_that_can_come_up_is_exact(most: int) -> None:
    rng = np.random.default_rng(most)
    exact = on_grid(rng.random(3000), most)
    rational = most * sum(Fraction(w) for w in exact)
    for _ in range(5):
        order = rng.permutation(3000)
        assert Fraction(float(np.add.accumulate(most * exact[order])[-1])) == rational


@given(WEIGHTS, st.integers(1, 5))
@settings(max_examples=150, deadline=None)
def test_a_weight_moves_by_at_most_two_to_the_minus_51_of_the_largest_sum(
    weights: np.ndarray, most: int
) -> None:
    largest = most * np.abs(weights).sum(axis=0).max()
    assert np.abs(on_grid(weights, most) - weights).max() <= largest * 2.0**-51


def test_weights_of_a_large_panel_keep_their_digits() -> None:
    weights = np.random.default_rng(0).normal(0, 1e-3, (200_000, 2))
    assert np.abs(on_grid(weights, 2) - weights).max() < 2e-13


@pytest.mark.parametrize("weights", [np.zeros((3, 2)), np.zeros((0, 2))])
def test_nothing_stays_nothing(weights: np.ndarray) -> None:
    assert np.array_equal(on_grid(weights, 2), weights)


def test_ordinary_sums_do_depend_on_order() -> None:
    """What the promise above is worth: the same sums without the grid."""
    rng = np.random.default_rng(0)
    weights = rng.normal(size=5000)
    sums = {float(np.add.reduce(weights[rng.permutation(5000)])) for _ in range(20)}
    assert len(sums) > 1
