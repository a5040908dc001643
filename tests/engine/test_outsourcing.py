"""Latents under one constraint, against quadrature and closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy import integrate, stats
from torch import Tensor

from ancestry_ddvi.errors import NothingLeft
from ancestry_ddvi.inference.annealing import TargetDensity, anneal
from ancestry_ddvi.inference.outsourcing import (
    OutsourcedDraws,
    Sampler,
    outsource,
    rejection_sample,
    train_sampler,
    weighted_draws,
)
from ancestry_ddvi.models.priors import prior
from ancestry_ddvi.models.runtime import computing

NORMAL = prior("normal", 2)
SHARES, SPREAD = torch.tensor([0.665, 0.267, 0.068]), 0.15
MODES = torch.tensor([[1.5, 0.0], [-1.0, 1.2], [-0.8, -1.5]])
LIKELIHOOD_FIELDS = -3.0


def three_modes(z: Tensor) -> Tensor:
    """A reward that makes of N(0, I) three narrow normals, times exp(LIKELIHOOD_FIELDS)."""
    apart = (z[:, None] - MODES).square().sum(-1) / (2 * SPREAD**2)
    each = SHARES.log() - apart - math.log(2 * math.pi * SPREAD**2)
    return each.logsumexp(-1) - NORMAL.log_prob(z) + LIKELIHOOD_FIELDS


THREE = TargetDensity(NORMAL, three_modes)


def nearest(z: np.ndarray) -> np.ndarray:
    """The mode nearest to each draw."""
    return np.linalg.norm(z[:, None] - MODES.numpy(), axis=2).argmin(axis=1)


def shares(found: OutsourcedDraws) -> np.ndarray:
    """Weight in each mode."""
    weight = np.exp(found.log_weight - found.log_weight.max())
    return np.bincount(nearest(found.z), weight, minlength=3) / weight.sum()


def sampled(seed: int, steps: int, ends: int | None = None) -> OutsourcedDraws:
    """From a sampler trained on all modes, or on the one mode ``ends`` alone."""
    with computing(seed, 1):
        population, reference = anneal(THREE), anneal(THREE)
        z = population.z
        if ends is not None:
            z = z[torch.tensor(nearest(z.numpy())) == ends]
        sampler = train_sampler(THREE, z, steps)
        return weighted_draws(sampler, THREE, reference.z, 8000)


@pytest.mark.slow
@pytest.mark.statistical
def test_three_narrow_modes_are_found_in_proportion() -> None:
    found = sampled(seed=0, steps=400)
    assert shares(found) == pytest.approx(SHARES.numpy(), abs=0.03)
    assert found.log_z == pytest.approx(LIKELIHOOD_FIELDS, abs=0.05)
    assert found.elbo < LIKELIHOOD_FIELDS < found.eubo
    assert not found.missed


@pytest.mark.slow
@pytest.mark.statistical
@pytest.mark.parametrize("seed", [1, 2])
def test_a_sampler_trained_to_the_end_hardly_needs_weights(seed: int) -> None:
    found = sampled(seed, steps=2000)
    assert shares(found) == pytest.approx(SHARES.numpy(), abs=0.03)
    raw = np.bincount(nearest(found.z), minlength=3) / len(found.z)
    assert raw == pytest.approx(SHARES.numpy(), abs=0.06)
    assert found.log_z == pytest.approx(LIKELIHOOD_FIELDS, abs=0.05)
    assert found.effective_draws > 0.4 * len(found.z)
    assert not found.missed


@pytest.mark.statistical
def test_a_missed_mode_shows_in_the_upper_bound_and_nowhere_else() -> None:
    found = sampled(seed=1, steps=150, ends=0)
    assert found.effective_draws > 0.9 * len(found.z)
    assert found.log_z == pytest.approx(LIKELIHOOD_FIELDS + math.log(0.665), abs=0.02)
    assert found.eubo - found.elbo > 10
    assert found.missed


LINEAR = torch.tensor([[2.0, 1.0, 0.0], [0.0, 1.5, -1.0], [0.5, 0.0, 3.0], [1.0, 1.0, 1.0]])
SEEN = torch.tensor([1.0, -2.0, 0.5, 0.3])


def linear(z: Tensor) -> Tensor:
    """Log N(SEEN; LINEAR z, 0.5^2 I): a posterior of correlated axes."""
    return -2 * (SEEN - z @ LINEAR.mT).square().sum(-1) - 4 * math.log(0.5 * math.sqrt(2 * math.pi))


def linear_exact() -> tuple[np.ndarray, np.ndarray, float]:
    """Posterior mean and covariance, and the evidence."""
    weight, seen = LINEAR.double().numpy(), SEEN.double().numpy()
    covariance = np.linalg.inv(np.eye(3) + 4 * weight.T @ weight)
    total = weight @ weight.T + 0.25 * np.eye(4)
    evidence = stats.multivariate_normal(np.zeros(4), total).logpdf(seen)
    return covariance @ weight.T @ seen * 4, covariance, float(evidence)


@pytest.mark.statistical
def test_a_linear_gaussian_posterior_is_drawn_exactly() -> None:
    mean, covariance, evidence = linear_exact()
    found = outsource(prior("normal", 3), linear, draws=4000, seed=2, steps=150)
    assert found.by == "outsourced"
    assert found.log_z == pytest.approx(evidence, abs=0.01)
    assert found.eubo - evidence < 0.01 * 3
    assert evidence - found.elbo < 0.01 * 3
    check_moments(found.z, mean, covariance)


@pytest.mark.statistical
def test_so_is_it_by_an_annealed_population() -> None:
    mean, covariance, evidence = linear_exact()
    with computing(2, 1):
        found = anneal(TargetDensity(prior("normal", 3), linear), 4096)
    assert found.log_z == pytest.approx(evidence, abs=0.15)
    check_moments(found.z.double().numpy(), mean, covariance)


def check_moments(z: np.ndarray, mean: np.ndarray, covariance: np.ndarray) -> None:
    """To a tenth of a standard deviation."""
    sd = np.sqrt(np.diag(covariance))
    scale = np.outer(sd, sd)
    assert (z.mean(axis=0) - mean) / sd == pytest.approx(0, abs=0.1)
    assert np.cov(z.T) / scale == pytest.approx(covariance / scale, abs=0.1)


def test_an_untrained_sampler_is_the_normal_of_its_particles() -> None:
    with computing(3, 1):
        particles = torch.randn(500, 3) @ LINEAR[:3] + SEEN[:3]
        sampler = Sampler(particles)
        with torch.no_grad():
            own, other = sampler.draw(100), sampler.noised(particles)
            log_q = sampler.log_q(own), sampler.log_q(other)
            z = sampler.endpoint(own), sampler.endpoint(other)
    torch.testing.assert_close(z[1], particles)
    normal = stats.multivariate_normal(particles.mean(0).numpy(), np.cov(particles.numpy().T))
    for where, found in zip(z, log_q, strict=True):
        assert found.numpy() == pytest.approx(normal.logpdf(where.numpy()), abs=2e-3)


def likely_member(z: Tensor) -> Tensor:
    """Log probability of a class."""
    return torch.nn.functional.logsigmoid(3 * z[:, 0] - 4)


@pytest.mark.statistical
def test_a_common_constraint_is_met_by_draws_of_the_prior() -> None:
    """A class of a tenth of the prior, by quadrature."""
    found = outsource(NORMAL, likely_member, draws=4000, seed=5)

    def integral(power: int) -> float:
        return integrate.quad(
            lambda x: x**power * stats.norm.pdf(x) / (1 + math.exp(4 - 3 * x)), -9, 9
        )[0]

    assert found.by == "prior"
    assert found.z.shape == (4000, 2) and found.z.dtype == np.float64
    assert found.log_z == pytest.approx(math.log(integral(0)), abs=0.02)
    assert found.z[:, 0].mean() == pytest.approx(integral(1) / integral(0), abs=0.03)
    assert found.effective_draws == pytest.approx(4000)


def test_a_rare_constraint_is_not() -> None:
    with computing(1, 1):
        assert rejection_sample(THREE, 4000) is None


@pytest.mark.statistical
def test_a_sampler_that_is_not_usable_is_replaced_by_the_population() -> None:
    """Hardly trained, on modes too narrow for the prior; still in proportion."""

    def narrow(z: Tensor) -> Tensor:
        apart = (z[:, None] - MODES).square().sum(-1) / (2 * 0.02**2)
        return (SHARES.log() - apart - 2 * math.log(0.02)).logsumexp(-1)

    found = outsource(NORMAL, narrow, draws=2000, seed=3, steps=2)
    height = np.exp(NORMAL.log_prob(MODES).double().numpy())
    expected = SHARES.numpy() * height * 2 * math.pi
    assert found.by == "annealed"
    assert found.z.shape == (2000, 2)
    assert shares(found) == pytest.approx(expected / expected.sum(), abs=0.06)
    assert found.log_z == pytest.approx(math.log(expected.sum()), abs=0.2)
    within = found.z - MODES.numpy()[nearest(found.z)]
    assert within.std() == pytest.approx(0.02, rel=0.1)


def test_draws_depend_on_the_seed_and_leave_the_global_state_alone() -> None:
    def once() -> OutsourcedDraws:
        return outsource(NORMAL, three_modes, draws=3000, seed=9, steps=4)

    before = torch.random.get_rng_state()
    first = once()
    assert torch.equal(torch.random.get_rng_state(), before)
    torch.randn(5)
    again = once()
    assert np.array_equal(first.z, again.z) and np.array_equal(first.log_weight, again.log_weight)


@pytest.mark.statistical
def test_a_reward_without_a_gradient_or_with_a_wall_will_do() -> None:
    """The prior beyond three standard deviations: a truncated normal."""

    def beyond(z: Tensor) -> Tensor:
        return torch.where(z[:, 0] > 3, 0.0, -math.inf)

    with computing(4, 1):
        found = anneal(TargetDensity(NORMAL, beyond), 8192)
    exact = stats.truncnorm(3, np.inf)
    assert (found.z[:, 0] > 3).all()
    assert found.log_z == pytest.approx(stats.norm.logsf(3), abs=1)
    assert float(found.z[:, 0].mean()) == pytest.approx(exact.mean(), abs=0.05)
    assert float(found.z[:, 1].std()) == pytest.approx(1, abs=0.1)


def test_a_constraint_that_no_draw_meets_is_an_error() -> None:
    with pytest.raises(NothingLeft, match="none of"):
        outsource(NORMAL, lambda z: z[:, 0] * 0 - math.inf, draws=8, seed=1)
