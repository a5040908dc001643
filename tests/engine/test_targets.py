"""Places of one group: p(z) times its probability, against sums over a grid."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import multivariate_normal
from toy_model import toy_model

from ancestry_ddvi.errors import UsageProblem
from ancestry_ddvi.inference import generation
from ancestry_ddvi.inference.constraint import reward_of_latents
from ancestry_ddvi.inference.outsourcing import outsource
from ancestry_ddvi.inference.targets import GroupTarget, targets
from ancestry_ddvi.models.priors import prior
from ancestry_ddvi.reference.groups import Groups
from ancestry_ddvi.reference.normals import Normals

TURN = np.array([[0.6, 0.8], [-0.8, 0.6]])
MAP = Normals(
    np.array([0.4, 0.3, 0.295, 0.005]),
    np.array([[-1.0, 0.0], [0.5, 1.0], [1.0, -1.0], [2.2, 0.4]]),
    np.array([np.eye(2) * 0.2, np.eye(2) * 0.3, [[0.3, 0.1], [0.1, 0.2]], np.eye(2) * 0.02]),
)
SCORES = Normals(MAP.weight, np.eye(4, 5), np.tile(np.eye(5), (4, 1, 1)))
GROUPS = Groups(
    ("population", "region"),
    (("a", "west"), ("b", "west"), ("c", "east"), ("rare", "east")),
    SCORES,
    MAP,
    ((1.3, 1.0, 1.0), (1.0, 1.0, 1.0)),
)
COUNT = 4000


class Normal:
    """A standard normal prior in two dimensions."""

    def sample_prior(self, count: int, seed: int) -> np.ndarray:
        return np.random.default_rng(seed).standard_normal((count, 2))

    def log_prior(self, z: np.ndarray) -> np.ndarray:
        return multivariate_normal(np.zeros(2)).logpdf(z)


def target(name: str, level: int = 0) -> GroupTarget:
    return GroupTarget(GROUPS, level, name, TURN)


def moments(wanted: GroupTarget) -> tuple[float, np.ndarray, np.ndarray]:
    """Share, mean and covariance of p(z) r(z), by a sum over a grid."""
    axis = np.linspace(-6, 6, 601)
    z = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    weight = np.exp(Normal().log_prior(z) + wanted.log_chance(z @ TURN)) * (axis[1] - axis[0]) ** 2
    share = weight.sum()
    mean = weight @ z / share
    return share, mean, np.einsum("n,ni,nj->ij", weight / share, z - mean, z - mean)


def close(z: np.ndarray, wanted: GroupTarget, worth: float) -> None:
    """Mean and covariance within four standard errors."""
    _, mean, covariance = moments(wanted)
    sd = np.sqrt(np.diagonal(covariance))
    assert (np.abs(z.mean(axis=0) - mean) < 4 * sd / np.sqrt(worth)).all()
    np.testing.assert_allclose(np.cov(z.T), covariance, atol=8 * sd.max() ** 2 / np.sqrt(worth))


@pytest.mark.statistical
@pytest.mark.parametrize(("name", "by"), [("a", "prior"), ("rare", "prior")])
def test_draws_under_a_group_are_the_prior_times_its_probability(name, by) -> None:
    wanted = target(name)
    reward = reward_of_latents(wanted.log_chance, TURN)
    drawn = outsource(prior("normal", 2), reward, draws=400, seed=1)
    assert drawn.by == by
    share, _, _ = moments(wanted)
    assert drawn.log_z == pytest.approx(np.log(share), abs=0.06)
    close(drawn.z, wanted, len(drawn.z))


@pytest.mark.statistical
def test_normals_are_sampled_as_they_are() -> None:
    drawn = GROUPS.coordinates.sample(50_000, np.random.default_rng(1))
    weight, mean = GROUPS.coordinates.weight, GROUPS.coordinates.mean
    expected = weight @ mean
    spread = np.einsum("k,ki,kj->ij", weight, mean - expected, mean - expected)
    within = np.einsum("k,kij->ij", weight, GROUPS.coordinates.covariance)
    np.testing.assert_allclose(drawn.mean(axis=0), expected, atol=0.02)
    np.testing.assert_allclose(np.cov(drawn.T), spread + within, atol=0.03)


def test_groups_lie_on_the_turned_axes() -> None:
    """The reward is greatest where the group is on the map, and the proposal is there too."""
    wanted = target("rare")
    there = np.array([[2.2, 0.4]]) @ TURN.T
    assert wanted.log_chance(there @ TURN)[0] > np.log(0.9)
    assert wanted.log_chance(np.array([[2.2, 0.4]]) @ TURN)[0] < np.log(0.1)
    np.testing.assert_allclose(wanted.proposal.mean, there)
    points = np.random.default_rng(2).normal(size=(9, 2))
    np.testing.assert_allclose(
        target("c").proposal.log_density(points),
        GROUPS.coordinates_of(0, "c").log_density(points @ TURN),
    )


@pytest.mark.statistical
def test_samples_are_drawn_from_the_normals_of_their_group() -> None:
    """A coarse group is a mixture of cells; latents that are no coordinates know nothing of it."""
    west, chance = target("west", level=1), np.random.default_rng(1)
    z = np.array([west.draw(5, chance) for _ in range(COUNT)])
    weight, mean = np.array([4, 3]) / 7, GROUPS.coordinates.mean[:2]
    apart = mean - weight @ mean
    covariance = np.diag(weight @ [0.2, 0.3] * np.ones(2)) + apart.T @ (weight[:, None] * apart)
    np.testing.assert_allclose((z[:, :2] @ TURN).mean(axis=0), weight @ mean, atol=0.06)
    np.testing.assert_allclose(np.cov((z[:, :2] @ TURN).T), covariance, atol=0.07)
    np.testing.assert_allclose(z[:, 2:].mean(axis=0), 0, atol=0.07)
    np.testing.assert_allclose(np.corrcoef(z.T)[2:], np.eye(5)[2:], atol=0.07)
    np.testing.assert_allclose(z[:, 2:].std(axis=0), 1, atol=0.05)


def test_names_are_of_any_level_and_weights_relative() -> None:
    west, rare = targets(GROUPS, ["west:3", "rare"], TURN)
    assert (west.level, west.name, west.share) == (1, "west", 0.75)
    assert (rare.level, rare.name, rare.share) == (0, "rare", 0.25)


def test_a_name_may_hold_a_colon() -> None:
    odd = Groups(("l",), (("a:1",), ("b",)), SCORES[:2], MAP[:2], ((1.0,) * 3,))
    one, two = targets(odd, ["a:1", "b:1"], TURN)
    assert (one.name, two.name) == ("a:1", "b")
    assert targets(odd, ["a:1:4"], TURN)[0].name == "a:1"


def test_an_unknown_name_is_met_with_those_there_are() -> None:
    with pytest.raises(UsageProblem, match=r"'Oz'.*population: a, b, c, rare; region: east, west"):
        targets(GROUPS, ["Oz"], TURN)


@pytest.mark.statistical
def test_true_scores_have_the_decoders_mean_and_the_excess_as_variance() -> None:
    from toy_model import RESIDUAL_VARIANCE

    model = toy_model()
    z = np.tile([[0.5, -1.0]], (20_000, 1))
    normal = np.random.default_rng(1).standard_normal((20_000, 5))
    scores = generation.decode_scores(model, z, normal)
    middle = generation.decode_scores(model, z[:1], np.zeros((1, 5)))[0]
    np.testing.assert_allclose(scores.mean(axis=0), middle, atol=0.02)
    np.testing.assert_allclose(scores.var(axis=0), RESIDUAL_VARIANCE, rtol=0.05)


def test_the_scores_of_one_are_the_same_in_company() -> None:
    model, chance = toy_model(), np.random.default_rng(1)
    z, normal = chance.standard_normal((130, 2)), chance.standard_normal((130, 5))
    all_samples = generation.decode_scores(model, z, normal)
    for few in (1, 10, 64, 65):
        assert np.array_equal(
            generation.decode_scores(model, z[:few], normal[:few]), all_samples[:few]
        )


def test_drawing_from_the_prior_leaves_the_global_generator_alone() -> None:
    import torch

    before = torch.random.get_rng_state()
    one, again = (generation.sample_prior(toy_model(), 5, 9) for _ in range(2))
    assert np.array_equal(one, again)
    assert torch.equal(torch.random.get_rng_state(), before)
