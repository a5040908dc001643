"""Wake-sleep: what each term is worth, and which parameters it reaches."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from toy_model import Grid, asleep, factors, rested, simulate, sleep, toy_model

from ancestry_ddvi.models.batch import Batch
from ancestry_ddvi.models.variational import Variational
from ancestry_ddvi.training.objectives.wake_sleep import WakeSleep


def awake() -> Variational:
    """A model whose chain corrects something, so that no gradient is zero by construction."""
    model = toy_model()
    nn.init.normal_(model.posterior.correction.weight, std=0.2)
    return model


def reached(module: nn.Module) -> set[str]:
    """Parameters with a gradient other than zero."""
    return {
        name for name, p in module.named_parameters() if p.grad is not None and p.grad.abs().sum()
    }


def names(module: nn.Module) -> set[str]:
    return {name for name, _ in module.named_parameters()}


def test_sleep_reaches_encoder_and_posterior_and_nothing_else() -> None:
    model = awake()
    sleep(model, simulate(model, 300, 1)[1]).backward()
    assert reached(model.encoder) == names(model.encoder)
    assert reached(model.posterior) == names(model.posterior)
    assert all(p.grad is None for p in model.likelihood.parameters())
    assert all(p.grad is None for p in model.prior.parameters())


def test_wake_and_sleep_together_reach_all_parameters() -> None:
    model = awake()
    (phase,) = WakeSleep().phases(model)
    phase.loss(simulate(model, 300, 1)[1]).backward()
    assert reached(model) == names(model)
    assert [id(p) for p in phase.parameters] == [id(p) for p in model.parameters()]


def test_sleep_takes_nothing_from_the_batch_but_how_sharply_it_was_observed() -> None:
    model = awake()
    values = []
    for x in (torch.zeros(64, 5), 100 * torch.randn(64, 5)):
        torch.manual_seed(5)
        values.append(sleep(model, Batch(x, factors(64))).item())
    assert values[0] == values[1]


def test_the_loss_is_the_negative_bound_plus_the_sleep_term() -> None:
    model = awake()
    batch = simulate(model, 64, 1)[1]
    objective = WakeSleep()
    (phase,) = objective.phases(model)
    torch.manual_seed(9)
    both = phase.loss(batch)
    torch.manual_seed(9)
    draw = model.encode(batch, torch.randn(64, *model.noise_shape))
    expected = -model.log_weight(batch, draw).mean() + sleep(model, batch)
    torch.testing.assert_close(both, expected)


@pytest.mark.statistical
def test_the_sleep_term_is_never_below_the_entropy_of_the_true_posterior() -> None:
    """E[log p(z | x) - log q(z, path | x) + log r(path | z)] is a divergence; the entropy of
    p(z | x) is a sum over a grid. Asleep long enough, q comes within a third of a nat."""
    model = rested()
    _, batch = simulate(model, 384, 33)
    entropy = Grid(model, batch[:192]).entropy.mean()
    with torch.no_grad():
        torch.manual_seed(2)
        after = np.mean([sleep(model, batch).item() for _ in range(40)])
        before = np.mean([sleep(toy_model(), batch).item() for _ in range(10)])
    assert before - entropy > 5
    assert -0.05 < after - entropy < 0.35


@pytest.mark.statistical
def test_asleep_alone_the_posterior_approaches_the_true_one() -> None:
    """Unweighted draws of q against moments on the grid, in units of the true spread."""
    _, batch = simulate(rested(), 96, 44)
    exact = Grid(rested(), batch)

    def distance(model: Variational) -> tuple[np.ndarray, np.ndarray]:
        noise = torch.randn(96 * 400, *model.noise_shape)
        with torch.no_grad():
            draws = model.encode(batch.repeat(400), noise).z.view(96, 400, 2).double().numpy()
        off = np.abs(draws.mean(axis=1) - exact.mean) / exact.sd
        return off, np.abs(np.log(draws.std(axis=1) / exact.sd))

    off, stretch = distance(rested())
    assert np.median(off) < 0.15 < 0.5 < np.median(distance(toy_model())[0])
    assert np.quantile(off, 0.95) < 0.7
    assert np.median(stretch) < 0.1
    assert np.quantile(stretch, 0.95) < 0.35


def test_nothing_but_its_learners_moves_in_sleep() -> None:
    model = toy_model()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    constants = {name: value.clone() for name, value in model.named_buffers()}
    asleep(model, 5)
    after = model.state_dict()
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    learners = {
        *(f"encoder.{name}" for name, _ in model.encoder.named_parameters()),
        *(f"posterior.{name}" for name, _ in model.posterior.named_parameters()),
    }
    assert moved == learners
    assert all(torch.equal(value, constants[name]) for name, value in model.named_buffers())
