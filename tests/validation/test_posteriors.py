"""Posteriors from one warm start, judged by the exact evidence."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from ancestry_ddvi.methods import recipe
from ancestry_ddvi.models.recalled import Recalled
from ancestry_ddvi.validation.posteriors import (
    WarmStart,
    columns_of,
    measured,
    posterior_alone,
)

sys.path.insert(0, str(Path(__file__).parents[1] / "models"))
from toy_model import as_data, simulate, toy_model

CPU = torch.device("cpu")
IDS = [f"s{i}" for i in range(30)]
SMALL = {"width": 16, "encoder_width": 16, "batch": 64}


@pytest.fixture(scope="module")
def start() -> WarmStart:
    with torch.random.fork_rng():
        torch.manual_seed(4)
        _, batch = simulate(toy_model(), 120, 1)
        return WarmStart.of(replace(recipe("vae"), steps=80, **SMALL), as_data(batch), CPU)


@pytest.fixture(scope="module")
def others(start):
    _, batch = simulate(toy_model(), 30, 2)
    return as_data(batch), start.grid.log_evidence(batch)


def alone(method: str, start: WarmStart, steps: int):
    with torch.random.fork_rng():
        torch.manual_seed(5)
        return posterior_alone(replace(recipe(method), steps=steps, **SMALL), start, CPU)


@pytest.mark.parametrize("method", ["vae", "iaf-vae", "ddvi-no-sleep", "ddvi"])
def test_training_a_posterior_leaves_the_warm_start_as_it_is(method, start) -> None:
    before = {name: value.clone() for name, value in start.model.state_dict().items()}
    for steps in (2, 20):
        model = alone(method, start, steps)
        assert model.prior is start.model.prior
        assert model.likelihood is start.model.likelihood
    after = start.model.state_dict()
    assert all(torch.equal(value, after[name]) for name, value in before.items())


def test_a_posterior_of_the_model_itself_needs_no_training(start, others) -> None:
    data, log_evidence = others
    found = [
        columns_of(measured(alone("ddvi", start, steps), data, log_evidence, IDS, 1))
        for steps in (2, 40)
    ]
    assert found[0] == found[1]
    assert found[0]["elbo_gap"] < 0.1
    assert abs(found[0]["importance_gap"]) < 0.01
    assert found[0]["effective_share"] > 0.85


def test_it_is_better_than_a_gaussian_trained_for_the_same_decoder(start, others) -> None:
    data, log_evidence = others
    ours, plain = (
        measured(alone(method, start, 200), data, log_evidence, IDS, 1)
        for method in ("ddvi", "vae")
    )
    assert ours["elbo_gap"].mean() < plain["elbo_gap"].mean()
    assert ours["effective_share"].mean() > plain["effective_share"].mean()
    # On average no bound is above the evidence, but for the error of 256 draws.
    for found in (ours, plain):
        assert (found["elbo_gap"] > -0.2).all()
        assert np.abs(found["importance_gap"]).mean() < 1


def test_a_method_without_a_density_has_no_gap(start) -> None:
    assert alone("aae", start, 2) is None


def test_the_posterior_of_a_warm_start_is_recalled(start) -> None:
    assert isinstance(alone("ddvi", start, 2), Recalled)
