"""Groups against Bayes' rule in closed form: normal groups, a normal prior, normal evidence."""

from __future__ import annotations

import json
from typing import NamedTuple

import numpy as np
import pytest
from scipy import stats
from scipy.special import logsumexp

from ancestry_ddvi.artefacts.typed import typed
from ancestry_ddvi.reference.groups import Groups
from ancestry_ddvi.reference.normals import Normals, log_mean

NAMES = (("A1", "A"), ("A2", "A"), ("B1", "B"))
LEVELS = ("population", "superpopulation")


def groups() -> Groups:
    normals = Normals(
        np.array([0.5, 0.2, 0.3]),
        np.array([[-1.0, 0.0], [0.0, 1.0], [1.2, -0.3]]),
        np.array([[[0.2, 0.05], [0.05, 0.1]], [[0.1, 0], [0, 0.3]], [[0.15, -0.02], [-0.02, 0.2]]]),
    )
    return Groups(LEVELS, NAMES, normals, ((1.0,) * 3, (1.0,) * 3))


class Drawn(NamedTuple):
    """What groups are told of samples."""

    draws: np.ndarray
    weight: np.ndarray
    belief: np.ndarray


def posterior(seen: np.ndarray, noise: np.ndarray, draws: int) -> Drawn:
    """Draws of z | x where z ~ N(0, I) and x | z ~ N(z, noise): even weights, log prior."""
    covariance = np.linalg.inv(np.eye(2) + np.linalg.inv(noise))
    mean = covariance @ np.linalg.inv(noise) @ seen
    z = np.random.default_rng(1).multivariate_normal(mean, covariance, draws)
    weight = np.full((1, draws), 1 / draws)
    return Drawn(z[None], weight, -0.5 * (z**2).sum(1)[None] - np.log(2 * np.pi))


def exact(seen: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """p(cell | x), places summed out by hand."""
    found = groups().normals
    each = [
        np.log(w) + stats.multivariate_normal(m, c + noise).logpdf(seen)
        for w, m, c in zip(found.weight, found.mean, found.covariance, strict=True)
    ]
    return np.exp(np.array(each) - logsumexp(each))


@pytest.mark.statistical
@pytest.mark.parametrize("seen", [(-0.8, 0.1), (0.4, 0.4), (0.2, -0.1)])
@pytest.mark.parametrize("noise", [0.02, 0.3, 2.0])
def test_probabilities_are_those_of_bayes_rule(seen, noise) -> None:
    """However little was seen: the model's prior is not counted a second time."""
    noise = noise * np.array([[1, 0.3], [0.3, 0.7]])
    cells = exact(np.array(seen), noise)
    drawn = posterior(np.array(seen), noise, 40_000)
    np.testing.assert_allclose(groups().probabilities(0, drawn)[0], cells, atol=0.01)
    coarse = [cells[0] + cells[1], cells[2]]
    np.testing.assert_allclose(groups().probabilities(1, drawn)[0], coarse, atol=0.01)


def test_weights_count() -> None:
    """Draws twice there are draws of twice the weight."""
    z, weight, log_prior = posterior(np.zeros(2), np.eye(2), 60)
    doubled = np.concatenate([weight, weight[:, :30]], axis=1)
    twice = [np.concatenate([v, v[:, :30]], axis=1) for v in (z, log_prior)]
    heavy = weight.copy()
    heavy[:, :30] *= 2
    np.testing.assert_allclose(
        groups().probabilities(0, Drawn(twice[0], doubled / doubled.sum(), twice[1])),
        groups().probabilities(0, Drawn(z, heavy / heavy.sum(), log_prior)),
    )


def points(places: np.ndarray) -> Drawn:
    """Places known without error, under a flat prior."""
    return Drawn(places[:, None], np.ones((len(places), 1)), np.zeros((len(places), 1)))


def samples_of(truth: Normals, size: list[int]) -> tuple[np.ndarray, list[tuple[str, ...]]]:
    rng = np.random.default_rng(3)
    cell = np.repeat(np.arange(3), size)
    places = np.array([rng.multivariate_normal(truth.mean[k], truth.covariance[k]) for k in cell])
    return places, [NAMES[k] for k in cell]


def test_groups_are_the_means_and_spreads_of_their_samples() -> None:
    truth = groups().normals
    places, labels = samples_of(truth, [500, 200, 300])
    found = Groups.of(LEVELS, labels, points(places))
    assert found is not None
    assert found.cells == NAMES
    np.testing.assert_allclose(found.normals.weight, truth.weight)
    np.testing.assert_allclose(found.normals.mean, truth.mean, atol=0.1)
    np.testing.assert_allclose(found.normals.covariance, truth.covariance, atol=0.08)


@pytest.mark.statistical
def test_they_are_where_samples_are_and_not_where_their_posterior_means_are() -> None:
    """Means shrink to the prior, and draws scatter as widely as the groups."""
    truth = groups().normals
    places, labels = samples_of(truth, [500, 200, 300])
    noise = 0.3 * np.eye(2)
    seen = places + np.random.default_rng(4).multivariate_normal(np.zeros(2), noise, len(places))
    drawn = [posterior(x, noise, 400) for x in seen]
    embedded = Drawn(*(np.concatenate(part) for part in zip(*drawn, strict=True)))
    found = Groups.of(LEVELS, labels, embedded)
    assert found is not None
    np.testing.assert_allclose(found.normals.mean, truth.mean, atol=0.12)
    np.testing.assert_allclose(found.normals.covariance, truth.covariance, atol=0.1)
    shrunk = embedded.draws.mean(axis=1)[:500].mean(axis=0)
    assert np.abs(shrunk - truth.mean[0]).max() > 0.12


def test_a_cell_of_four_samples_is_not_kept_and_one_of_five_is() -> None:
    places = np.random.default_rng(0).normal(size=(9, 2))
    labels = [("five",)] * 5 + [("four",)] * 4
    found = Groups.of(("population",), labels, points(places))
    assert found is not None
    assert found.names(0) == ["five"]
    assert Groups.of(("population",), labels[5:], points(places[5:])) is None


def test_covariances_are_shrunk_by_six_samples_and_have_a_floor() -> None:
    """In closed form, for coordinates known without error."""
    rng = np.random.default_rng(8)
    places = np.concatenate([rng.normal(size=(10, 2)), np.tile([3.0, 4.0], (30, 1))])
    found = Groups.of(("p",), [("wide",)] * 10 + [("none",)] * 30, points(places))
    assert found is not None
    wide = 10 * np.cov(places[:10].T, bias=True)
    floor = 0.0005 * np.eye(2)
    expected = [6 * wide / 40 / 36 + floor, (wide + 6 * wide / 40) / 16 + floor]
    np.testing.assert_allclose(found.normals.covariance, expected, rtol=1e-9)
    np.testing.assert_allclose(found.normals.mean, [[3, 4], places[:10].mean(axis=0)])
    np.testing.assert_allclose(found.normals.weight, [0.75, 0.25])


def test_at_known_coordinates_probabilities_are_those_of_a_posterior_of_one_draw() -> None:
    places = np.random.default_rng(6).normal(size=(7, 2))
    found = groups().at(((1.7, 1.0, 1.0), (0.6, 1.0, 1.0)))
    for level in range(2):
        np.testing.assert_allclose(
            np.exp(found.log_chances(level, places)), found.probabilities(level, points(places))
        )


def test_normals_of_a_group_are_its_cells_in_proportion() -> None:
    found, whole = groups().normals_of(1, "A"), groups().normals
    np.testing.assert_allclose(found.weight, [5 / 7, 2 / 7])
    np.testing.assert_array_equal(found.mean, whole.mean[:2])
    np.testing.assert_array_equal(found.covariance, whole.covariance[:2])


@pytest.mark.statistical
def test_draws_of_normals_have_their_moments() -> None:
    truth = groups().normals
    drawn = truth.sample(60_000, np.random.default_rng(7))
    mean = truth.weight @ truth.mean
    second = truth.covariance + np.einsum("ki,kj->kij", truth.mean, truth.mean)
    np.testing.assert_allclose(drawn.mean(axis=0), mean, atol=0.02)
    covariance = np.einsum("k,kij->ij", truth.weight, second) - np.outer(mean, mean)
    np.testing.assert_allclose(np.cov(drawn.T), covariance, atol=0.03)


def test_temperatures_mend_probabilities_that_are_too_sure() -> None:
    """True odds are the square root of what is said."""
    rng = np.random.default_rng(5)
    odds = rng.normal(0, 3, 20_000)
    honest = 1 / (1 + np.exp(-odds / 2))
    truth = np.where(rng.random(len(odds)) < honest, "A", "B")
    said = np.stack([1 / (1 + np.exp(-odds)), 1 / (1 + np.exp(odds))], axis=1)
    three = np.tile([0.2, 0.3, 0.5], (3, 1))
    tempered = groups().tempered([[(three, ["A1", "A2", "B1"])], [(said, truth)]])
    np.testing.assert_allclose(tempered.temperature[1], [2, 2, 2], rtol=0.06)


def test_a_wrong_label_in_a_hundred_does_not_change_a_temperature() -> None:
    """A log loss would: samples that are sure of the other group cost the most."""
    rng = np.random.default_rng(5)
    odds = rng.normal(0, 12, 20_000)
    right = rng.random(len(odds)) < 1 / (1 + np.exp(-odds))
    wrong = rng.random(len(odds)) < 0.01
    truth = np.where(right ^ wrong, "A", "B")
    said = np.stack([1 / (1 + np.exp(-odds)), 1 / (1 + np.exp(odds))], axis=1)
    three = np.tile([0.2, 0.3, 0.5], (3, 1))
    tempered = groups().tempered([[(three, ["A1", "A2", "B1"])], [(said, truth)]])
    assert tempered.temperature[1][0] == pytest.approx(1, rel=0.15)


def test_temperatures_are_those_of_what_is_observed() -> None:
    """The logarithm is linear in that of the thinning, and constant beyond the last."""
    found = groups().at(((1.0, 2.0, 0.5), (1.0, 1.0, 1.0)))
    thinning = np.array([1.0, np.sqrt(10), 10.0, np.sqrt(1000), 100.0, 1e6])
    drawn = points(np.tile([[0.3, 0.4]], (6, 1)))
    plain = groups().probabilities(0, drawn)
    power = 1 / np.array([1, np.sqrt(2), 2, 1, 0.5, 0.5])[:, None]
    expected = plain**power / (plain**power).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(found.probabilities(0, drawn, thinning), expected)


def test_they_come_back_from_json_to_the_last_bit() -> None:
    found = groups().at(((0.7, 0.8, 0.9), (1.3, 1.2, 1.1)))
    back = typed(Groups, json.loads(json.dumps(found.as_json())), "groups")
    assert (back.levels, back.cells, back.temperature) == (
        LEVELS, NAMES, ((0.7, 0.8, 0.9), (1.3, 1.2, 1.1)),
    )  # fmt: skip
    for name, value in vars(found.normals).items():
        np.testing.assert_array_equal(getattr(back.normals, name), value)


def test_log_densities_are_those_of_scipy() -> None:
    found, points = groups().normals, np.random.default_rng(2).normal(size=(4, 5, 2))
    expected = [
        np.log(w) + stats.multivariate_normal(m, c).logpdf(points)
        for w, m, c in zip(found.weight, found.mean, found.covariance, strict=True)
    ]
    np.testing.assert_allclose(found.log_densities(points), np.stack(expected, -1))


def test_a_log_mean_does_not_under_or_overflow() -> None:
    values = np.array([[-2000.0, -2001.0], [900.0, 905.0]])
    weight = np.array([[0.25, 0.75], [1.0, 0.0]])
    expected = [-2000 + np.log(0.25 + 0.75 / np.e), 900]
    np.testing.assert_allclose(log_mean(values, weight), expected)
