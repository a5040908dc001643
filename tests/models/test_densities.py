"""Single densities against torch's own distributions, in nats, summed over coordinates."""

from __future__ import annotations

import pytest
import torch
from toy_model import SCALE, covariances, factors, simulate, toy_model

from ancestry_ddvi.models.batch import Batch
from ancestry_ddvi.models.encoders import ScoreEncoder
from ancestry_ddvi.models.likelihoods.scores import ScoreLikelihood
from ancestry_ddvi.models.normal import log_normal
from ancestry_ddvi.models.posteriors.gaussian import CENTRE, REACH, Gaussian

pytestmark = pytest.mark.usefixtures("float64")


def test_the_normal_density_is_summed_over_the_last_axis() -> None:
    value, mean, log_sd = torch.randn(3, 7, 4)
    expected = torch.distributions.Normal(mean, log_sd.exp()).log_prob(value).sum(-1)
    torch.testing.assert_close(log_normal(value, mean, log_sd), expected)


def test_a_number_serves_as_mean_or_spread_of_all_coordinates() -> None:
    value = torch.randn(7, 4)
    expected = torch.distributions.Normal(0.5, 2.0).log_prob(value).sum(-1)
    spread = torch.tensor(2.0).log().item()
    torch.testing.assert_close(log_normal(value, 0.5, spread), expected)


def test_scores_have_the_density_of_their_noise_and_excess_together() -> None:
    model, factor = toy_model(), factors(9)
    z, x = torch.randn(9, 2), 3 * torch.randn(9, 5)
    normal = torch.distributions.MultivariateNormal(model.likelihood(z), covariances(model, factor))
    weight = model.likelihood.log_prob(Batch(x, factor), z)
    torch.testing.assert_close(weight, normal.log_prob(x))


def test_the_density_holds_from_single_variants_to_whole_genomes() -> None:
    """Precisions over sixteen orders of magnitude; neither limit is singular."""
    model, z = toy_model(), torch.randn(1, 2)
    for power in range(-8, 9):
        factor = factors(3)[2:] * 10.0 ** (power / 2)
        normal = torch.distributions.MultivariateNormal(
            model.likelihood(z), covariances(model, factor)
        )
        x = normal.sample()
        weight = model.likelihood.log_prob(Batch(x, factor), z)
        torch.testing.assert_close(weight, normal.log_prob(x), rtol=1e-6, atol=1e-6)


def test_a_sample_of_whom_nothing_is_known_is_equally_likely_everywhere() -> None:
    likelihood = ScoreLikelihood(torch.tensor(SCALE), 2, 8)
    nothing = Batch(torch.zeros(50, 5), 1e-6 * torch.eye(5).expand(50, 5, 5))
    weight = likelihood.log_prob(nothing, 3 * torch.randn(50, 2))
    assert weight.max() - weight.min() < 1e-6


@pytest.mark.statistical
def test_fantasies_scatter_by_the_noise_of_their_row_and_the_excess() -> None:
    model, samples = toy_model(), 60_000
    batch = Batch(torch.zeros(samples, 5), factors(3)[1].expand(samples, 5, 5))
    z = torch.tensor([[0.7, -1.1]]).expand(samples, 2)
    with torch.no_grad():
        simulate = model.likelihood.simulate(batch, z)
        root = torch.linalg.cholesky(torch.linalg.inv(covariances(model, batch.factor[:1])[0]))
        whitened = (simulate.x - model.likelihood(z)) @ root
    assert torch.equal(simulate.factor, batch.factor)
    torch.testing.assert_close(whitened.mean(0), torch.zeros(5), rtol=0, atol=0.02)
    torch.testing.assert_close(torch.cov(whitened.T), torch.eye(5), rtol=0, atol=0.03)


def test_the_decoder_begins_with_the_leading_components() -> None:
    likelihood = ScoreLikelihood(torch.tensor(SCALE), 2, 8)
    torch.nn.init.zeros_(likelihood.net.head.weight)
    leading = torch.tensor([[3.0, 0, 0, 0, 0], [0, 2.0, 0, 0, 0]])
    torch.testing.assert_close(likelihood(torch.eye(2)), leading)


def test_the_encoder_sees_scores_shrunk_by_their_own_uncertainty() -> None:
    """What enters the network is the posterior under independent normal scores."""
    encoder, factor = ScoreEncoder(torch.tensor(SCALE), 16), factors(6)
    x, seen = 3 * torch.randn(6, 5), []
    encoder.net.register_forward_pre_hook(lambda module, args: seen.append(args[0]))
    encoder(Batch(x, factor))
    scale = torch.tensor(SCALE)
    for i in range(6):
        precision = factor[i] @ factor[i].T
        covariance = torch.linalg.inv(precision + torch.diag(1 / scale**2))
        mean = covariance @ precision @ x[i]
        spread = covariance.diagonal().sqrt()
        expected = torch.cat([mean / scale, (spread / scale).log()])
        torch.testing.assert_close(seen[0][i], expected)


def test_a_wild_score_of_which_nothing_is_known_does_not_matter() -> None:
    encoder = ScoreEncoder(torch.tensor(SCALE), 16)
    vague = 1e-9 * torch.eye(5).expand(2, 5, 5)
    x = torch.stack([torch.zeros(5), torch.full((5,), 1e6)])
    context = encoder(Batch(x, vague))
    torch.testing.assert_close(context[0], context[1])


def test_standard_deviations_of_the_gaussian_are_bounded_for_any_network_output() -> None:
    gaussian = Gaussian(1, 1)
    with torch.no_grad():
        gaussian.head.weight.copy_(torch.tensor([[0.0], [1.0]]))
        gaussian.head.bias.zero_()
    _, log_sd = gaussian.moments(torch.tensor([[-1e9], [0.0], [1e9]]))
    expected = torch.tensor([[CENTRE - REACH], [CENTRE], [CENTRE + REACH]])
    torch.testing.assert_close(log_sd, expected)


def test_a_log_weight_is_likelihood_plus_prior_minus_posterior() -> None:
    model = toy_model()
    _, batch = simulate(model, 7, 1)
    draw = model.encode(batch, torch.randn(7, *model.noise_shape))
    standard = torch.distributions.MultivariateNormal(torch.zeros(2), torch.eye(2))
    divergence = draw.log_q - standard.log_prob(draw.z)
    likelihood = model.likelihood.log_prob(batch, draw.z)
    torch.testing.assert_close(model.log_weight(batch, draw), likelihood - divergence)
    torch.testing.assert_close(model.log_weight(batch, draw, 4.0), likelihood - 4 * divergence)


def test_a_batch_repeats_each_sample_in_a_row() -> None:
    batch = Batch(torch.arange(4.0)[:, None], torch.arange(4.0)[:, None, None])
    assert batch.repeat(2).x[:, 0].tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    assert batch.repeat(2).factor[:, 0, 0].tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    assert len(batch[1:3]) == 2
    assert batch[1:3].x[:, 0].tolist() == batch[1:3].factor[:, 0, 0].tolist() == [1, 2]
