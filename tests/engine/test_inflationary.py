"""Inflationary flows fitted to samples: unique, invertible, calibrated."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.stats import chisquare
from weights import stored

from ancestry_ddvi.data.scores import ScoreData
from ancestry_ddvi.errors import UsageProblem
from ancestry_ddvi.genotypes.projection.scores import Scores
from ancestry_ddvi.methods import recipe
from ancestry_ddvi.methods.inflationary_flow import FlowMethod
from ancestry_ddvi.methods.method import Spec
from ancestry_ddvi.methods.settings import with_settings
from ancestry_ddvi.models.batch import Batch
from ancestry_ddvi.models.inflationary import variances

SETTINGS = {"steps": "3000", "width": "64", "rounds": "10", "batch": "256",
            "learning_rate": "0.004"}  # fmt: skip
CPU = torch.device("cpu")


def scores_of(value: np.ndarray, precision: np.ndarray) -> Scores:
    samples = len(value)
    many = np.full(samples, 1000)
    return Scores(value, precision, many.astype(float), many, many.astype(float), many < 0)


CENTRES = np.array([[12, 3, 1], [-8, 6, -1], [-2, -8, 2], [10, 0, -3]], dtype=float)
SHARES = np.array([0.4, 0.3, 0.2, 0.1])


def measured(spread: list[float]) -> Scores:
    """A thousand of four groups of that spread, with unit noise on three components."""
    chance = np.random.default_rng(5)
    truth = (CENTRES - SHARES @ CENTRES)[chance.choice(4, 1000, p=SHARES)]
    truth = truth + chance.normal(size=truth.shape) * spread
    value = truth + chance.normal(size=truth.shape)
    return scores_of(value, np.tile(np.eye(3), (1000, 1, 1)))


@pytest.fixture(scope="module")
def samples() -> Scores:
    return measured([0.7, 0.5, 0.3])


def fitted(samples: Scores, seed: int, name: str = "", **changes: str) -> FlowMethod:
    """A flow trained here, or with the stored weights of that name."""
    data = ScoreData(samples, CPU)
    made = with_settings(recipe("inflationary-flow"), SETTINGS | changes)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        method = made.build(Spec(data.modality, 2), CPU)
        if name:
            stored(name, method.model, lambda: method.fit(data, lambda done: None))
        else:
            method.fit(data, lambda done: None)
    return method


@pytest.fixture(scope="module")
def method(samples) -> FlowMethod:
    return fitted(samples, 1, "flow")


def ids(count: int) -> list[str]:
    return [f"P{i}" for i in range(count)]


@pytest.mark.slow
def test_another_seed_gives_the_same_latents(method, samples):
    other = fitted(samples, 2)
    x = torch.tensor(samples.value, dtype=torch.float32)
    with torch.no_grad():
        both = [m.model.flow.encode(x) for m in (method, other)]
    for one, two in zip(both[0].T, both[1].T, strict=True):
        assert np.corrcoef(one, two)[0, 1] > 0.98


def test_true_scores_are_less_spread_than_measured_ones(method, samples):
    """Three quarters of the third component's spread is noise."""
    spectrum = method.model.flow.denoiser.spectrum.numpy()
    assert np.allclose(spectrum, samples.value.var(0) - 1, rtol=0.03)
    with torch.no_grad():
        made = method.model.flow.decode(torch.randn(4000, 3)).numpy()
    assert np.allclose(made.var(0), spectrum, rtol=0.15)


@pytest.mark.slow
def test_rounds_of_draws_take_noise_out_of_groups():
    """Groups of one point each: decoded scores are nearer to them than shrunk scores."""
    widths = []
    for rounds in ("0", "20"):
        flow = fitted(measured([0.1, 0.1, 0.1]), 1, rounds=rounds).model.flow
        with torch.random.fork_rng(), torch.no_grad():
            torch.manual_seed(2)
            made = flow.decode(torch.randn(4000, 3)).numpy()
        apart = np.linalg.norm(made[:, None] - (CENTRES - SHARES @ CENTRES), axis=2)
        widths.append(np.median(apart.min(axis=1)))
    assert widths[1] < 0.92 * widths[0]


def test_samples_are_there_and_back_again(method, samples):
    flow, x = method.model.flow, torch.tensor(samples.value, dtype=torch.float32)
    with torch.no_grad():
        again = flow.decode(flow.encode(x))
    assert (again - x).norm() < 1e-3 * (x - flow.centre).norm()


@pytest.mark.slow
@pytest.mark.statistical
def test_ranks_of_simulated_samples_are_uniform(method):
    """Simulation-based calibration: 1,000 samples of the flow, 2 to 100 % of the variants."""
    chance, count = np.random.default_rng(1), 1000
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(3)
        z = torch.randn(count, 3)
        truth = method.model.flow.decode(z).double().numpy()
    share = np.exp(chance.uniform(np.log(0.02), 0, count))
    value = truth + chance.normal(size=truth.shape) / np.sqrt(share)[:, None]
    seen = scores_of(value, np.eye(3) * share[:, None, None])
    embedded = method.embed(ScoreData(seen, CPU), ids(count), draws=32, seed=7)
    assert embedded.draws.shape == (count, 32, 2)
    for axis in range(2):
        below = embedded.draws[:, :, axis] < z[:, axis, None].numpy()
        ranks = (embedded.weight * below).sum(axis=1)
        counts = np.histogram(ranks, bins=8, range=(0, 1 + 1e-9))[0]
        assert chisquare(counts).pvalue > 0.01


@pytest.mark.slow
def test_correlated_noise_is_made_up_for_by_weights(method):
    """Draws under uncorrelated noise, weighted, against a grid of importance draws."""
    covariance = np.array([[30.0, 18, 1], [18, 20, 2], [1, 2, 4]])
    one = scores_of(np.array([[3.0, 1.0, 0.5]]), np.linalg.inv(covariance)[None])
    embedded = method.embed(ScoreData(one, CPU), ["P"], draws=512, seed=1)
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(4)
        z = torch.randn(40_000, 3)
        apart = method.model.flow.decode(z).double().numpy() - one.value
    log_weight = -0.5 * np.einsum("ni,ij,nj->n", apart, one.precision[0], apart)
    weight = np.exp(log_weight - log_weight.max())
    weight /= weight.sum()
    latents = z[:, :2].double().numpy()
    mean = weight @ latents
    sd = np.sqrt(weight @ (latents - mean) ** 2)
    assert 1 / (weight**2).sum() > 1000
    assert embedded.effective_draws[0] < 460
    assert np.abs((embedded.mean[0] - mean) / sd).max() < 0.15
    assert np.abs(embedded.sd[0] / sd - 1).max() < 0.12
    evidence = np.log(np.exp(log_weight - log_weight.max()).mean()) + log_weight.max()
    evidence += 0.5 * np.linalg.slogdet(one.precision[0])[1] - 1.5 * np.log(2 * np.pi)
    assert embedded.log_evidence[0] == pytest.approx(evidence, abs=0.1)


def test_variances_are_those_of_the_inverse_precision():
    precision = np.array([[[4.0, 1.0], [1.0, 2.0]]])
    factor = torch.tensor(np.linalg.cholesky(precision))
    found = variances(Batch(torch.zeros(1, 2), factor))
    assert np.allclose(found.numpy(), np.diagonal(np.linalg.inv(precision), axis1=1, axis2=2))


@pytest.mark.parametrize(
    "setting", [{"gap": "1.5"}, {"floor": "0"}, {"inflation": "x"}, {"learning_rate": "-1"}]
)
def test_settings_out_of_range_are_refused(setting):
    with pytest.raises(UsageProblem, match="--set"):
        with_settings(recipe("inflationary-flow"), setting)
