"""What every posterior with a density owes, and what flows owe besides."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from ancestry_ddvi.models.posteriors.base import DensityPosterior
from ancestry_ddvi.models.posteriors.diffusion import Diffusion
from ancestry_ddvi.models.posteriors.gaussian import Gaussian
from ancestry_ddvi.models.posteriors.hierarchical import Hierarchical
from ancestry_ddvi.models.posteriors.iaf import IAF, Step
from ancestry_ddvi.models.posteriors.point import Point

CONTEXT, WIDTH = 12, 16


def gaussian(dims: int) -> Gaussian:
    return Gaussian(dims, CONTEXT)


def flow(dims: int) -> IAF:
    return IAF(gaussian(dims), CONTEXT, WIDTH, 3)


POSTERIORS = {
    "gaussian": gaussian,
    "iaf": flow,
    "hierarchical": lambda dims: Hierarchical(flow(dims), flow(dims), CONTEXT, WIDTH),
    "diffusion": lambda dims: Diffusion(gaussian(dims), CONTEXT, 3, WIDTH),
    "unconditional": lambda dims: Diffusion(gaussian(dims), CONTEXT, 3, WIDTH, conditional=False),
}

every_posterior = pytest.mark.parametrize("name", POSTERIORS)
in_dims = pytest.mark.parametrize("dims", [1, 2, 5])


def shaken(posterior: DensityPosterior, by: float = 0.3) -> DensityPosterior:
    """The posterior with random weights, those that start at zero included."""
    with torch.no_grad():
        for parameter in posterior.parameters():
            parameter.add_(by * torch.randn_like(parameter))
    return posterior


def drawn(posterior: DensityPosterior, rows: int = 20):
    context = torch.randn(rows, CONTEXT)
    return context, posterior.rsample(context, torch.randn(rows, *posterior.noise_shape))


@every_posterior
@in_dims
def test_the_density_of_a_draw_is_the_same_when_drawn_and_when_given(name, dims, float64) -> None:
    posterior = shaken(POSTERIORS[name](dims))
    context, draw = drawn(posterior)
    assert draw.z.shape == (20, dims)
    torch.testing.assert_close(posterior.log_q(draw.z, draw.path, context), draw.log_q)


@every_posterior
def test_completed_latents_can_be_scored(name) -> None:
    posterior = shaken(POSTERIORS[name](2))
    z = torch.randn(20, 2)
    log_q = posterior.log_q(z, posterior.complete(z), torch.randn(20, CONTEXT))
    assert log_q.shape == (20,)
    assert torch.isfinite(log_q).all()


@every_posterior
def test_a_row_is_its_own_affair(name, float64) -> None:
    posterior = shaken(POSTERIORS[name](2))
    context, noise = torch.randn(6, CONTEXT), torch.randn(6, *posterior.noise_shape)
    together = posterior.rsample(context, noise)
    alone = posterior.rsample(context[2:3], noise[2:3])
    torch.testing.assert_close(alone.z, together.z[2:3])
    torch.testing.assert_close(alone.log_q, together.log_q[2:3])


@every_posterior
def test_every_parameter_learns_from_a_draw(name) -> None:
    posterior = shaken(POSTERIORS[name](2))
    _, draw = drawn(posterior)
    (draw.log_q.sum() + draw.z.sum()).backward()
    unseen = {"sample.weight", "sample.bias"} if name == "unconditional" else set()
    still = {n for n, p in posterior.named_parameters() if p.grad is None or not p.grad.abs().sum()}
    assert still - unseen - {"time"} == set()


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.slow] if name == "hierarchical" else [])
        for name in POSTERIORS
    ],
)
@pytest.mark.statistical
def test_the_density_of_latents_is_one_once_paths_are_summed_over(name, float64) -> None:
    """Mean over paths of q(z, path) / r(path | z), summed over a grid of z."""
    posterior = shaken(POSTERIORS[name](1), by=0.15)
    grid = torch.linspace(-9, 9, 181)[:, None]
    paths = 1 if name in ("gaussian", "iaf") else 4000
    z = grid.repeat_interleave(paths, 0)
    context = torch.randn(1, CONTEXT).expand(len(z), -1)
    with torch.no_grad():
        each = posterior.log_q(z, posterior.complete(z), context).exp()
    assert each.view(181, paths).mean(1).sum().item() * 0.1 == pytest.approx(1, abs=0.05)


@in_dims
def test_a_flow_starts_as_its_gaussian(dims: int) -> None:
    posterior = flow(dims)
    context, noise = torch.randn(9, CONTEXT), torch.randn(9, 1, dims)
    ours, base = posterior.rsample(context, noise), posterior.base.rsample(context, noise)
    assert torch.equal(ours.z, base.z)
    assert torch.equal(ours.log_q, base.log_q)


@in_dims
@pytest.mark.parametrize("backwards", [False, True])
def test_the_jacobian_of_a_step_is_that_of_autograd(dims: int, backwards: bool, float64) -> None:
    step = shaken(Step(dims, CONTEXT, WIDTH, backwards))
    z, context = torch.randn(1, dims), torch.randn(1, CONTEXT)
    jacobian = torch.autograd.functional.jacobian(lambda v: step(v, context)[0], z)[0, :, 0]
    torch.testing.assert_close(step(z, context)[1][0], jacobian.det().log())
    later = jacobian.mT if backwards else jacobian
    assert torch.equal(later, later.tril())
    assert (later.tril(-1) != 0).sum() == dims * (dims - 1) / 2
    back, stretch = step.inverse(step(z, context)[0], context)
    torch.testing.assert_close(back, z)
    torch.testing.assert_close(stretch, step(z, context)[1])


@in_dims
def test_every_coordinate_of_a_step_sees_the_whole_context(dims: int) -> None:
    step = shaken(Step(dims, CONTEXT, WIDTH, False))
    context = torch.randn(1, CONTEXT)
    slope = torch.autograd.functional.jacobian(lambda c: step(torch.ones(1, dims), c)[0], context)
    assert (slope[0, :, 0] != 0).all()


def test_a_hierarchy_starts_as_if_there_were_no_upper_latent() -> None:
    posterior = POSTERIORS["hierarchical"](2)
    context, noise = torch.randn(9, CONTEXT), torch.randn(9, 2, 2)
    other = torch.cat([torch.randn(9, 1, 2), noise[:, 1:]], 1)
    assert torch.equal(posterior.rsample(context, noise).z, posterior.rsample(context, other).z)


def test_a_point_is_where_it_is_and_has_no_density() -> None:
    point = Point(2, CONTEXT)
    context = torch.randn(9, CONTEXT)
    draws = [point.rsample(context, torch.randn(9, 1, 2)) for _ in range(2)]
    assert torch.equal(draws[0].z, draws[1].z)
    assert draws[0].log_q is None
    assert not isinstance(point, DensityPosterior)
    assert isinstance(point, nn.Module)
