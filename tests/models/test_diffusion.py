"""The diffusion posterior with a network that bends it: densities on the sampled path."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from ancestry_ddvi.models.posteriors.base import DensityPosterior
from ancestry_ddvi.models.posteriors.diffusion import Diffusion
from ancestry_ddvi.models.posteriors.gaussian import Gaussian
from ancestry_ddvi.models.schedules import SCHEDULES

CONTEXT = 3

chains = pytest.mark.parametrize(
    ("steps", "schedule"), [(steps, name) for name in SCHEDULES for steps in (1, 2, 5, 20)]
)
in_float64 = pytest.mark.usefixtures("float64")


def bent_chain(steps: int, schedule: str, dims: int = 2, bend: float = 0.5) -> Diffusion:
    """A chain whose correction is random and far from zero."""
    chain = Diffusion(Gaussian(dims, CONTEXT), CONTEXT, steps, 8, schedule)
    torch.nn.init.normal_(chain.correction.weight, std=bend)
    return chain


def log_normal(value: Tensor, mean: Tensor, variance: Tensor) -> Tensor:
    return torch.distributions.Normal(mean, variance.sqrt()).log_prob(value).sum(-1)


def log_q_of_noise(posterior: DensityPosterior, context: Tensor, noise: Tensor) -> Tensor:
    """log q(z, y_1 .. y_T | x) by change of variables: no formula of the chain is used."""

    def path(flat: Tensor) -> Tensor:
        draw = posterior.rsample(context[None], flat.view(1, *noise.shape))
        return torch.cat([draw.z, *draw.path]).flatten()

    slopes = torch.autograd.functional.jacobian(path, noise.flatten(), vectorize=True)
    standard = -0.5 * noise.square().sum() - 0.5 * noise.numel() * math.log(2 * math.pi)
    return standard - torch.linalg.slogdet(slopes)[1]


def log_r_backwards(z: Tensor, path: tuple[Tensor, ...], signal: Tensor) -> Tensor:
    """log r(path | z) in posterior form: r(y_T | z) and r(y_t-1 | y_t, z), from abar alone."""
    total = log_normal(path[-1], signal[-1].sqrt() * z, 1 - signal[-1])
    for t in range(len(path), 1, -1):
        now, before = signal[t], signal[t - 1]
        beta = 1 - now / before
        mean = before.sqrt() * beta / (1 - now) * z
        mean = mean + (1 - beta).sqrt() * (1 - before) / (1 - now) * path[t - 1]
        total = total + log_normal(path[t - 2], mean, beta * (1 - before) / (1 - now))
    return total


@in_float64
@chains
def test_markov_and_posterior_form_of_the_regulariser_agree(steps: int, schedule: str) -> None:
    """The code sums log r(y_t | y_t-1); here log q comes by Jacobian and log r from abar."""
    chain, samples = bent_chain(steps, schedule), 3
    context, noise = torch.randn(samples, CONTEXT), torch.randn(samples, steps + 1, 2)
    draw = chain.rsample(context, noise)
    log_q = torch.stack([log_q_of_noise(chain, c, n) for c, n in zip(context, noise, strict=True)])
    log_r = log_r_backwards(draw.z, draw.path, SCHEDULES[schedule](steps))
    torch.testing.assert_close(draw.log_q, log_q - log_r, rtol=0, atol=1e-8)


@in_float64
@chains
def test_a_draw_scores_as_it_was_drawn(steps: int, schedule: str) -> None:
    chain = bent_chain(steps, schedule, dims=3)
    context = torch.randn(50, CONTEXT)
    draw = chain.rsample(context, torch.randn(50, *chain.noise_shape))
    assert len(draw.path) == steps
    rescored = chain.log_q(draw.z, draw.path, context)
    torch.testing.assert_close(rescored, draw.log_q, rtol=0, atol=1e-9)


@in_float64
def test_a_gaussian_draw_scores_as_it_was_drawn() -> None:
    posterior, context = Gaussian(3, CONTEXT), torch.randn(50, CONTEXT)
    draw = posterior.rsample(context, torch.randn(50, 1, 3))
    assert draw.path == () == posterior.complete(draw.z)
    torch.testing.assert_close(posterior.log_q(draw.z, (), context), draw.log_q)
    by_jacobian = [log_q_of_noise(posterior, context[i], torch.zeros(1, 3)) for i in range(50)]
    still = posterior.rsample(context, torch.zeros(50, 1, 3))
    torch.testing.assert_close(still.log_q, torch.stack(by_jacobian))


@in_float64
@pytest.mark.statistical
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_a_bent_chain_is_a_density_over_paths(schedule: str) -> None:
    """E_q[r(path | z) f(z) / q(z, path)] is the integral of f, for every normalised f."""
    chain = bent_chain(3, schedule, dims=1, bend=0.25)
    context = torch.zeros(200_000, CONTEXT)
    with torch.no_grad():
        draw = chain.rsample(context, torch.randn(200_000, 4, 1))
        mean, spread = draw.z.mean(), draw.z.std()
        ratio = (log_normal(draw.z, mean, spread.square()) - draw.log_q).exp()
    assert spread > 0.05
    assert abs(ratio.mean() - 1) < 5 * ratio.std() / math.sqrt(200_000) < 0.1


@in_float64
@pytest.mark.statistical
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_a_completed_path_has_the_moments_of_the_noising_process(schedule: str) -> None:
    chain, signal = bent_chain(5, schedule), SCHEDULES[schedule](5)
    z = torch.tensor([[1.5, -0.5]]).expand(100_000, 2)
    path = torch.stack(chain.complete(z))
    expected = signal[1:, None].sqrt() * z[0]
    torch.testing.assert_close(path.mean(1), expected, rtol=0, atol=0.02)
    apart = (path - expected[:, None])[..., 0]
    later, earlier = torch.tril_indices(5, 5)
    kept = (signal[1 + later] / signal[1 + earlier]).sqrt()
    covariance = (apart @ apart.T / len(z))[later, earlier]
    torch.testing.assert_close(covariance, kept * (1 - signal[1 + earlier]), rtol=0, atol=0.02)


@in_float64
def test_coordinates_are_summed_not_averaged() -> None:
    """Three equal, independent coordinates weigh three times what one does."""
    one, three = bent_chain(4, "cosine", 1), bent_chain(4, "cosine", 3)
    for chain, dims in ((one, 1), (three, 3)):
        with torch.no_grad():
            chain.correction.weight.zero_()
            chain.base.head.weight.zero_()
            chain.base.head.bias.copy_(torch.tensor([0.4, 0.7]).repeat_interleave(dims))
    context, noise = torch.randn(6, CONTEXT), torch.randn(6, 5, 1)
    single = one.rsample(context, noise).log_q
    triple = three.rsample(context, noise.expand(-1, -1, 3)).log_q
    torch.testing.assert_close(triple, 3 * single)


def test_evaluation_is_training() -> None:
    """No dropout, no running statistics: the mode of the module changes nothing."""
    chain, context = bent_chain(5, "cosine"), torch.randn(20, CONTEXT)
    noise = torch.randn(20, *chain.noise_shape)
    assert torch.equal(
        chain.train().rsample(context, noise).log_q, chain.eval().rsample(context, noise).log_q
    )


def test_the_chain_begins_by_correcting_nothing() -> None:
    chain = Diffusion(Gaussian(2, CONTEXT), CONTEXT, 5, 8)
    assert not chain.correction.weight.any()
    assert not chain.correction.bias.any()


def test_gradients_of_a_draw_reach_the_encoder_through_the_whole_chain() -> None:
    chain = bent_chain(8, "cosine")
    context = torch.randn(5, CONTEXT, requires_grad=True)
    chain.rsample(context, torch.randn(5, *chain.noise_shape)).z.sum().backward()
    assert (context.grad.abs().sum(1) > 0).all()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in chain.parameters())
