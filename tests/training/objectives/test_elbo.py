"""The evidence lower bound as a loss."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn
from toy_model import covariances, simulate, toy_model

from ancestry_ddvi.models.batch import Batch
from ancestry_ddvi.models.posteriors.gaussian import Gaussian
from ancestry_ddvi.models.variational import Variational
from ancestry_ddvi.training.objectives.elbo import ELBO


@pytest.mark.parametrize("chain", [True, False], ids=["diffusion", "gaussian"])
def test_the_bound_reaches_all_parameters(chain: bool) -> None:
    model = toy_model()
    if chain:
        nn.init.normal_(model.posterior.correction.weight, std=0.2)
    else:
        model = Variational(model.prior, model.likelihood, Gaussian(2, 48), model.encoder)
    (phase,) = ELBO().phases(model)
    phase.loss(simulate(model, 200, 1)[1]).backward()
    assert {id(p) for p in phase.parameters} == {id(p) for p in model.parameters()}
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in model.parameters())


def test_the_loss_is_minus_the_mean_log_weight_in_nats_per_sample() -> None:
    model = toy_model()
    batch = simulate(model, 50, 1)[1]
    (phase,) = ELBO().phases(model)
    torch.manual_seed(4)
    loss = phase.loss(batch)
    torch.manual_seed(4)
    draw = model.encode(batch, torch.randn(50, *model.noise_shape))
    torch.testing.assert_close(loss, -model.log_weight(batch, draw).mean())
    torch.manual_seed(4)
    model.eval()
    torch.testing.assert_close(phase.loss(batch), loss)


def test_the_loss_of_a_tempered_bound_is_in_units_of_the_divergence() -> None:
    model = toy_model()
    batch = simulate(model, 50, 1)[1]
    (phase,) = ELBO(4.0).phases(model)
    torch.manual_seed(4)
    loss = phase.loss(batch)
    torch.manual_seed(4)
    draw = model.encode(batch, torch.randn(50, *model.noise_shape))
    torch.testing.assert_close(loss, -model.log_weight(batch, draw, 4.0).mean() / 4)


def test_a_tempered_bound_is_that_of_data_with_more_noise() -> None:
    """Up to a constant, beta on the divergence is beta on all variances of the likelihood."""
    model, beta = toy_model(), 4.0
    batch = simulate(model, 50, 1)[1]
    draw = model.encode(batch, torch.randn(50, *model.noise_shape))
    tempered = model.log_weight(batch, draw, beta) / beta
    covariance = covariances(model, batch.factor)
    with torch.no_grad():
        model.likelihood.log_residual_variance.add_(math.log(beta))
    noisy = model.log_weight(Batch(batch.x, batch.factor / beta**0.5), draw)
    half = 0.5 * torch.logdet(2 * torch.pi * covariance)
    expected = half + 2.5 * math.log(beta) - half / beta
    torch.testing.assert_close(tempered - noisy, expected)
