"""The exact evidence on a grid, and what bounds leave to it."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from ancestry_ddvi.evaluation.evidence import GAPS, Grid, gaps
from ancestry_ddvi.models.batch import Batch
from ancestry_ddvi.models.likelihoods.scores import ScoreLikelihood
from ancestry_ddvi.models.priors.gaussian import StandardNormal

FEATURES, ROWS = 5, 6


@pytest.fixture(scope="module")
def linear():
    """A linear decoder with a batch of which the evidence is normal, in closed form."""
    torch.manual_seed(3)
    likelihood = ScoreLikelihood(torch.ones(FEATURES), 2, 4)
    with torch.no_grad():
        likelihood.net.head.weight.zero_()
        likelihood.linear.weight.copy_(2 * torch.randn(FEATURES, 2))
    batch = Batch(2 * torch.randn(ROWS, FEATURES), torch.eye(FEATURES).expand(ROWS, -1, -1))
    weight = likelihood.linear.weight.detach().double()
    noise = 1 + likelihood.log_residual_variance.detach().double().exp()
    covariance = weight @ weight.T + torch.diag(noise)
    normal = torch.distributions.MultivariateNormal(torch.zeros(FEATURES).double(), covariance)
    pulled = weight.T / noise
    posterior = torch.linalg.inv(torch.eye(2).double() + pulled @ weight)
    mean = batch.x.double() @ (posterior @ pulled).T
    return likelihood, batch, normal.log_prob(batch.x.double()).numpy(), mean, posterior


def test_the_evidence_on_a_grid_is_that_of_the_closed_form(linear) -> None:
    likelihood, batch, log_evidence, _, _ = linear
    grid = Grid.of(StandardNormal(2), likelihood)
    np.testing.assert_allclose(grid.log_evidence(batch), log_evidence, atol=1e-4)


def test_the_moments_on_a_grid_are_those_of_the_closed_form(linear) -> None:
    likelihood, batch, _, mean, posterior = linear
    grid = Grid.of(StandardNormal(2), likelihood)
    found = grid.moments(batch[slice(1, 2)])
    np.testing.assert_allclose(found[0], mean[1], atol=1e-4)
    np.testing.assert_allclose(found[1], posterior, atol=1e-4)


def test_an_exact_posterior_leaves_nothing(linear) -> None:
    likelihood, batch, log_evidence, mean, posterior = linear
    normal = torch.distributions.MultivariateNormal(mean[:, None], posterior)
    z = normal.sample((64,)).transpose(0, 1)[:, :, 0]
    prior = StandardNormal(2).log_prob(z.flatten(0, 1)).view(ROWS, -1)
    data = likelihood.log_prob(batch.repeat(64), z.flatten(0, 1).float()).view(ROWS, -1)
    log_q = normal.log_prob(z.transpose(0, 1)[:, :, None])[..., 0].T
    found = gaps((prior + data - log_q).detach().double().numpy(), log_evidence)
    assert np.abs(found["elbo_gap"]).max() < 1e-3
    assert np.abs(found["importance_gap"]).max() < 1e-3
    assert found["effective_share"].min() > 0.999


def test_gaps_are_those_of_two_weights_by_hand() -> None:
    found = gaps(np.log([[1.0, 3.0]]), np.log([4.0]))
    assert tuple(found) == GAPS
    assert found["elbo_gap"][0] == pytest.approx(math.log(4) - math.log(3) / 2)
    assert found["importance_gap"][0] == pytest.approx(math.log(2))
    assert found["effective_share"][0] == pytest.approx(16 / 10 / 2)
