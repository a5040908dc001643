"""Where the posterior is Gaussian, the untouched chain is its exact reversal."""

from __future__ import annotations

import math

import pytest
import torch
from linear_gaussian import linear_gaussian
from torch import Tensor

from ancestry_ddvi.models.schedules import SCHEDULES

CHAINS = [(steps, schedule) for schedule in SCHEDULES for steps in (1, 2, 5, 20)]
PATHS = 64

chains = pytest.mark.parametrize(("steps", "schedule"), CHAINS)
in_float64 = pytest.mark.usefixtures("float64")


def path_matrix(variance: Tensor, signal: Tensor) -> Tensor:
    """Covariance of (z, y_1, .., y_T) if z ~ N(., variance) is noised; (T + 1, T + 1)."""
    times = torch.arange(len(signal))
    earlier, later = torch.minimum(times[:, None], times), torch.maximum(times[:, None], times)
    marginal = signal * variance + 1 - signal
    return (signal[later] / signal[earlier]).sqrt() * marginal[earlier]


@in_float64
@chains
@pytest.mark.parametrize("excess", [True, False], ids=["excess", "noise alone"])
@pytest.mark.parametrize("dims", [1, 2, 4])
def test_every_path_weighs_the_evidence(steps: int, schedule: str, dims: int, excess: bool) -> None:
    exact = linear_gaussian(steps, schedule, dims, excess)
    batch = exact.batch.repeat(PATHS)
    noise = 1.5 * torch.randn(len(batch), *exact.model.noise_shape)
    weight = exact.model.log_weight(batch, exact.model.encode(batch, noise)).view(-1, PATHS)
    torch.testing.assert_close(weight, exact.log_evidence[:, None].expand_as(weight))
    assert weight.std(1).max() < 1e-9


@chains
def test_in_single_precision_a_path_strays_by_a_thousandth_of_a_nat(
    steps: int, schedule: str
) -> None:
    exact = linear_gaussian(steps, schedule)
    batch = exact.batch.repeat(PATHS)
    noise = torch.randn(len(batch), *exact.model.noise_shape)
    weight = exact.model.log_weight(batch, exact.model.encode(batch, noise)).view(-1, PATHS)
    assert (weight - exact.log_evidence[:, None]).abs().max() < 1e-3


@in_float64
@chains
def test_the_untouched_chain_has_the_law_of_the_noised_gaussian(steps: int, schedule: str) -> None:
    """Exact moments: a path is an affine function of its noise."""
    exact = linear_gaussian(steps, schedule, dims=1)
    signal = SCHEDULES[schedule](steps)
    context = exact.model.encoder(exact.batch)

    def path(noise: Tensor) -> Tensor:
        draw = exact.model.posterior.rsample(context, noise)
        return torch.stack([draw.z, *draw.path], 1)[..., 0]

    still = torch.zeros(len(exact.batch), *exact.model.noise_shape)
    torch.testing.assert_close(path(still), signal.sqrt() * exact.mean)
    for sample, variance in enumerate(exact.variance[:, 0]):
        slopes = torch.autograd.functional.jacobian(path, still, vectorize=True)[
            sample, :, sample, :, 0
        ]
        torch.testing.assert_close(slopes @ slopes.T, path_matrix(variance, signal))


@in_float64
@chains
def test_the_untouched_chain_scores_a_path_as_the_gaussian_scores_its_end(
    steps: int, schedule: str
) -> None:
    exact = linear_gaussian(steps, schedule)
    noise = torch.randn(len(exact.batch), *exact.model.noise_shape)
    draw = exact.model.encode(exact.batch, noise)
    normal = torch.distributions.Normal(exact.mean, exact.variance.sqrt())
    torch.testing.assert_close(draw.log_q, normal.log_prob(draw.z).sum(-1))


@in_float64
def test_the_chain_takes_the_gaussian_over_at_the_same_bound() -> None:
    """The warm start of DDVI loses nothing, for any Gaussian and not only the exact one."""
    exact = linear_gaussian(5, "cosine")
    context = torch.randn(len(exact.batch), 4)
    draw = exact.model.posterior.rsample(context, torch.randn(len(context), 6, 2))
    alone = exact.model.posterior.base.log_q(draw.z, (), context)
    torch.testing.assert_close(draw.log_q, alone)


@in_float64
def test_without_a_chain_the_gaussian_posterior_weighs_the_evidence_too() -> None:
    exact = linear_gaussian(0, "none", dims=3)
    noise = torch.randn(len(exact.batch), 1, 3)
    weight = exact.model.log_weight(exact.batch, exact.model.encode(exact.batch, noise))
    torch.testing.assert_close(weight, exact.log_evidence)


@in_float64
def test_a_wrong_posterior_costs_exactly_its_divergence() -> None:
    """E_q of the log weight is log p(x) - KL(q || posterior); the test above cannot be vacuous."""
    exact = linear_gaussian(5, "cosine", dims=1)
    base = exact.model.posterior.base
    with torch.no_grad():
        base.head.bias[0] = 0.3
    batch = exact.batch.repeat(20_000)
    noise = torch.randn(len(batch), *exact.model.noise_shape)
    with torch.no_grad():
        weight = exact.model.log_weight(batch, exact.model.encode(batch, noise)).view(4, -1)
    divergence = 0.5 * 0.3**2 / exact.variance[:, 0]
    error = weight.std(1) / math.sqrt(20_000)
    assert ((weight.mean(1) - exact.log_evidence + divergence).abs() < 4 * error).all()
