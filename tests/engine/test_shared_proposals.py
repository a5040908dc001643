"""Draws chosen from shared proposals: none twice, weights kept, every mode in its share."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from toy_model import rested

from ancestry_ddvi.data.scores import ScoreData
from ancestry_ddvi.errors import NothingLeft
from ancestry_ddvi.genotypes.projection.scores import Scores
from ancestry_ddvi.inference.constraint import POOR, constrained
from ancestry_ddvi.inference.shared_proposals import Proposals, distinct
from ancestry_ddvi.models.autoencoder import Autoencoder
from ancestry_ddvi.models.encoders import ScoreEncoder
from ancestry_ddvi.models.labels import NoLabels
from ancestry_ddvi.models.likelihoods.scores import ScoreLikelihood
from ancestry_ddvi.models.posteriors.point import Point
from ancestry_ddvi.models.priors.gaussian import StandardNormal


def test_half_of_the_proposals_spread_twice_as_wide_as_the_prior() -> None:
    proposals = Proposals.of(rested(), lambda z: torch.zeros(len(z)), seed=1)
    own, wide = proposals.z.double().chunk(2)
    np.testing.assert_allclose(own.std(0), 1, atol=0.02)
    np.testing.assert_allclose(wide.std(0), 2, atol=0.04)


def chosen(log_weight: np.ndarray, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    return distinct(log_weight, count, np.random.default_rng(seed))


def test_no_draw_is_chosen_twice_and_the_mean_weight_stays() -> None:
    log_weight = 700 + np.random.default_rng(1).normal(0, 4, 5000)
    for seed in range(20):
        rows, kept = chosen(log_weight, 64, seed)
        assert len(set(rows)) == 64
        mean = np.logaddexp.reduce(kept) - np.log(64)
        assert mean == pytest.approx(np.logaddexp.reduce(log_weight) - np.log(5000), abs=0.02)


def test_draws_of_much_weight_are_kept_with_it_and_others_count_alike() -> None:
    log_weight = np.log(np.r_[np.full(96, 0.01), 3.0, 5.0])
    rows, kept = chosen(log_weight, 10, 3)
    assert set(rows[-2:]) == {96, 97}
    np.testing.assert_allclose(np.exp(kept) * 98 / 10, [*[0.96 / 8] * 8, 3.0, 5.0])


def test_means_by_chosen_draws_are_those_of_all() -> None:
    rng = np.random.default_rng(2)
    log_weight, value = rng.normal(0, 2, 1000), rng.normal(size=1000)
    weight = np.exp(log_weight)
    found = []
    for seed in range(2000):
        rows, kept = chosen(log_weight, 16, seed)
        found.append(np.exp(kept) @ value[rows] / 16)
    error = np.std(found) / np.sqrt(len(found))
    assert np.mean(found) == pytest.approx(weight @ value / 1000, abs=4 * error)


def test_one_draw_may_have_all_the_weight() -> None:
    rows, kept = chosen(np.r_[np.full(50, -np.inf), -1e4], 4, 1)
    assert len(set(rows)) == 4
    np.testing.assert_allclose(kept[rows == 50], -1e4 + np.log(4 / 51))
    assert (kept[rows != 50] < -1e4 - 600).all()


def folded() -> Autoencoder:
    """A generator of |z1| and z2, smooth at 0, which gives a point for a posterior."""
    likelihood = ScoreLikelihood(torch.ones(2), 2, 4)
    with torch.no_grad():
        for parameter in likelihood.parameters():
            parameter.zero_()
        likelihood.net.hidden[0].weight[:2, 0] = torch.tensor([20.0, -20.0])
        likelihood.net.hidden[2].weight[0, :2] = 1
        likelihood.net.head.weight[0, 0] = 0.05
        likelihood.linear.weight[1, 1] = 1
        likelihood.log_residual_variance.fill_(-9)
    encoder = ScoreEncoder(torch.ones(2), 4)
    return Autoencoder(StandardNormal(2), likelihood, Point(2, 4), encoder, NoLabels())


def one_sample(value: list[float], sd: float) -> ScoreData:
    many = np.full(1, 1000)
    precision = np.eye(2)[None] / sd**2
    scores = Scores(np.array([value]), precision, many * 1.0, many, many * 1.0, many < 0)
    return ScoreData(scores, torch.device("cpu"))


def drawn(data: ScoreData, log_reward, seed: int):
    found, _ = constrained(
        folded(), data, ["s"], log_reward, draws=256, seed=seed, sampler="own", steps=0,
        advance=lambda done: None,
    )  # fmt: skip
    return found


@pytest.mark.statistical
@pytest.mark.parametrize("sd", [0.3, 0.05])
def test_each_of_two_modes_has_its_share(sd: float) -> None:
    """|z1| = 1.5 is as likely on either side, and the reward makes one of them e times rarer.

    The rarer has 27 % of the posterior. The share among 256 draws has a standard error of 0.028,
    and the tolerance is four of them.
    """
    data = one_sample([1.5, 0.5], sd)
    for seed in range(5):
        found = drawn(data, lambda z: -1.0 * (z[:, 0] < 0), seed)
        share = (found.weight * (found.draws[..., 0] < 0)).sum()
        assert share == pytest.approx(1 / (1 + np.exp(1)), abs=0.11)
        assert found.effective_draws[0] > 64


@pytest.mark.statistical
def test_a_constraint_that_contradicts_the_data_is_met_where_the_prior_is_thin() -> None:
    """Along z2 all is normal: prior 1, data 4 with variance 1, reward -4 with variance 1/4."""
    found = drawn(one_sample([1.5, 4.0], 1.0), lambda z: -2 * (z[:, 1] + 4).square(), 1)
    precision = 1 + 1 / (1 + np.exp(-9)) + 4
    assert found.mean[0, 1] == pytest.approx((4 - 16) / precision, abs=0.15 / np.sqrt(precision))
    assert found.sd[0, 1] == pytest.approx(precision**-0.5, rel=0.15)


def test_a_constraint_that_no_latent_meets_is_refused() -> None:
    with pytest.raises(NothingLeft, match="meets the constraint"):
        drawn(one_sample([1.5, 0.0], 0.3), lambda z: torch.full((len(z),), -torch.inf), 1)


@pytest.mark.statistical
@pytest.mark.parametrize("sd", [0.05, 0.01, 0.003])
@pytest.mark.parametrize("value", [[1.5, 0.5], [2.8, 1.0], [3.5, 0.0]])
def test_a_mode_that_is_missed_leaves_few_effective_draws(value: list[float], sd: float) -> None:
    """Posteriors down to a three-hundredth of the prior, out to where it has few draws.

    A share that is off by more than chance never looks sure: its effective draws are below those
    at which a sampler is trained, and flagged.
    """
    for seed in range(6):
        found = drawn(one_sample(value, sd), lambda z: -1.0 * (z[:, 0] < 0), seed)
        share = (found.weight * (found.draws[..., 0] < 0)).sum()
        sure = found.effective_draws[0] >= POOR * found.draws.shape[1]
        assert not sure or share == pytest.approx(1 / (1 + np.exp(1)), abs=0.15)


@pytest.mark.parametrize(("sampler", "trained"), [("auto", 1), ("own", 0)])
def test_proposals_that_fill_no_space_are_not_trusted(sampler: str, trained: int, caplog) -> None:
    likelihood = ScoreLikelihood(torch.ones(6), 5, 4)
    encoder = ScoreEncoder(torch.ones(6), 4)
    blind = Autoencoder(StandardNormal(5), likelihood, Point(5, 4), encoder, NoLabels())
    many = np.full(1, 1000)
    scores = Scores(np.ones((1, 6)), np.eye(6)[None], many * 1.0, many, many * 1.0, many < 0)
    found, by = constrained(
        blind, ScoreData(scores, torch.device("cpu")), ["s"], lambda z: z[:, 0], draws=32, seed=1,
        sampler=sampler, steps=3, advance=lambda done: None,
    )  # fmt: skip
    assert by == {"own": 1 - trained, "outsourced": trained}
    assert ("a mode can be missed" in caplog.text) == (not trained)
    assert found.draws.shape == (1, 32, 5)
