"""Gradients that are written down instead of recorded: those of finite differences."""

from __future__ import annotations

import pytest
import torch

from ancestry_ddvi.models.batch import Batch
from ancestry_ddvi.models.likelihoods.scores import ScoreLikelihood
from ancestry_ddvi.models.nets import FewInputs
from ancestry_ddvi.models.priors.mixture import Mixture, _LogSum

pytestmark = pytest.mark.usefixtures("float64")


def free(*shape: int) -> torch.Tensor:
    return torch.randn(*shape).requires_grad_()


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_those_of_a_sum_over_normals(dims) -> None:
    given = free(5, dims), free(4, dims, dims), free(4, dims), free(4)
    assert torch.autograd.gradcheck(_LogSum.apply, given)


def test_a_mixture_has_the_density_of_torch() -> None:
    prior, z = Mixture(2, 5), torch.randn(30, 2)
    with torch.no_grad():
        prior.below.normal_()
    parts = torch.distributions.MultivariateNormal(prior.means, scale_tril=prior.factors)
    each = torch.distributions.Categorical(logits=prior.logits)
    expected = torch.distributions.MixtureSameFamily(each, parts).log_prob(z)
    torch.testing.assert_close(prior.log_prob(z), expected)


@pytest.mark.parametrize("inputs", [1, 2, 4])
def test_those_of_a_layer_of_few_inputs(inputs) -> None:
    layer = FewInputs(inputs, 6)
    assert torch.autograd.gradcheck(layer, (free(5, inputs),))
    x, weight = torch.randn(5, inputs), torch.randn(5, 6)
    plain = torch.nn.functional.linear(x, layer.weight, layer.bias)
    for of_layer, of_plain in zip(
        torch.autograd.grad((layer(x) * weight).sum(), layer.parameters()),
        torch.autograd.grad((plain * weight).sum(), layer.parameters()),
        strict=True,
    ):
        torch.testing.assert_close(of_layer, of_plain)


def test_that_of_the_residual_variance() -> None:
    likelihood = ScoreLikelihood(torch.ones(4), 2, 8)
    factor = torch.eye(4) + 0.3 * torch.randn(6, 4, 4).tril(-1)
    batch, z = Batch(3 * torch.randn(6, 4), factor), torch.randn(6, 2)
    with torch.no_grad():
        whitening = likelihood.whitening(batch)
    given = whitening.precision, whitening.log_det
    found = likelihood.log_density(batch.x, z, *given, learn_noise=True)
    expected = likelihood.log_prob(batch, z)
    torch.testing.assert_close(found, expected)
    for one, other in zip(
        torch.autograd.grad(found.sum(), likelihood.parameters()),
        torch.autograd.grad(expected.sum(), likelihood.parameters()),
        strict=True,
    ):
        torch.testing.assert_close(one, other)
