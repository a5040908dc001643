"""Draws for samples whose posterior the method missed: found again, and right by a grid."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from scipy.stats import ks_2samp, multivariate_t
from toy_model import Grid, as_scores, rested, simulate

from ancestry_ddvi.data.scores import ScoreData
from ancestry_ddvi.inference.posterior_draws import PosteriorDraws, effective_sample_size
from ancestry_ddvi.inference.refinement import DEGREES_OF_FREEDOM, MIN_ESS, _Student, refine
from ancestry_ddvi.inference.sampling import draw_posterior

SAMPLES, DRAWS = 24, 256
IDS = [f"p{i}" for i in range(SAMPLES)]


@pytest.fixture(scope="module")
def batch():
    return simulate(rested(), SAMPLES, seed=31)[1]


def from_elsewhere(batch, sample: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Draws of N((1, -1), 1), whoever the sample is, with their weights."""
    model = rested()
    rows = batch[torch.tensor([sample])].repeat(DRAWS)
    with torch.random.fork_rng():
        torch.manual_seed(sample)
        error = torch.randn(DRAWS, 2)
    z = error + torch.tensor([1.0, -1.0])
    with torch.no_grad():
        log_q = -0.5 * error.square().sum(-1) - np.log(2 * np.pi)
        return z, model.log_joint(rows, z) - log_q


@pytest.mark.statistical
def test_posterior_means_and_sds_are_those_of_a_grid(batch) -> None:
    model, grid = rested(), Grid(rested(), batch)
    missed = 0
    for sample in range(SAMPLES):
        z, weight = from_elsewhere(batch, sample)
        if effective_sample_size(weight.numpy()) >= MIN_ESS:
            continue
        missed += 1
        rows = batch[torch.tensor([sample])].repeat(DRAWS)
        with torch.no_grad():
            z, weight = refine(model, rows, z, weight, np.random.default_rng(sample))
        found = PosteriorDraws(z.double().numpy()[None], weight.double().numpy()[None])
        assert found.effective_draws[0] > 2 * MIN_ESS
        close = 0.35 * grid.sd[sample].max()
        np.testing.assert_allclose(found.mean[0], grid.mean[sample], atol=close)
        np.testing.assert_allclose(found.sd[0], grid.sd[sample], rtol=0.4)
        assert found.log_evidence[0] == pytest.approx(grid.log_evidence[sample], abs=0.2)
    assert missed > SAMPLES / 3


@pytest.mark.parametrize("dims", [1, 2, 4])
def test_proposals_have_the_distribution_of_scipy(dims: int) -> None:
    chance = np.random.default_rng(dims)
    root = chance.normal(size=(dims, dims))
    mean, shape = chance.normal(size=dims), root @ root.T + np.eye(dims)
    ours = _Student(mean, np.linalg.cholesky(shape))
    theirs = multivariate_t(mean, shape, df=DEGREES_OF_FREEDOM)
    z = ours.draw(20_000, chance)
    np.testing.assert_allclose(ours.log_density(z), theirs.logpdf(z), atol=1e-9)
    expected = theirs.rvs(20_000, random_state=1).reshape(z.shape)
    for axis in range(dims):
        assert ks_2samp(z[:, axis], expected[:, axis]).pvalue > 0.001


def test_good_draws_are_left_alone(batch) -> None:
    rows = batch[torch.tensor([0])].repeat(DRAWS)
    z, weight = torch.randn(DRAWS, 2), torch.zeros(DRAWS)
    again = refine(rested(), rows, z, weight, np.random.default_rng(0))
    assert again[0] is z
    assert again[1] is weight


def test_refined_draws_do_not_depend_on_the_other_samples(batch) -> None:
    """A decoder rotated round after training: nearly every sample has to be refined."""
    model = copy.deepcopy(rested())
    with torch.no_grad():
        model.likelihood.linear.weight.mul_(-1)
    scores = as_scores(batch)

    def embedded(rows: np.ndarray) -> PosteriorDraws:
        data = ScoreData(scores[rows], torch.device("cpu"))
        return draw_posterior(model, data, [IDS[i] for i in rows], draws=DRAWS, seed=1)

    plain = embedded(np.arange(SAMPLES))
    assert (plain.effective_draws > MIN_ESS).mean() > 0.9
    order = np.random.default_rng(2).permutation(SAMPLES)
    mixed, alone = embedded(order), embedded(np.array([5]))
    for name in ("draws", "log_weight"):
        np.testing.assert_array_equal(getattr(mixed, name), getattr(plain, name)[order])
        np.testing.assert_array_equal(getattr(alone, name)[0], getattr(plain, name)[5])


def test_even_a_few_draws_make_bars_of_the_right_width(batch) -> None:
    """Thirty-two draws: an interval from three of them would be too narrow."""
    grid, model = Grid(rested(), batch), copy.deepcopy(rested())
    with torch.no_grad():
        model.posterior.base.head.bias.add_(0.7)
    data = ScoreData(as_scores(batch), torch.device("cpu"))
    embedded = draw_posterior(model, data, IDS, draws=32, seed=1)
    assert (embedded.effective_draws > 8).mean() > 0.9
    assert (embedded.sd / grid.sd).mean() == pytest.approx(1, abs=0.1)


def test_bounds_are_of_the_draws_the_method_made_itself(batch) -> None:
    """Better draws say more of the evidence, and nothing of the posterior that missed it."""
    grid, model = Grid(rested(), batch), copy.deepcopy(rested())
    with torch.no_grad():
        model.posterior.base.head.bias.add_(1.5)
    embedded = draw_posterior(
        model, ScoreData(as_scores(batch), torch.device("cpu")), IDS, draws=32, seed=1
    )
    assert embedded.log_evidence.mean() == pytest.approx(grid.log_evidence.mean(), abs=0.1)
    assert embedded.importance_bound.mean() < embedded.log_evidence.mean() - 0.5
    assert (embedded.elbo <= embedded.importance_bound).all()
