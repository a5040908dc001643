"""Every prior: its density is one, and its sampler draws from it."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from scipy import stats

from ancestry_ddvi.models.priors.base import Prior
from ancestry_ddvi.models.priors.gaussian import StandardNormal

PRIORS = {f"standard normal in {dims}": StandardNormal(dims) for dims in (1, 2, 3)}
REACH = 8.0
DRAWS = 60_000

every_prior = pytest.mark.parametrize("prior", PRIORS.values(), ids=PRIORS.keys())


def dims_of(prior: Prior) -> int:
    return prior.sample(1).shape[1]


def cells(prior: Prior, points: int) -> tuple[torch.Tensor, float]:
    """Midpoints of a grid over the box, and the volume of a cell."""
    step = 2 * REACH / points
    axis = -REACH + step * (torch.arange(points, dtype=torch.float64) + 0.5)
    dims = dims_of(prior)
    return torch.cartesian_prod(*[axis] * dims).reshape(-1, dims), step**dims


@every_prior
def test_the_mass_is_one(prior: Prior) -> None:
    z, volume = cells(prior, 96)
    assert prior.log_prob(z).exp().sum().item() * volume == pytest.approx(1, abs=1e-6)


@every_prior
@pytest.mark.statistical
def test_draws_fall_where_the_density_says(prior: Prior) -> None:
    """Chi-square over the cells of a coarse grid that expect at least ten draws."""
    fine, coarse = 96, 16
    z, volume = cells(prior, fine)
    dims = dims_of(prior)
    mass = (prior.log_prob(z).exp() * volume).numpy().reshape([coarse, fine // coarse] * dims)
    expected = mass.sum(axis=tuple(range(1, 2 * dims, 2))).ravel() * DRAWS
    with torch.random.fork_rng():
        torch.manual_seed(1)
        draws = prior.sample(DRAWS).double().numpy()
    edges = [np.linspace(-REACH, REACH, coarse + 1)] * dims
    observed = np.histogramdd(draws, edges)[0].ravel()
    rich = expected >= 10
    observed = np.append(observed[rich], DRAWS - observed[rich].sum())
    expected = np.append(expected[rich], DRAWS - expected[rich].sum())
    kept = expected > 1
    statistic = ((observed - expected)[kept] ** 2 / expected[kept]).sum()
    assert stats.chi2.sf(statistic, kept.sum() - 1) > 0.01


@every_prior
def test_a_prior_that_says_it_is_isotropic_is(prior: Prior) -> None:
    turn = torch.linalg.qr(torch.randn(dims_of(prior), dims_of(prior), dtype=torch.float64))[0]
    z = 2 * torch.randn(100, dims_of(prior), dtype=torch.float64)
    same = torch.allclose(prior.log_prob(z), prior.log_prob(z @ turn))
    assert same or not prior.isotropic


def test_the_standard_normal_is_scipys() -> None:
    z = np.random.default_rng(0).normal(size=(20, 3))
    expected = stats.norm.logpdf(z).sum(axis=1)
    np.testing.assert_allclose(StandardNormal(3).log_prob(torch.tensor(z)), expected)


def test_every_prior_is_tested() -> None:
    known = {type(prior) for prior in PRIORS.values()}
    assert known == set(itertools.chain(Prior.__subclasses__()))
