"""Groups against Bayes' rule in closed form: normal cells, normal noise of every sample's own."""

from __future__ import annotations

import json
from typing import NamedTuple

import numpy as np
import pytest
from scipy import stats
from scipy.special import logsumexp

from ancestry_ddvi.artefacts.typed import typed
from ancestry_ddvi.reference.cells import Members, ScoreCells, coordinate_normals
from ancestry_ddvi.reference.empirical import EmpiricalTail
from ancestry_ddvi.reference.groups import LINE, Groups, fitted_temperature
from ancestry_ddvi.reference.normals import Normals, log_mean
from ancestry_ddvi.reference.observed import ObservedScores

NAMES = (("A1", "A"), ("A2", "A"), ("B1", "B"))
LEVELS = ("population", "superpopulation")
EVEN = ((1.0,) * 3, (1.0,) * 3)


def groups(temperature=EVEN, tail: EmpiricalTail | None = None) -> Groups:
    normals = Normals(
        np.array([0.5, 0.2, 0.3]),
        np.array([[-1.0, 0.0], [0.0, 1.0], [1.2, -0.3]]),
        np.array([[[0.2, 0.05], [0.05, 0.1]], [[0.1, 0], [0, 0.3]], [[0.15, -0.02], [-0.02, 0.2]]]),
    )
    return Groups(LEVELS, NAMES, normals, normals, temperature, tail)


def observed(value: np.ndarray, noise: np.ndarray, thinning: float = 1.0) -> ObservedScores:
    """Samples with the same noise."""
    count = len(value)
    return ObservedScores(value, np.tile(noise, (count, 1, 1)), np.full(count, thinning))


def exact(seen: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """p(cell | scores), expected scores integrated out by hand."""
    found = groups().scores
    each = [
        np.log(w) + stats.multivariate_normal(m, c + noise).logpdf(seen)
        for w, m, c in zip(found.weight, found.mean, found.covariance, strict=True)
    ]
    return np.exp(np.array(each) - logsumexp(each))


@pytest.mark.parametrize("seen", [(-0.8, 0.1), (0.4, 0.4), (0.2, -0.1), (30.0, -20.0)])
@pytest.mark.parametrize("noise", [0.02, 0.3, 2.0, 1e6])
def test_probabilities_are_those_of_bayes_rule(seen, noise) -> None:
    """However little was seen."""
    noise = noise * np.array([[1, 0.3], [0.3, 0.7]])
    cells = exact(np.array(seen), noise)
    sample = observed(np.array([seen]), noise)
    np.testing.assert_allclose(groups().probabilities(0, sample)[0], cells, atol=1e-12)
    coarse = [cells[0] + cells[1], cells[2]]
    np.testing.assert_allclose(groups().probabilities(1, sample)[0], coarse, atol=1e-12)


def test_of_whom_nothing_is_seen_the_shares_of_the_panel_are_said() -> None:
    nothing = observed(np.zeros((1, 2)), 1e12 * np.eye(2))
    np.testing.assert_allclose(groups().probabilities(0, nothing), [[0.5, 0.2, 0.3]], atol=1e-5)


def test_a_sample_alone_has_the_same_bits_as_in_company() -> None:
    rng = np.random.default_rng(1)
    crowd = ObservedScores(
        rng.normal(size=(50, 2)), rng.uniform(0.1, 2, (50, 1, 1)) * np.eye(2), np.ones(50)
    )
    whole = groups().probabilities(0, crowd), groups().p_groups(crowd)
    for row in (0, 17, 49):
        alone = crowd[row : row + 1]
        np.testing.assert_array_equal(groups().probabilities(0, alone)[0], whole[0][row])
        assert groups().p_groups(alone)[0] == whole[1][row]


def samples_of(truth: Normals, size: list[int]) -> tuple[np.ndarray, list[tuple[str, ...]]]:
    rng = np.random.default_rng(3)
    cell = np.repeat(np.arange(3), size)
    places = np.array([rng.multivariate_normal(truth.mean[k], truth.covariance[k]) for k in cell])
    return places, [NAMES[k] for k in cell]


@pytest.mark.statistical
def test_cells_are_those_of_expected_scores_whatever_the_noise_of_each_sample() -> None:
    """A third of the samples with hardly any, a third with more and a third with ten times more."""
    truth = groups().scores
    expected, labels = samples_of(truth, [3000, 3000, 3000])
    rng = np.random.default_rng(4)
    noise = np.resize([0.01, 0.2, 2.0], len(expected))[:, None, None] * np.eye(2)
    value = expected + np.sqrt(noise[:, 0, :1]) * rng.normal(size=expected.shape)
    found = ScoreCells.of(Members.of(labels), ObservedScores(value, noise, np.ones(len(value))))
    np.testing.assert_allclose(found.mean, truth.mean, atol=0.04)
    np.testing.assert_allclose(found.covariance, truth.covariance, atol=0.025)
    np.testing.assert_array_equal(found.region, [0, 0, 1])


def test_covariances_are_shrunk_towards_those_of_the_coarser_group_and_all_cells() -> None:
    """In closed form, for scores without noise; the error of the mean and a floor are added."""
    rng = np.random.default_rng(8)
    size = [10, 40, 20]
    values = [rng.normal(size=(n, 2)) * s for n, s in zip(size, (1.0, 2.0, 0.5), strict=True)]
    labels = [name for name, n in zip(NAMES, size, strict=True) for _ in range(n)]
    known = observed(np.concatenate(values), 1e-12 * np.eye(2))
    found = ScoreCells.of(Members.of(labels), known).shrunk(8.0)
    own = np.array([np.cov(value.T, bias=True) for value in values])
    scatter = own * np.array(size)[:, None, None]
    common = scatter.sum(axis=0) / 70
    of_a = (scatter[:2].sum(axis=0) + 8 * common) / 58
    of_b = (scatter[2] + 8 * common) / 28
    for k, within in enumerate((of_a, of_a, of_b)):
        shrunk = (scatter[k] + 8 * within) / (size[k] + 8)
        due = shrunk + own[k] / size[k] + 0.001 * np.eye(2)
        np.testing.assert_allclose(found.covariance[k], due, rtol=1e-6)
    np.testing.assert_allclose(found.mean, [value.mean(axis=0) for value in values])
    np.testing.assert_allclose(found.weight, [1 / 7, 4 / 7, 2 / 7])


def test_a_cell_of_four_samples_is_not_kept_and_one_of_five_is() -> None:
    found = Members.of([("five",)] * 5 + [("four",)] * 4 + [None] * 9)
    assert found.cells == (("five",),)
    np.testing.assert_array_equal(found.rows[0], np.arange(5))
    assert Members.of([("four",)] * 4).cells == ()


def test_a_cell_of_five_samples_of_many_components_has_a_density() -> None:
    """Five samples do not span thirty components: the noise and the other cells do."""
    rng = np.random.default_rng(2)
    value, labels = rng.normal(size=(45, 30)), [("few",)] * 5 + [("many",)] * 40
    known = ObservedScores(value, np.tile(np.eye(30), (45, 1, 1)), np.ones(45))
    found = ScoreCells.of(Members.of(labels), known).shrunk(2.0)
    assert np.linalg.eigvalsh(found.covariance).min() > 0


@pytest.mark.parametrize("noise", [0.5, 50.0])
def test_the_share_of_rarer_samples_is_that_of_the_chi_squared_distribution(noise: float) -> None:
    """Of a single group, without a tail: whatever is seen of a sample."""
    one = Groups(("l",), (("a",),), *[Normals(np.ones(1), np.zeros((1, 3)), np.eye(3)[None])] * 2,
                 ((1.0,) * 3,))  # fmt: skip
    value = np.random.default_rng(3).normal(size=(20, 3)) * 4
    found = one.p_groups(observed(value, noise * np.eye(3)))
    np.testing.assert_allclose(found, stats.chi2.sf((value**2).sum(axis=1) / (1 + noise), 3))


def test_samples_rarer_than_1_in_100_of_the_panel_are_unlike_every_group() -> None:
    """By the tail of samples of the panel, which may be rarer than normals are."""
    heavy = EmpiricalTail.of(np.random.default_rng(1).exponential(2.0, 50_000))
    value = np.linspace([-1.0, 0.0], [-4.0, 0.0], 60)
    seen = observed(value, 1e-9 * np.eye(2))
    by_theory, by_panel = groups().p_groups(seen), groups(tail=heavy).p_groups(seen)
    np.testing.assert_allclose(by_panel, np.sqrt(by_theory), rtol=0.15)
    np.testing.assert_array_equal(groups(tail=heavy).unlike(seen), by_panel < LINE)
    assert LINE == 0.01


def test_temperatures_mend_probabilities_that_are_too_sure() -> None:
    """True odds are the square root of what is said."""
    rng = np.random.default_rng(5)
    odds = rng.normal(0, 3, 20_000)
    right = rng.random(len(odds)) < 1 / (1 + np.exp(-odds / 2))
    said = -np.logaddexp(0, np.stack([-odds, odds], axis=1))
    assert fitted_temperature(said, np.where(right, 0, 1)) == pytest.approx(2, rel=0.06)


def test_a_wrong_label_in_a_hundred_does_not_change_a_temperature() -> None:
    """A log loss would: samples that are sure of the other group cost the most."""
    rng = np.random.default_rng(5)
    odds = rng.normal(0, 12, 20_000)
    right = rng.random(len(odds)) < 1 / (1 + np.exp(-odds))
    wrong = rng.random(len(odds)) < 0.01
    said = -np.logaddexp(0, np.stack([-odds, odds], axis=1))
    truth = np.where(right ^ wrong, 0, 1)
    assert fitted_temperature(said, truth) == pytest.approx(1, rel=0.15)


def test_temperatures_are_those_of_what_is_observed() -> None:
    """The logarithm is linear in that of the thinning, and constant beyond the last."""
    found = groups(((1.0, 2.0, 0.5), (1.0, 1.0, 1.0)))
    thinning = np.array([1.0, np.sqrt(10), 10.0, np.sqrt(1000), 100.0, 1e6])
    seen = ObservedScores(
        np.tile([[0.3, 0.4]], (6, 1)), np.tile(0.2 * np.eye(2), (6, 1, 1)), thinning
    )
    plain = groups().probabilities(0, seen)
    power = 1 / np.array([1, np.sqrt(2), 2, 1, 0.5, 0.5])[:, None]
    expected = plain**power / (plain**power).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(found.probabilities(0, seen), expected)


def test_they_come_back_from_json_to_the_last_bit() -> None:
    tail = EmpiricalTail.of(np.random.default_rng(1).exponential(size=100))
    found = groups(((0.7, 0.8, 0.9), (1.3, 1.2, 1.1)), tail)
    back = typed(Groups, json.loads(json.dumps(found.as_json())), "groups")
    assert (back.levels, back.cells, back.temperature, back.tail) == (
        LEVELS, NAMES, ((0.7, 0.8, 0.9), (1.3, 1.2, 1.1)), tail,
    )  # fmt: skip
    for which in ("scores", "coordinates"):
        for name, value in vars(getattr(found, which)).items():
            np.testing.assert_array_equal(getattr(getattr(back, which), name), value)


class Drawn(NamedTuple):
    """Posterior draws in the map."""

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


def points(places: np.ndarray) -> Drawn:
    """Places known without error, under a flat prior."""
    return Drawn(places[:, None], np.ones((len(places), 1)), np.zeros((len(places), 1)))


@pytest.mark.statistical
def test_coordinates_are_where_samples_are_and_not_where_their_posterior_means_are() -> None:
    """Means shrink to the prior, and draws scatter as widely as the groups."""
    truth = groups().coordinates
    places, labels = samples_of(truth, [500, 200, 300])
    noise = 0.3 * np.eye(2)
    seen = places + np.random.default_rng(4).multivariate_normal(np.zeros(2), noise, len(places))
    drawn = [posterior(x, noise, 400) for x in seen]
    embedded = Drawn(*(np.concatenate(part) for part in zip(*drawn, strict=True)))
    found = coordinate_normals(Members.of(labels).rows, embedded)
    np.testing.assert_allclose(found.mean, truth.mean, atol=0.12)
    np.testing.assert_allclose(found.covariance, truth.covariance, atol=0.1)
    shrunk = embedded.draws.mean(axis=1)[:500].mean(axis=0)
    assert np.abs(shrunk - truth.mean[0]).max() > 0.12


def test_covariances_in_the_map_are_shrunk_by_six_samples_and_have_a_floor() -> None:
    """In closed form, for coordinates known without error."""
    rng = np.random.default_rng(8)
    places = np.concatenate([rng.normal(size=(10, 2)), np.tile([3.0, 4.0], (30, 1))])
    rows = Members.of([("wide",)] * 10 + [("none",)] * 30).rows
    found = coordinate_normals(rows, points(places))
    wide = 10 * np.cov(places[:10].T, bias=True)
    floor = 0.0005 * np.eye(2)
    expected = [6 * wide / 40 / 36 + floor, (wide + 6 * wide / 40) / 16 + floor]
    np.testing.assert_allclose(found.covariance, expected, rtol=1e-9)
    np.testing.assert_allclose(found.mean, [[3, 4], places[:10].mean(axis=0)])
    np.testing.assert_allclose(found.weight, [0.75, 0.25])


def test_at_known_coordinates_probabilities_are_those_of_bayes_rule() -> None:
    places = np.random.default_rng(6).normal(size=(7, 2))
    cells = np.array([exact(place, np.zeros((2, 2))) for place in places])
    found = groups(((1.7, 1.0, 1.0), (0.6, 1.0, 1.0)))
    np.testing.assert_allclose(np.exp(found.log_chances(0, places)), cells)
    coarse = np.stack([cells[:, 0] + cells[:, 1], cells[:, 2]], axis=1)
    np.testing.assert_allclose(np.exp(found.log_chances(1, places)), coarse)


def test_coordinates_of_a_group_are_its_cells_in_proportion() -> None:
    found, whole = groups().coordinates_of(1, "A"), groups().coordinates
    np.testing.assert_allclose(found.weight, [5 / 7, 2 / 7])
    np.testing.assert_array_equal(found.mean, whole.mean[:2])
    np.testing.assert_array_equal(found.covariance, whole.covariance[:2])


@pytest.mark.statistical
def test_draws_of_normals_have_their_moments() -> None:
    truth = groups().scores
    drawn = truth.sample(60_000, np.random.default_rng(7))
    mean = truth.weight @ truth.mean
    second = truth.covariance + np.einsum("ki,kj->kij", truth.mean, truth.mean)
    np.testing.assert_allclose(drawn.mean(axis=0), mean, atol=0.02)
    covariance = np.einsum("k,kij->ij", truth.weight, second) - np.outer(mean, mean)
    np.testing.assert_allclose(np.cov(drawn.T), covariance, atol=0.03)


def test_log_densities_are_those_of_scipy() -> None:
    found, points = groups().scores, np.random.default_rng(2).normal(size=(4, 5, 2))
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
