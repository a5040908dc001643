"""Systematic resampling: every draw comes up in proportion to its weight."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ancestry_ddvi.inference.resampling import systematic

weights = st.lists(st.floats(0.001, 1), min_size=1, max_size=30)
offsets = st.floats(0, 1, exclude_max=True)


@given(weights, st.integers(1, 200), offsets)
def test_a_draw_comes_up_as_often_as_its_weight_says_to_less_than_once(raw, count, offset) -> None:
    weight = np.array(raw) / np.sum(raw)
    chosen = systematic(weight, count, offset)
    times = np.bincount(chosen, minlength=len(weight))
    assert len(chosen) == count == times.sum()
    assert (np.abs(times - count * weight) < 1 + 1e-6).all()


@given(weights, offsets)
def test_draws_of_weight_zero_never_come_up(raw, offset) -> None:
    weight = np.array([0.0, *raw, 0.0]) / np.sum(raw)
    chosen = systematic(weight, 50, max(offset, 1e-6))
    assert chosen.min() > 0
    assert chosen.max() < len(weight) - 1


def test_averaged_over_offsets_the_expectation_is_exact() -> None:
    weight = np.array([0.5, 0.1, 0.05, 0.35])
    offset = (np.arange(1000) + 0.5) / 1000
    times = sum(np.bincount(systematic(weight, 3, u), minlength=4) for u in offset)
    np.testing.assert_allclose(times / 3000, weight, atol=1e-3)
