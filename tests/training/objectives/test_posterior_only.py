"""Training of a posterior on a generator that stays as it is."""

from __future__ import annotations

import pytest
import torch
from toy_model import as_data, simulate, toy_model

from ancestry_ddvi.training.objectives.elbo import ELBO
from ancestry_ddvi.training.objectives.posterior_only import PosteriorOnly
from ancestry_ddvi.training.objectives.wake_sleep import WakeSleep
from ancestry_ddvi.training.trainer import Stage, train


@pytest.mark.parametrize("base", [ELBO(), ELBO(draws=4), WakeSleep()], ids=["elbo", "iw", "both"])
def test_nothing_of_the_generator_moves_and_all_of_the_posterior_does(base) -> None:
    model = toy_model()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    _, batch = simulate(model, 40, 1)
    stage = Stage(model, PosteriorOnly(base), 3, (0.01, 0.01))
    train([stage], as_data(batch), 16, lambda done: None)
    moved = {
        name for name, value in model.named_parameters() if not torch.equal(value, before[name])
    }
    assert {name.split(".")[0] for name in moved} == {"encoder", "posterior"}
