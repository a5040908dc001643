"""Probability flows, against normal data and mixtures, of which everything is known."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from mixture_flow import Mixture, exact_flow, mixture
from scipy.stats import chisquare, kstest

from ancestry_ddvi.models.flow import FULL, Denoiser, Flow, with_divergence
from ancestry_ddvi.models.inflation import INFLATIONS, participation_ratio
from ancestry_ddvi.models.integrators import INTEGRATORS

every_inflation = pytest.mark.parametrize("inflation", INFLATIONS)

SPECTRUM = torch.tensor([9.0, 4.0, 1.0, 0.25])


def made(inflation: str, gap: float = 0.0):
    rates = torch.tensor([1.0, 1.0, 1 - gap, 1 - gap]).double()
    return INFLATIONS[inflation](SPECTRUM.double(), rates, 1e-3, FULL)


@every_inflation
@pytest.mark.parametrize("gap", [0.0, 0.4])
def test_the_derivatives_are_those_of_noise_and_scale(inflation, gap):
    path, step = made(inflation, gap), 1e-6
    t = path.grid(7)[1:-1]
    for value, slope in ((path.gamma, path.gamma_dot), (path.alpha, path.alpha_dot)):
        assert torch.allclose((value(t + step) - value(t - step)) / (2 * step), slope(t), rtol=1e-6)


@every_inflation
def test_noise_grows_from_the_floor_to_the_end(inflation):
    path = made(inflation)
    noise = path.gamma(path.grid(10)) / SPECTRUM
    assert (noise[1:] > noise[:-1]).all()
    assert noise[0, 0].item() == pytest.approx(1e-3, rel=1e-6)
    assert noise[-1, 0].item() == pytest.approx(FULL, rel=1e-6)


@pytest.mark.parametrize(("inflation", "kept"), [("whitened", 1.0), ("published", 1.0)])
def test_the_participation_ratio_is_kept(inflation, kept):
    path = made(inflation)
    ratio = participation_ratio(path.variance(path.grid(20)))
    assert torch.allclose(ratio / participation_ratio(SPECTRUM), torch.tensor(kept).double())


def test_whitened_inflation_keeps_every_variance():
    path = made("whitened")
    assert torch.allclose(path.variance(path.grid(20)), SPECTRUM.double().expand(21, -1))


def test_uniform_inflation_ends_in_a_sphere():
    path = made("uniform")
    assert participation_ratio(path.variance(path.grid(1)))[-1].item() == pytest.approx(4, abs=0.01)


@pytest.mark.parametrize("inflation", ["whitened", "published"])
def test_a_gap_reduces_the_participation_ratio_to_that_of_the_kept(inflation):
    path = made(inflation, gap=0.5)
    reached = participation_ratio(path.variance(path.grid(1)))[-1].item()
    assert reached == pytest.approx(participation_ratio(SPECTRUM[:2]).item(), rel=0.01)


@every_inflation
@pytest.mark.parametrize("integrator", INTEGRATORS)
def test_normal_data_are_only_rescaled(inflation, integrator):
    """The untrained denoiser is right for them: z = x / sqrt(xi + floor noise), exactly."""
    flow = Flow(4, 8, 1, inflation=inflation, kept=4, integrator=integrator, steps=64)
    flow.set_moments(torch.arange(4.0), SPECTRUM)
    x = flow.centre + 3 * torch.randn(50, 4)
    with torch.no_grad():
        z = flow.encode(x)
        again = flow.decode(z)
    expected = (x - flow.centre) / (SPECTRUM + flow.blur).sqrt()
    tolerance = 2e-2 if (inflation, integrator) == ("published", "heun") else 2e-3
    assert torch.allclose(z, expected, rtol=tolerance, atol=tolerance)
    assert torch.allclose(again, x, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize(("integrator", "order"), [("heun", 2), ("rk4", 4)])
def test_the_order_of_an_integrator_is_what_it_should_be(integrator, order):
    known = mixture()
    known.weight, known.mean, known.variance = (
        part.double() for part in (known.weight, known.mean, known.variance)
    )
    flow = exact_flow(known, integrator=integrator).double()
    x = known.mean.repeat(5, 1) + 0.5 * torch.randn(20, 4).double()
    latents = []
    for steps in (16, 32, 64, 512):
        flow.steps = steps
        latents.append(flow.encode(x))
    coarse, middle, fine = ((z - latents[-1]).norm() for z in latents[:3])
    orders = torch.stack([coarse / middle, middle / fine]).log2()
    assert orders[1].item() == pytest.approx(order, abs=0.6)
    assert orders[0] > order - 1.2


@pytest.mark.parametrize("gap", [0.0, 0.3])
@pytest.mark.parametrize("inflation", ["whitened", "uniform"])
def test_there_and_back_again(inflation, gap):
    """Groups so far apart ask for more steps than samples do, most of all between two of them."""
    known = mixture()
    flow = exact_flow(known, inflation=inflation, steps=128)
    flow.rates[2:] = 1 - gap
    x = known.sample(1000)
    error = (flow.decode(flow.encode(x)) - x).norm(dim=1) / x.norm(dim=1)
    assert error.max() < 1e-3


def test_latents_of_a_mixture_are_standard_normal():
    known = mixture()
    flow = exact_flow(known, steps=32)
    x = known.sample(4000)
    z = flow.encode(x + flow.blur.sqrt() * torch.randn_like(x))
    for axis in z.T:
        assert kstest(axis.numpy(), "norm").pvalue > 0.01
    covariance = torch.cov(z.T)
    assert torch.allclose(covariance, torch.eye(4), atol=0.07)


def test_decoded_normals_are_a_mixture():
    known = mixture()
    x = exact_flow(known, steps=32).decode(torch.randn(4000, 4))
    share = known.posterior(x, torch.full_like(x, 1e-6))[0].mean(0)
    assert torch.allclose(share, known.weight, atol=0.03)
    assert torch.allclose(x.var(0), known.spectrum, rtol=0.06)


def test_the_density_is_that_of_the_mixture():
    known = mixture()
    flow = exact_flow(known)
    x = known.sample(300)
    noise = torch.rand(300, 4) * torch.tensor([2.0, 1.0, 0.5, 4.0]) + 0.05
    x = x + noise.sqrt() * torch.randn_like(x)
    apart = flow.log_density(x, noise) - known.log_density(x, noise + flow.blur)
    assert apart.abs().quantile(0.9) < 0.02
    assert apart.abs().mean() < 0.01


@pytest.mark.parametrize("floor", [1e-4, 0.5])
def test_without_noise_the_density_is_that_of_data_blurred_by_the_floor(floor):
    """Of normal data in closed form: variances xi, and the floor in units of them, add up."""
    flow = Flow(4, 8, 1, kept=4, **({} if floor == 1e-4 else {"floor": floor}))
    flow.set_moments(torch.arange(4.0), SPECTRUM)
    x = flow.centre + SPECTRUM.sqrt() * torch.randn(50, 4)
    truth = torch.distributions.Normal(flow.centre, (SPECTRUM * (1 + floor)).sqrt())
    found = flow.log_density(x, torch.zeros_like(x))
    assert torch.allclose(found, truth.log_prob(x).sum(1), atol=0.02)


def test_noise_beyond_the_end_of_the_flow_has_a_density_too():
    known = mixture()
    flow = exact_flow(known)
    noise = torch.full((20, 4), 1e6)
    x = noise.sqrt() * torch.randn(20, 4)
    truth = known.log_density(x, noise)
    assert torch.allclose(flow.log_density(x, noise), truth, atol=0.01)


def test_the_divergence_is_the_trace_of_the_jacobian():
    weight = torch.randn(4, 4)

    def field(x):
        return torch.tanh(x @ weight)

    x = torch.randn(6, 4)
    value, trace = with_divergence(field, x)
    jacobians = torch.stack([torch.autograd.functional.jacobian(field, row) for row in x])
    assert torch.allclose(value, field(x))
    assert torch.allclose(trace, jacobians.diagonal(dim1=1, dim2=2).sum(1), atol=1e-6)


@pytest.mark.parametrize("noise", [[0.3] * 4, [30.0] * 4, [0.5, 20.0, 3.0, 40.0], [1e7] * 4])
@pytest.mark.statistical
def test_posterior_draws_have_the_moments_of_the_posterior(noise):
    """A mixture again, so responsibilities, means and variances are known in closed form."""
    known, draws = mixture(), 4000
    flow = exact_flow(known)
    gamma = torch.tensor(noise)
    seen = known.sample(12)
    seen = seen + gamma.sqrt() * torch.randn_like(seen)
    normals = torch.randn(12 * draws, 24, 4)
    repeated = gamma.expand(12 * draws, 4)
    drawn = flow.posterior(seen.repeat_interleave(draws, 0), repeated, normals).view(12, draws, 4)
    blurred = Mixture(known.weight, known.mean, known.variance + flow.blur)
    share, means, variances = blurred.posterior(seen, gamma.expand(12, 4))
    mean = torch.einsum("nk,nkd->nd", share, means)
    sd = (torch.einsum("nk,nkd->nd", share, variances + means.square()) - mean.square()).sqrt()
    shift, ratio = ((drawn.mean(1) - mean) / sd).abs(), drawn.std(1) / sd
    assert shift.mean() < 0.03
    assert shift.max() < 0.15
    assert ratio.mean().item() == pytest.approx(1, abs=0.04)
    assert ratio.min() > 0.7


@pytest.mark.slow
@pytest.mark.statistical
def test_ranks_of_the_truth_among_posterior_draws_are_uniform():
    """Simulation-based calibration: 1,500 samples from the prior, seen with very uneven noise."""
    known, samples, draws = mixture(), 1500, 39
    flow = exact_flow(known)
    truth = flow.decode(torch.randn(samples, 4))
    noise = torch.exp(torch.empty(samples, 4).uniform_(-2, 5))
    seen = truth + noise.sqrt() * torch.randn_like(truth)
    drawn = flow.posterior(
        seen.repeat_interleave(draws, 0),
        noise.repeat_interleave(draws, 0),
        torch.randn(samples * draws, 24, 4),
    ).view(samples, draws, 4)
    latents = flow.encode(drawn.flatten(0, 1)).view_as(drawn)
    for drawn_of, truth_of in ((drawn, truth), (latents, flow.encode(truth))):
        ranks = (drawn_of < truth_of[:, None]).sum(1).numpy()
        for axis in range(4):
            counts = np.bincount(ranks[:, axis] // 4, minlength=10)
            assert chisquare(counts).pvalue > 0.01


def test_the_untrained_denoiser_is_right_for_normal_data():
    denoiser = Denoiser(SPECTRUM, 8, 2)
    noise = torch.tensor([1e-12, 1e-3, 5.0, 1e12]).expand(10, 4)
    y = torch.randn(10, 4)
    mean, variance = denoiser(y, noise)
    assert torch.allclose(mean, SPECTRUM / (SPECTRUM + noise) * y)
    assert torch.allclose(variance, SPECTRUM * noise / (SPECTRUM + noise))
    assert (variance >= 0).all()


def test_its_targets_have_unit_variance():
    """Half of the loss of an untrained denoiser is the squared error: one for each direction."""
    denoiser = Denoiser(SPECTRUM, 8, 2)
    x = SPECTRUM.sqrt() * torch.randn(20000, 4)
    noise = torch.exp(torch.empty(20000, 4).uniform_(-6, 6))
    assert denoiser.loss(x, noise).mean().item() == pytest.approx(1.5 * 4, rel=0.02)
