"""Simulation-based calibration (Talts et al. 2018) of places and their error bars.

Samples are drawn from a fitted model: z from the prior, scores from the likelihood, with many and
with few variants. If draws, weighted, are from the posterior, the rank of the true z among them is
uniform, whatever the model has learnt.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import stats
from toy_model import SHARES, as_data, simulate, toy_model
from weights import stored

from ancestry_ddvi.inference.posterior_draws import PosteriorDraws
from ancestry_ddvi.inference.sampling import draw_posterior
from ancestry_ddvi.methods import recipe
from ancestry_ddvi.methods.method import Spec
from ancestry_ddvi.models.variational import Variational

pytestmark = pytest.mark.statistical

SAMPLES, DRAWS, BINS = 2400, 256, 20

SMALL = {"width": 32, "encoder_width": 32, "steps": 400, "batch": 128}


def fitted(method: str) -> Variational:
    """A model of the method, trained on samples of a curved world."""
    torch.manual_seed(1)
    _, samples = simulate(toy_model(), 600, seed=8)
    data = as_data(samples)
    made = replace(recipe(method), **SMALL).build(Spec(data.modality, 2), torch.device("cpu"))
    stored(f"calibration-{method}", made.model, lambda: made.fit(data, lambda done: None))
    return made.model


@pytest.fixture(
    scope="module",
    params=[
        "ddvi",
        "vae",
        *(pytest.param(m, marks=pytest.mark.slow) for m in ("iaf-vae", "h-iaf-vae")),
    ],
)
def simulated(request) -> tuple[np.ndarray, PosteriorDraws]:
    """Where samples of the model truly are, and where they are embedded."""
    model = fitted(request.param)
    truth, batch = simulate(model, SAMPLES, seed=78)
    ids = [f"p{i}" for i in range(SAMPLES)]
    return truth.double().numpy(), draw_posterior(model, as_data(batch), ids, draws=DRAWS, seed=5)


def ranks(truth: np.ndarray, posterior: PosteriorDraws, axis: int) -> np.ndarray:
    """Posterior mass below the truth; (samples,)."""
    below = posterior.draws[:, :, axis] < truth[:, None, axis]
    return np.clip((posterior.weight * below).sum(axis=1), 0, 1)


@pytest.mark.parametrize("axis", [0, 1])
def test_ranks_of_the_truth_are_uniform(simulated, axis: int) -> None:
    truth, posterior = simulated
    counts = np.histogram(ranks(truth, posterior, axis), np.linspace(0, 1, BINS + 1))[0]
    assert counts.sum() == SAMPLES >= 1000
    assert stats.chisquare(counts).pvalue > 0.01


@pytest.mark.parametrize("share", range(len(SHARES)))
def test_they_are_uniform_at_every_number_of_variants(simulated, share: int) -> None:
    truth, posterior = simulated
    for axis in range(2):
        some = ranks(truth, posterior, axis)[share :: len(SHARES)]
        assert stats.kstest(some, "uniform").pvalue > 0.005


def test_ninety_five_in_a_hundred_lie_within_two_stated_deviations(simulated) -> None:
    truth, posterior = simulated
    within = np.abs(truth - posterior.mean) < 1.96 * posterior.sd
    assert within.mean() == pytest.approx(0.95, abs=0.015)


def test_ranks_show_a_bar_that_is_a_fifth_too_narrow(simulated) -> None:
    """The test above would fail if it should."""
    truth, posterior = simulated
    centre = posterior.mean[:, None]
    narrow = PosteriorDraws(centre + 0.8 * (posterior.draws - centre), posterior.log_weight)
    counts = np.histogram(ranks(truth, narrow, 0), np.linspace(0, 1, BINS + 1))[0]
    assert stats.chisquare(counts).pvalue < 1e-6
