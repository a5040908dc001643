"""Masses of pixels sum to one, samples follow them, and no row depends on another."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
from torch import nn

from ancestry_ddvi.models.batch import Batch
from ancestry_ddvi.models.images import ColourPixels, GreyPixels
from ancestry_ddvi.models.likelihoods.bernoulli import BernoulliPixels
from ancestry_ddvi.models.likelihoods.discretised import DiscretisedLogistic
from ancestry_ddvi.models.nets import FourierFeatures

MODALITIES = {"grey": GreyPixels(28, 28), "colour": ColourPixels(32, 32)}
LEVELS = torch.arange(256) / 255


def images(name: str, n: int) -> Batch:
    if name == "grey":
        return Batch(torch.randint(2, (n, 784)).float())
    return Batch(torch.randint(256, (n, 3072)) / 255)


def at_location(scale: tuple[float, ...]) -> DiscretisedLogistic:
    """One pixel per channel, whose locations are the latents themselves."""
    likelihood = DiscretisedLogistic(Shift(), len(scale))
    with torch.no_grad():
        likelihood.log_scale.copy_(torch.tensor(scale).log()[:, None])
    return likelihood


class Shift(nn.Module):
    """Locations as differences from mid-grey."""

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return z - 0.5


# Black and white -------------------------------------------------------------------------------


@pytest.mark.usefixtures("float64")
def test_the_masses_of_all_images_of_four_pixels_sum_to_one() -> None:
    likelihood = GreyPixels(2, 2).likelihood(3, 8)
    every = torch.tensor(list(itertools.product([0.0, 1.0], repeat=4)))
    for z in 3 * torch.randn(5, 3):
        mass = likelihood.log_prob(Batch(every), z.expand(16, 3)).exp()
        torch.testing.assert_close(mass.sum(), torch.tensor(1.0))
        torch.testing.assert_close(mass @ every, likelihood(z[None])[0])


@pytest.mark.usefixtures("float64")
def test_black_and_white_has_the_mass_that_torch_gives_it() -> None:
    likelihood, z = GreyPixels(3, 5).likelihood(2, 8), torch.randn(9, 2)
    x = torch.randint(2, (9, 15)).to(z)
    expected = torch.distributions.Bernoulli(likelihood(z)).log_prob(x).sum(-1)
    torch.testing.assert_close(likelihood.log_prob(Batch(x), z), expected)


def test_certain_pixels_have_a_finite_mass() -> None:
    likelihood = BernoulliPixels(nn.Identity())
    odds = torch.tensor([[200.0], [-200.0], [200.0]])
    x = torch.tensor([[1.0], [0.0], [0.0]])
    assert likelihood.log_prob(Batch(x), odds).tolist() == [0.0, 0.0, -200.0]


@pytest.mark.statistical
def test_fantasies_are_white_as_often_as_their_probability() -> None:
    """20,000 images of 12 pixels at one latent, to 4.5 standard errors."""
    likelihood = GreyPixels(3, 4).likelihood(2, 16)
    z = torch.randn(1, 2).expand(20_000, 2)
    with torch.no_grad():
        x = likelihood.simulate(Batch(torch.zeros(20_000, 12), label=torch.arange(20_000)), z).x
        chance = likelihood(z[:1])[0]
    assert ((x == 0) | (x == 1)).all() and x.dtype == z.dtype
    assert ((x.mean(0) - chance).abs() < 4.5 * (chance * (1 - chance) / 20_000).sqrt()).all()
    covariance = x.T.cov() - torch.diag(x.var(0))
    assert covariance.abs().max() < 4.5 * 0.25 / math.sqrt(20_000)


# Colours ---------------------------------------------------------------------------------------


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("scale", [1e-4, 1e-3, 0.1, 30.0])
@pytest.mark.parametrize("location", [-0.3, 0.0, 0.1234, 0.5, 1.0, 2.0])
def test_the_masses_of_256_levels_sum_to_one(scale: float, location: float) -> None:
    levels = torch.arange(256) / 255
    z = torch.full((256, 1), location)
    mass = at_location((scale,)).log_prob(Batch(levels[:, None]), z).exp()
    torch.testing.assert_close(mass.sum(), torch.tensor(1.0))


@pytest.mark.usefixtures("float64")
def test_the_mass_of_an_image_is_the_product_of_those_of_its_pixels() -> None:
    """Channel after channel, each with its own scale."""
    likelihood, z, scales = (
        ColourPixels(8, 8).likelihood(2, 16),
        torch.randn(6, 2),
        (0.05, 0.1, 0.2),
    )
    x = torch.randint(256, (6, 3 * 64)) / 255
    with torch.no_grad():
        likelihood.log_scale.copy_(torch.tensor(scales).log()[:, None])
        location = 0.5 + likelihood.net(z)
    expected = torch.zeros(6)
    for scale, pixels, where in zip(scales, x.split(64, 1), location.split(64, 1), strict=True):
        each = at_location((scale,)).log_prob(Batch(pixels.reshape(-1, 1)), where.reshape(-1, 1))
        expected += each.view(6, 64).sum(1)
    torch.testing.assert_close(likelihood.log_prob(Batch(x), z), expected)


@pytest.mark.usefixtures("float64")
def test_levels_have_the_mass_that_scipy_gives_them_each_channel_its_scale() -> None:
    stats = pytest.importorskip("scipy.stats")
    scale = (0.02, 0.1, 0.5)
    z = 0.5 + torch.randn(40, 3)
    level = torch.randint(256, (40, 3))
    level[:4] = torch.tensor([[0], [0], [255], [255]])
    expected = torch.zeros(40)
    for channel in range(3):
        logistic = stats.logistic(z[:, channel].numpy(), scale[channel])
        low = ((level[:, channel] - 0.5) / 255).where(level[:, channel] > 0, -math.inf)
        high = ((level[:, channel] + 0.5) / 255).where(level[:, channel] < 255, math.inf)
        below = torch.tensor(logistic.cdf(high)) - torch.tensor(logistic.cdf(low))
        above = torch.tensor(logistic.sf(low)) - torch.tensor(logistic.sf(high))
        expected += torch.where(torch.tensor(logistic.mean()) > low, below, above).log()
    log_mass = at_location(scale).log_prob(Batch(level / 255), z)
    torch.testing.assert_close(log_mass, expected, rtol=1e-6, atol=1e-6)


def test_levels_far_from_where_they_are_expected_keep_their_digits() -> None:
    """In single precision, where differences of distribution functions are long zero."""
    likelihood = at_location((0.001,))
    z = torch.tensor([[0.0]], requires_grad=True)
    log_mass = likelihood.log_prob(Batch(torch.tensor([[200 / 255]])), z)
    expected = -(199.5 / 255) / 0.001 + math.log(-math.expm1(-1 / 0.255))
    assert log_mass.item() == pytest.approx(expected, rel=1e-5)
    log_mass.backward()
    assert z.grad is not None and z.grad.item() == pytest.approx(1000, rel=1e-4)


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("scale", [0.01, 0.1, 1.0])
def test_the_expectation_is_that_of_the_levels(scale: float) -> None:
    """The closed form leaves rounding out: less than a thirtieth of a level."""
    likelihood, levels = at_location((scale,)), torch.arange(256) / 255
    for location in torch.linspace(-0.4, 1.4, 10):
        z = location.expand(256, 1)
        mass = likelihood.log_prob(Batch(levels[:, None]), z).exp()
        assert (likelihood(z[:1])[0, 0] - mass @ levels).abs() < 1 / 255 / 30


@pytest.mark.statistical
@pytest.mark.parametrize("location", [0.02, 0.5, 0.97])
def test_fantasies_have_levels_as_often_as_their_mass(location: float) -> None:
    """50,000 pixels in 256 cells: chi-squared per degree of freedom of common levels."""
    n = 50_000
    likelihood, z = at_location((0.03,)), torch.full((n, 1), location)
    x = likelihood.simulate(Batch(torch.zeros(n, 1)), z).x
    found = (x[:, 0] * 255).round().long().bincount(minlength=256)
    assert torch.equal(x[:, 0], (x[:, 0] * 255).round() / 255)
    expected = n * likelihood.log_prob(Batch(LEVELS[:, None]), z[:256]).exp()
    common = expected > 10
    chi = ((found - expected).square() / expected)[common].sum() / common.sum()
    assert found.sum() == n and 0.6 < chi < 1.5


def test_the_scale_is_what_a_tempered_objective_leaves_alone() -> None:
    likelihood = ColourPixels(8, 8).likelihood(2, 8)
    assert [p.shape for p in likelihood.noise_parameters()] == [(3, 1)]
    assert GreyPixels(8, 8).likelihood(2, 8).noise_parameters() == []


# Networks --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", MODALITIES)
def test_a_row_alone_is_what_it_is_in_a_batch(name: str) -> None:
    modality, batch, z = MODALITIES[name], images(name, 7), torch.randn(7, 2)
    encoder, likelihood = modality.encoder(32).train(), modality.likelihood(2, 32).train()
    one = slice(3, 4)
    for together, alone in (
        (encoder(batch), encoder(batch[one])),
        (likelihood(z), likelihood(z[one])),
        (likelihood.log_prob(batch, z), likelihood.log_prob(batch[one], z[one])),
    ):
        torch.testing.assert_close(together[one], alone, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", MODALITIES)
def test_shapes_and_gradients_everywhere(name: str) -> None:
    modality, batch, z = MODALITIES[name], images(name, 5), torch.randn(5, 4)
    encoder, likelihood = modality.encoder(24), modality.likelihood(4, 24)
    context, log_mass = encoder(batch), likelihood.log_prob(batch, z)
    assert context.shape == (5, 24) and log_mass.shape == (5,)
    assert likelihood(z).shape == batch.x.shape
    assert ((likelihood(z) >= 0) & (likelihood(z) <= 1)).all()
    (context.sum() + log_mass.sum()).backward()
    for parameter in [*encoder.parameters(), *likelihood.parameters()]:
        assert parameter.grad is not None and parameter.grad.abs().sum() > 0


@pytest.mark.parametrize("name", MODALITIES)
def test_simulated_images_have_valid_pixels_and_keep_labels(name: str) -> None:
    modality, batch = MODALITIES[name], images(name, 5)
    likelihood = modality.likelihood(2, 16)
    labelled = Batch(batch.x, label=torch.arange(5))
    simulate = likelihood.simulate(labelled, torch.randn(5, 2))
    assert simulate.x.shape == batch.x.shape and torch.equal(simulate.label, labelled.label)
    assert set(simulate.x.unique().tolist()) <= set(
        (LEVELS if name == "colour" else LEVELS[::255]).tolist()
    )


@pytest.mark.parametrize("name", MODALITIES)
def test_training_and_evaluation_are_the_same(name: str) -> None:
    modality, batch, z = MODALITIES[name], images(name, 3), torch.randn(3, 2)
    encoder, likelihood = modality.encoder(16), modality.likelihood(2, 16)
    assert torch.equal(encoder.train()(batch), encoder.eval()(batch))
    assert torch.equal(likelihood.train()(z), likelihood.eval()(z))


@pytest.mark.parametrize(("height", "across"), [(8, 8), (16, 24), (40, 32)])
def test_photographs_need_not_be_square(height: int, across: int) -> None:
    modality = ColourPixels(height, across)
    batch = Batch(torch.rand(2, 3 * height * across))
    assert modality.encoder(8)(batch).shape == (2, 8)
    assert modality.likelihood(2, 8)(torch.randn(2, 2)).shape == batch.x.shape


@pytest.mark.parametrize("name", MODALITIES)
def test_a_few_images_are_learnt(name: str) -> None:
    """Encoder and decoder in one, on four plain images: their brightness comes back."""
    modality, shade = MODALITIES[name], torch.tensor([[0.0], [0.2], [0.6], [1.0]])
    x = (shade > 0.5).float() if name == "grey" else shade
    batch = Batch(x.expand(-1, images(name, 1).x.shape[1]).contiguous())
    likelihood = modality.likelihood(4, 64)
    bridge = nn.Sequential(modality.encoder(64), nn.Linear(64, 4))
    optimiser = torch.optim.Adam([*bridge.parameters(), *likelihood.parameters()], 4e-3)
    for _ in range(150):
        optimiser.zero_grad()
        (-likelihood.log_prob(batch, bridge(batch)).mean()).backward()
        optimiser.step()
    error = (likelihood(bridge(batch)) - batch.x).abs().mean()
    assert error < 0.1


def test_waves_are_sines_and_cosines_beside_the_latents() -> None:
    waves, z = FourierFeatures(2, 400, 0.5), torch.randn(7, 2)
    plain, sine, cosine = waves(z).split([2, 400, 400], -1)
    assert torch.equal(plain, z)
    torch.testing.assert_close(torch.atan2(sine, cosine), torch.atan2(*angles(waves, z)))
    assert waves.frequency.std().item() == pytest.approx(math.pi, rel=0.1)
    assert "frequency" in waves.state_dict()


def angles(waves: FourierFeatures, z: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    rotated = z[:, :1] * waves.frequency[0] + z[:, 1:] * waves.frequency[1]
    return rotated.sin(), rotated.cos()
