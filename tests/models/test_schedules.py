"""How much of the signal each schedule leaves."""

from __future__ import annotations

import math

import pytest
import torch

from ancestry_ddvi.models.schedules import (
    MIN_NOISE,
    MIN_SIGNAL,
    SCHEDULES,
    cosine,
    geometric,
    linear,
)

every_schedule = pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES.keys())
T = [1, 2, 3, 5, 10, 20, 50, 100, 1000]


@every_schedule
@pytest.mark.parametrize("steps", T)
def test_the_signal_falls_strictly_from_one_and_is_never_gone(schedule, steps: int) -> None:
    signal = schedule(steps)
    assert signal.shape == (steps + 1,)
    assert signal.dtype == torch.float64
    assert signal[0] == 1
    assert (signal.diff() < 0).all()
    assert signal[-1] > 0


@pytest.mark.parametrize("schedule", [cosine, linear])
@pytest.mark.parametrize("steps", [t for t in T if t > 1])
def test_next_to_nothing_is_left_at_the_end(schedule, steps: int) -> None:
    """Unlike a fixed list of betas, of which few steps take too little."""
    assert schedule(steps)[-1] <= 2e-3


@pytest.mark.parametrize("steps", T)
def test_the_cosine_leaves_the_same_however_many_steps_there_are(steps: int) -> None:
    assert cosine(steps)[-1] == pytest.approx(MIN_SIGNAL, rel=1e-9)


def test_the_cosine_is_that_of_nichol_and_dhariwal_before_the_floor() -> None:
    def f(t: float) -> float:
        return math.cos((t + 0.008) / 1.008 * math.pi / 2) ** 2

    signal = cosine(4)
    for k in range(5):
        expected = MIN_SIGNAL + (1 - MIN_SIGNAL) * f(k / 4) / f(0)
        assert signal[k] == pytest.approx(expected, rel=1e-12)


def test_linear_betas_run_from_a_tenth_to_twenty_over_t() -> None:
    beta = 1 - linear(40)[1:] / linear(40)[:-1]
    assert beta[0] * 40 == pytest.approx(0.1)
    assert beta[-1] * 40 == pytest.approx(20)
    assert beta.diff().max() == pytest.approx(beta.diff().min())


@pytest.mark.parametrize("steps", T)
def test_geometric_noise_grows_by_one_factor_up_to_as_much_as_the_signal(steps: int) -> None:
    signal = geometric(steps)[1:]
    noise = ((1 - signal) / signal).sqrt()
    assert noise[-1] == pytest.approx(1)
    growth = torch.cat([noise[:1] / MIN_NOISE, noise[1:] / noise[:-1]])
    assert growth.min() == pytest.approx(growth.max())
