"""The chain whose belief is a mixture: exact where that is one normal, and true for any."""

from __future__ import annotations

import math

import pytest
import torch
from linear_gaussian import linear_gaussian
from torch import Tensor
from toy_model import toy_model

from ancestry_ddvi.models.batch import Batch
from ancestry_ddvi.models.likelihoods.scores import ScoreLikelihood
from ancestry_ddvi.models.posteriors.reversal import Reversal, belief
from ancestry_ddvi.models.priors.gaussian import StandardNormal
from ancestry_ddvi.models.recall import Memory, Mixtures
from ancestry_ddvi.models.recalled import Recalled

in_float64 = pytest.mark.usefixtures("float64")


def one_normal(mean: Tensor, variance: Tensor) -> Mixtures:
    """A single part, that is the whole."""
    part = torch.zeros_like(mean)[:, None]
    return Mixtures(mean, variance.sqrt(), part, torch.ones_like(part), part[..., 0])


def some_mixture(rows: int = 3, parts: int = 5, dims: int = 2) -> Mixtures:
    return Mixtures(
        torch.randn(rows, dims),
        0.5 + torch.rand(rows, dims),
        torch.randn(rows, parts, dims),
        0.05 + torch.rand(rows, parts, dims),
        torch.randn(rows, parts).log_softmax(-1),
    )


@in_float64
@pytest.mark.parametrize("steps", [1, 2, 5, 20])
@pytest.mark.parametrize("dims", [1, 2, 4])
def test_of_one_normal_every_path_weighs_the_evidence(steps: int, dims: int) -> None:
    exact = linear_gaussian(0, "none", dims)
    chain = Reversal(dims, steps)
    noise = 1.5 * torch.randn(len(exact.batch), 64, *chain.noise_shape)
    draw = chain.rsample(one_normal(exact.mean, exact.variance), noise)
    weight = exact.model.log_weight(exact.batch.repeat(64), draw).view(-1, 64)
    expected = exact.log_evidence[:, None].expand_as(weight)
    torch.testing.assert_close(weight, expected, rtol=0, atol=1e-3 * steps)


@in_float64
def test_a_belief_is_that_of_a_sum_over_a_grid() -> None:
    mixtures, signal = some_mixture(1), 0.4
    axis = torch.linspace(-9, 9, 721)
    grid = torch.cartesian_prod(axis, axis)
    normals = torch.distributions.Normal(mixtures.mean[0], mixtures.variance[0].sqrt())
    prior = (normals.log_prob(grid[:, None]).sum(-1) + mixtures.log_weight[0]).logsumexp(-1)
    y = torch.tensor([0.7, -1.2])
    noise = torch.distributions.Normal(math.sqrt(signal) * grid, math.sqrt(1 - signal))
    weight = (prior + noise.log_prob(y).sum(-1)).softmax(0)
    mean, covariance = belief(mixtures, y.view(1, 2, 1), signal)
    apart = grid - weight @ grid
    torch.testing.assert_close(mean[0, :, 0], weight @ grid, rtol=1e-4, atol=1e-5)
    expected = (weight[:, None] * apart).T @ apart
    torch.testing.assert_close(covariance[0, :, :, 0], expected, rtol=1e-3, atol=1e-4)


@in_float64
@pytest.mark.statistical
def test_the_chain_is_a_density_over_paths() -> None:
    """E_q[f(z) r(path | z) / q(z, path)] is the integral of f, for every normalised f."""
    mixtures, chain = some_mixture(1), Reversal(2, 4)
    draw = chain.rsample(mixtures, torch.randn(1, 200_000, *chain.noise_shape))
    mean, sd = draw.z.mean(0), draw.z.std(0)
    ratio = (torch.distributions.Normal(mean, sd).log_prob(draw.z).sum(-1) - draw.log_q).exp()
    assert abs(ratio.mean() - 1) < 5 * ratio.std() / math.sqrt(200_000) < 0.1


def recalled(steps: int = 6) -> Recalled:
    toy = toy_model()
    return Recalled(toy.prior, toy.likelihood, toy.posterior, toy.encoder, steps).eval()


def rows(model: Recalled, count: int = 12) -> Batch:
    factor = torch.eye(5).expand(count, 5, 5) * torch.linspace(0.2, 1.5, count)[:, None, None]
    return model.likelihood.simulate(
        Batch(torch.zeros(count, 5), factor), model.prior.sample(count)
    )


def test_the_memory_has_the_moments_of_the_exact_posterior() -> None:
    """Linear-Gaussian: closed form."""
    exact = linear_gaussian(0, "none", 2)
    mixtures = Memory.of(exact.model.prior, exact.model.likelihood).mixtures(exact.batch)
    torch.testing.assert_close(mixtures.centre, exact.mean, rtol=0.02, atol=0.02)
    torch.testing.assert_close(mixtures.sd, exact.variance.sqrt(), rtol=0.05, atol=0.005)


def test_parts_together_are_the_whole() -> None:
    model = recalled()
    mixtures = model.memory().mixtures(rows(model))
    share = mixtures.log_weight.exp()[..., None]
    torch.testing.assert_close(share.sum(1), torch.ones(12, 1), rtol=1e-4, atol=1e-4)
    mean = (share * mixtures.mean).sum(1)
    square = (share * (mixtures.variance + mixtures.mean.square())).sum(1)
    torch.testing.assert_close(mean, torch.zeros(12, 2), rtol=0, atol=1e-3)
    torch.testing.assert_close(square, torch.ones(12, 2), rtol=0.01, atol=0.01)


def test_draws_need_hardly_a_weight_though_nothing_is_trained() -> None:
    model = recalled()
    batch = rows(model)
    with torch.no_grad():
        draw = model.encode_many(batch, torch.randn(12, 512, *model.noise_shape))
        weight = model.log_weight(batch.repeat(512), draw).view(12, 512).softmax(1)
    assert (1 / weight.square().sum(1) / 512).mean() > 0.85


def test_one_draw_and_several_come_from_the_same_chain() -> None:
    model = recalled()
    batch, noise = rows(model), torch.randn(12, 1, *model.noise_shape)
    torch.testing.assert_close(
        model.encode(batch, noise[:, 0]).z, model.encode_many(batch, noise).z
    )


def test_a_memory_is_of_the_present_decoder() -> None:
    model = recalled()
    before = model.memory()
    assert model.memory() is before
    with torch.no_grad():
        model.likelihood.linear.weight.mul_(2)
    assert not torch.equal(model.train().memory().expected, before.expected)
    assert not torch.equal(model.eval().memory().expected, before.expected)


def test_a_better_posterior_changes_neither_prior_nor_decoder() -> None:
    toy, model = toy_model(), recalled()
    other = model.with_generator(toy)
    assert other.prior is toy.prior
    assert other.likelihood is toy.likelihood
    assert isinstance(other, Recalled)


def test_it_cannot_recall_what_are_not_scores() -> None:
    class Other:
        prior, likelihood = StandardNormal(2), torch.nn.Identity()

    with pytest.raises(TypeError, match="scores"):
        recalled().with_generator(Other())


def test_whitened_scores_have_the_inverse_of_noise_plus_residual() -> None:
    likelihood = ScoreLikelihood(torch.ones(5), 2, 8)
    root = torch.eye(5) + 0.2 * torch.randn(3, 5, 5).tril(-1)
    batch = Batch(torch.randn(3, 5), root)
    covariance = torch.linalg.inv(root @ root.mT) + torch.diag(
        likelihood.log_residual_variance.exp()
    )
    expected = torch.linalg.inv(covariance)
    whitening = likelihood.whitening(batch).matrix
    torch.testing.assert_close(whitening.mT @ whitening, expected, rtol=1e-3, atol=1e-4)


def test_cells_are_left_out_only_where_no_row_has_weight() -> None:
    """Against all latents, weighted one by one in float64."""
    model = recalled()
    batch, memory = rows(model), model.memory()
    found = memory.mixtures(batch)
    whitening = model.likelihood.whitening(batch).matrix.double()
    apart = batch.x.double()[:, None] - memory.expected.flatten(1).mT.double()
    weight = (-0.5 * (apart @ whitening.mT).square().sum(-1)).softmax(1)
    z = memory.moments.flatten(0, 1)[:, 1:3].double()
    mean = weight @ z
    sd = (weight @ z.square() - mean.square()).sqrt()
    torch.testing.assert_close(found.centre.double(), mean, rtol=0, atol=5e-3)
    torch.testing.assert_close(found.sd.double(), sd, rtol=0.01, atol=0)
    few = [len(memory._near(*row)[0]) for row in near(model, batch)]
    assert min(few) < memory.middle.shape[1] / 2


def near(model: Recalled, batch: Batch) -> zip:
    whitening = model.likelihood.whitening(batch)
    return zip(batch.x, whitening.matrix, whitening.matrix.square().sum(-2), strict=True)


def test_several_latents_of_a_row_weigh_as_in_rows_of_their_own() -> None:
    model = recalled()
    batch, z = rows(model), torch.randn(12 * 7, 2)
    torch.testing.assert_close(
        model.likelihood.log_prob(batch, z), model.likelihood.log_prob(batch.repeat(7), z)
    )
