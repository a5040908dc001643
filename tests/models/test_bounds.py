"""ELBO <= importance-weighted bound <= evidence, the evidence being a sum over a grid."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from toy_model import Grid, as_data, asleep, rested, simulate, toy_model

from ancestry_ddvi.inference.posterior_draws import PosteriorDraws
from ancestry_ddvi.inference.sampling import draw_posterior

SAMPLES = 96
K = (1, 8, 64, 512)


@cache
def exact() -> Grid:
    return Grid(rested(), simulate(rested(), SAMPLES, 21)[1])


def embedded(draws: int, seed: int = 3) -> PosteriorDraws:
    data = as_data(simulate(rested(), SAMPLES, 21)[1])
    return draw_posterior(rested(), data, [f"p{i}" for i in range(SAMPLES)], draws=draws, seed=seed)


@pytest.mark.statistical
def test_bounds_order_as_they_must_and_close_in_on_the_evidence() -> None:
    """Means over samples and three seeds; the tolerance is a hundredth of a nat per sample."""
    evidence = exact().log_evidence.mean()
    runs = [[embedded(draws, seed) for seed in range(3)] for draws in K]
    weighted = np.array([[run.importance_bound.mean() for run in same] for same in runs])
    plain = np.array([[run.elbo.mean() for run in same] for same in runs]).mean(axis=1)
    gaps = evidence - weighted.mean(axis=1)
    assert gaps[0] == pytest.approx(evidence - plain[0], abs=1e-9)
    assert plain == pytest.approx([plain[-1]] * len(K), abs=0.15)
    assert gaps[0] > 2 * gaps[1] > 8 * abs(gaps[2])
    assert gaps.min() > -0.01
    assert abs(gaps[-1]) < 0.01


@pytest.mark.statistical
def test_weights_average_to_the_evidence_of_every_sample() -> None:
    """E_q[w] = p(x): no constant of any density is missing, sample by sample."""
    posterior = embedded(2048)
    ratio = np.exp(posterior.log_weight - exact().log_evidence[:, None]).mean(axis=1)
    assert np.abs(np.log(ratio)).max() < 0.15
    assert ratio.mean() == pytest.approx(1, abs=0.01)


@pytest.mark.statistical
def test_weighted_draws_have_the_moments_of_the_posterior() -> None:
    posterior = embedded(2048)
    off = np.abs(posterior.mean - exact().mean) / exact().sd
    assert np.quantile(off, 0.95) < 0.06
    assert off.max() < 0.4
    ratio = np.abs(np.log(posterior.sd / exact().sd))
    assert np.quantile(ratio, 0.95) < 0.1
    assert ratio.max() < 0.4
    scale = exact().sd[:, :, None] * exact().sd[:, None, :]
    apart = np.abs(posterior.covariance - exact().covariance) / scale
    assert np.quantile(apart, 0.95) < 0.15


@pytest.mark.statistical
def test_weights_mend_a_posterior_that_has_learnt_little() -> None:
    """Draws from a poor q are half a standard deviation off; weighted, they are right."""
    _, batch = simulate(rested(), SAMPLES, 21)
    ids = [f"p{i}" for i in range(0, SAMPLES, 3)]
    model = asleep(toy_model(), 30)
    posterior = draw_posterior(model, as_data(batch[::3]), ids, draws=4096, seed=1)
    sure = posterior.effective_draws > 300
    assert sure.sum() >= 25
    truth, sd = exact().mean[::3][sure], exact().sd[::3][sure]
    unweighted = np.abs(posterior.draws.mean(axis=1)[sure] - truth) / sd
    weighted = np.abs(posterior.mean[sure] - truth) / sd
    assert unweighted.mean() > 0.3
    assert weighted.mean() < 0.05
