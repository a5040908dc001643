"""Posterior draws: independent of other samples, rotated to fixed axes, wider with few variants."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from toy_model import as_data, as_scores, factors, rested, simulate

from ancestry_ddvi.data.scores import ScoreData
from ancestry_ddvi.genotypes.projection.scores import Scores
from ancestry_ddvi.inference.posterior_draws import PosteriorDraws, rotation, standard_error
from ancestry_ddvi.inference.sampling import draw_posterior
from ancestry_ddvi.models.batch import Batch
from ancestry_ddvi.models.recalled import Recalled
from ancestry_ddvi.parallel import on_threads

COUNT = 200
IDS = np.array([f"sample-{i}" for i in range(COUNT)], dtype=object)
FIELDS = ("draws", "log_weight", "mean", "sd", "covariance", "elbo", "importance_bound")


@pytest.fixture(scope="module")
def scores() -> Scores:
    return as_scores(simulate(rested(), COUNT, seed=61)[1])


def embedded(
    scores: Scores, rows: np.ndarray, ids: np.ndarray = IDS, seed: int = 1
) -> PosteriorDraws:
    data = ScoreData(scores[rows], torch.device("cpu"))
    return draw_posterior(rested(), data, ids[rows], draws=32, seed=seed)


def assert_same_bits(
    a: PosteriorDraws, b: PosteriorDraws, rows: np.ndarray | slice = slice(None)
) -> None:
    for name in FIELDS:
        assert np.array_equal(getattr(a, name), getattr(b, name)[rows]), name


@pytest.mark.parametrize("size", [1, 63, 64, 65, COUNT])
def test_draws_do_not_depend_on_the_other_samples(scores, size: int) -> None:
    together = embedded(scores, np.arange(size))
    for sample in {0, size // 2, size - 1}:
        assert_same_bits(embedded(scores, np.array([sample])), together, np.array([sample]))


def test_order_does_not_matter(scores) -> None:
    together = embedded(scores, np.arange(COUNT))
    for order in (np.arange(COUNT)[::-1], np.random.default_rng(1).permutation(COUNT)):
        assert_same_bits(embedded(scores, order), together, order)


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_draws_that_recall_are_the_same_alone_in_any_order_and_on_any_threads(
    scores, threads: int
) -> None:
    toy = rested()
    parts = toy.prior, toy.likelihood, toy.posterior, toy.encoder
    model = Recalled(*parts, 4)

    def drawn(rows: np.ndarray, count: int = threads) -> PosteriorDraws:
        data = ScoreData(scores[rows], torch.device("cpu"))
        with on_threads(count):
            return draw_posterior(model, data, IDS[rows], draws=32, seed=1)

    together = drawn(np.arange(40), 1)
    for rows in (np.arange(40)[::-1], np.array([0]), np.array([17]), np.arange(16, 40)):
        assert_same_bits(drawn(rows), together, rows)


def test_nor_does_it_where_threads_share_the_work(scores) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        some = np.arange(5)
        assert_same_bits(embedded(scores, some[::-1]), embedded(scores, some), some[::-1])
    finally:
        torch.set_num_threads(before)


def test_the_same_seed_draws_the_same_and_another_other(scores) -> None:
    some = np.arange(5)
    assert_same_bits(embedded(scores, some), embedded(scores, some))
    assert not np.array_equal(embedded(scores, some).draws, embedded(scores, some, seed=2).draws)


def test_noise_belongs_to_the_id_and_not_to_the_position_in_the_file(scores) -> None:
    twice = np.array([7, 7])
    renamed = IDS.copy()
    renamed[7] = "another"
    ours, theirs = embedded(scores, twice), embedded(scores, twice, renamed)
    assert np.array_equal(ours.draws[0], ours.draws[1])
    assert not np.array_equal(ours.draws, theirs.draws)
    assert np.abs(ours.mean - theirs.mean).max() < ours.sd.min()


def test_the_random_state_of_the_caller_plays_no_part(scores) -> None:
    torch.manual_seed(0)
    first = embedded(scores, np.arange(3))
    torch.manual_seed(1)
    assert_same_bits(embedded(scores, np.arange(3)), first)


def test_weights_sum_to_one_and_stand_any_scale() -> None:
    draws = np.random.default_rng(0).normal(size=(4, 50, 2))
    log_weight = np.random.default_rng(1).normal(size=(4, 50))
    near, far = PosteriorDraws(draws, log_weight), PosteriorDraws(draws, log_weight - 1e4)
    np.testing.assert_allclose(near.weight.sum(axis=1), 1)
    np.testing.assert_allclose(near.mean, far.mean, rtol=1e-9)
    np.testing.assert_allclose(near.importance_bound - 1e4, far.importance_bound)
    assert (near.importance_bound >= near.elbo).all()


def test_even_weights_give_plain_means_and_unbiased_covariances() -> None:
    draws = np.random.default_rng(0).normal(size=(3, 40, 2))
    even = PosteriorDraws(draws, np.full((3, 40), -7.0))
    np.testing.assert_allclose(even.mean, draws.mean(axis=1))
    for i in range(3):
        np.testing.assert_allclose(even.covariance[i], np.cov(draws[i].T))
    np.testing.assert_allclose(even.effective_draws, 40)
    np.testing.assert_allclose(even.elbo, -7)


def test_one_lucky_draw_far_away_carries_no_sample_there() -> None:
    """A thousand even draws about 0 and one at 20 that weighs as much as half of them: it would
    move the mean to 6.7, and moves it by less than one. The flag still sees it."""
    draws = np.random.default_rng(0).normal(size=(1, 1001, 1))
    log_weight = np.zeros((1, 1001))
    draws[0, 500], log_weight[0, 500] = 20.0, np.log(500)
    lucky = PosteriorDraws(draws, log_weight)
    assert 0 < lucky.mean[0, 0] < 1
    assert lucky.effective_draws[0] == pytest.approx(1500**2 / (1000 + 500**2))


def test_one_draw_that_outweighs_all_is_counted_as_one() -> None:
    log_weight = np.zeros((1, 64))
    log_weight[0, 3] = 1000
    lone = PosteriorDraws(np.random.default_rng(0).normal(size=(1, 64, 2)), log_weight)
    assert lone.effective_draws[0] == pytest.approx(1)
    assert np.isfinite(lone.sd).all()


@pytest.mark.statistical
def test_fewer_variants_widen_and_do_not_shift() -> None:
    """Thinned thirty times, the means of 400 samples vary by the standard deviations stated."""
    model, samples, share = rested(), 399, 1 / 30
    _, whole = simulate(model, samples, seed=9)
    whole = Batch(whole.x, factors(3)[2].expand(samples, 5, 5))
    with torch.no_grad():
        truth = model.likelihood(torch.randn(samples, 2))
        excess = (0.5 * model.likelihood.log_residual_variance).exp() * torch.randn(samples, 5)
    noise = torch.linalg.solve(whole.factor.mT, torch.randn(samples, 5, 1))[..., 0]
    whole = Batch(truth + excess + noise, whole.factor)
    lost = torch.linalg.solve(whole.factor.mT, torch.randn(samples, 5, 1))[..., 0]
    part = Batch(whole.x + ((1 - share) / share) ** 0.5 * lost, whole.factor * share**0.5)
    ids = [f"p{i}" for i in range(samples)]
    full = draw_posterior(model, as_data(whole), ids, draws=256, seed=3)
    thin = draw_posterior(model, as_data(part), ids, draws=256, seed=3)
    wider = np.linalg.det(thin.covariance) / np.linalg.det(full.covariance)
    assert np.median(wider) > 3
    gap = np.sqrt(np.maximum(thin.sd**2 - full.sd**2, 1e-6))
    sure = thin.sd > 1.1 * full.sd
    shift = ((full.mean - thin.mean) / gap)[sure]
    assert abs(shift.mean()) < 0.15
    assert np.mean(np.abs(shift) < 1.96) == pytest.approx(0.95, abs=0.05)


def rotated(angle: float, mirrored: bool = False) -> np.ndarray:
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, -s], [s, c]]) @ np.diag([1.0, -1.0 if mirrored else 1.0])


@pytest.mark.parametrize("angle", [0.3, 2.0, 4.5])
@pytest.mark.parametrize("mirrored", [False, True])
def test_the_picture_does_not_depend_on_how_the_latents_were_turned(
    angle: float, mirrored: bool
) -> None:
    rng = np.random.default_rng(0)
    components = rng.normal(size=(300, 5)) * [9, 5, 2, 1, 1]
    means = components[:, :2] / [9, 5] + 0.2 * rng.normal(size=(300, 2))
    straight = means @ rotation(means, components)
    other = means @ rotated(angle, mirrored)
    np.testing.assert_allclose(other @ rotation(other, components), straight, atol=1e-9)
    for k in range(2):
        assert np.corrcoef(straight[:, k], components[:, k])[0, 1] > 0.9


@pytest.mark.parametrize(("dims", "components"), [(1, 4), (2, 2), (3, 1), (8, 5)])
def test_an_orientation_is_orthogonal_for_any_number_of_axes(dims: int, components: int) -> None:
    rng = np.random.default_rng(dims)
    means, scores = rng.normal(size=(60, dims)), rng.normal(size=(60, components))
    turn = rotation(means, scores)
    np.testing.assert_allclose(turn.T @ turn, np.eye(dims), atol=1e-12)
    assert np.array_equal(turn, rotation(means, scores))


def test_a_rotation_rotates_means_and_covariances_and_no_weight() -> None:
    rng = np.random.default_rng(0)
    before = PosteriorDraws(rng.normal(size=(3, 40, 2)) * [2, 1], rng.normal(size=(3, 40)))
    turn = rotated(0.7)
    after = before.rotated(turn)
    np.testing.assert_allclose(after.mean, before.mean @ turn)
    np.testing.assert_allclose(after.covariance, turn.T @ before.covariance @ turn)
    assert np.array_equal(after.log_weight, before.log_weight)


def test_a_standard_error_is_that_of_a_mean() -> None:
    values = np.random.default_rng(0).normal(size=400)
    assert standard_error(values) == pytest.approx(values.std(ddof=1) / 20)
    assert np.isnan(standard_error(values[:1]))


def test_correlations_are_those_of_the_weighted_draws() -> None:
    rng = np.random.default_rng(4)
    cholesky = np.array([[2.0, 0, 0], [1.0, 1.0, 0], [0.5, -0.3, 0.2]])
    posterior = PosteriorDraws(rng.normal(size=(1, 4000, 3)) @ cholesky.T)
    expected = np.corrcoef(posterior.draws[0].T)[np.triu_indices(3, 1)]
    np.testing.assert_allclose(posterior.correlation[0], expected, rtol=1e-6)


def test_weights_hundreds_of_nats_apart_give_finite_bounds() -> None:
    log_weight = np.array([[-2000.0, 3.0, 900.0]])
    posterior = PosteriorDraws(np.zeros((1, 3, 2)), log_weight)
    assert posterior.importance_bound[0] == pytest.approx(900 - np.log(3))
    assert posterior.log_evidence[0] == pytest.approx(900 - np.log(3))


def test_the_axes_do_not_depend_on_where_the_middle_of_the_cloud_is() -> None:
    rng = np.random.default_rng(6)
    mean, scores = rng.normal(size=(50, 2)), rng.normal(size=(50, 4))
    moved = rotation(mean + np.array([30.0, -7.0]), scores)
    np.testing.assert_allclose(moved, rotation(mean, scores), atol=1e-9)
