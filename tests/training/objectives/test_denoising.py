"""Denoising: the noise that is trained on, and a law whose right answer is known."""

from __future__ import annotations

import math

import pytest
import torch

from ancestry_ddvi.models.batch import Batch
from ancestry_ddvi.models.flow import Flow
from ancestry_ddvi.models.inflation import INFLATIONS
from ancestry_ddvi.models.inflationary import Inflationary
from ancestry_ddvi.training.objectives.denoising import Denoising, levels

WIDTHS = 0.4, 1.36
"""Of two normals about one middle; together they have variance 1."""


@pytest.mark.parametrize("inflation", INFLATIONS)
def test_noise_is_that_of_the_path_with_its_gap(inflation) -> None:
    """Among rows with much noise along the fast direction, the slow one has that of the time."""
    path = INFLATIONS[inflation](torch.ones(2), torch.tensor([1.0, 0.5]), 1e-3, 1e3)
    fast, slow = levels(20_000, path).log().T
    grid = path.gamma(path.grid(400)).log()
    for much in (0.0, math.log(100)):
        near = (fast - much).abs() < 0.2
        expected = grid[(grid[:, 0] - much).abs().argmin(), 1]
        assert slow[near].median() == pytest.approx(float(expected), abs=0.25)
    assert levels(1000, path).min() >= 1e-3 * 0.999
    assert levels(1000, path).max() <= 1e3 * 1.001


def right(y: torch.Tensor, gamma: float) -> torch.Tensor:
    """E[x | y] for the mixture: that of each normal, by how probable it makes y."""
    variances = torch.tensor(WIDTHS) ** 2
    total = variances + gamma
    log_chance = -0.5 * (y.square().sum(-1, keepdim=True) / total + y.shape[1] * total.log())
    share = (log_chance.softmax(-1) * variances / total).sum(-1, keepdim=True)
    return share * y


@pytest.mark.statistical
def test_two_widths_about_one_middle_are_told_apart() -> None:
    """No linear denoiser knows them; ours comes more than half of the way."""
    dims, gamma = 16, 0.5
    x = torch.randn(4000, dims) * torch.tensor(WIDTHS)[torch.randint(2, (4000, 1))]
    flow = Flow(dims, 32, 1)
    flow.set_moments(torch.zeros(dims), torch.ones(dims))
    model = Inflationary(flow, 4)
    (phase,) = Denoising().phases(model)
    optimiser = torch.optim.Adam(phase.parameters, 0.01)
    for _ in range(400):
        loss = phase.loss(Batch(x[torch.randint(len(x), (256,))]))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    y = x + math.sqrt(gamma) * torch.randn_like(x)
    with torch.no_grad():
        found, _ = flow.denoiser(y, torch.full_like(y, gamma))
    best = right(y, gamma)
    linear = y / (1 + gamma)
    assert (found - best).square().mean() < 0.5 * (linear - best).square().mean()
