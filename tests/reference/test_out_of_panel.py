"""OutOfPanelTest: the panel's own are ordinary, and each kind of stranger fails their own check."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from ancestry_ddvi.artefacts.typed import typed
from ancestry_ddvi.reference.empirical import EmpiricalTail
from ancestry_ddvi.reference.out_of_panel import CHECKS, SURPLUS, Diagnostics, OutOfPanelTest

SAMPLES, DRAWS, FEATURES = 600, 32, 6


def smallest(panel: OutOfPanelTest, diagnostics: Diagnostics) -> np.ndarray:
    return panel.chance(panel.chances(diagnostics))


def crowd(samples: int, seed: int) -> Diagnostics:
    """Samples of two clusters, in the map and in the scores, whose noise has a variance of 1."""
    rng = np.random.default_rng(seed)
    cluster = np.where(rng.random((samples, 1)) < 0.5, -1.5, 1.5)
    centre = cluster + rng.normal(0, 0.3, (samples, 2))
    spread = 4 * rng.normal(size=(samples, FEATURES)) + rng.normal(size=(samples, FEATURES))
    return Diagnostics(
        draws=centre[:, None] + rng.normal(0, 0.1, (samples, DRAWS, 2)),
        weight=np.full((samples, DRAWS), 1 / DRAWS),
        scores=20 * cluster + spread,
        covariance=np.tile(np.eye(FEATURES), (samples, 1, 1)),
        excess=rng.normal(50, 150, samples),
        thinning=np.ones(samples),
    )


@pytest.fixture(scope="module")
def panel() -> OutOfPanelTest:
    diagnostics = crowd(SAMPLES, 1)
    return OutOfPanelTest.of(diagnostics, diagnostics.draws.mean(axis=1), seed=1)


@pytest.mark.statistical
def test_ordinary_samples_are_as_unusual_as_one_another(panel) -> None:
    """The chance of one from the same crowd is uniform, the far tail included."""
    chance = smallest(panel, crowd(4000, 2))
    assert stats.kstest(chance, "uniform").statistic < 0.06
    assert (chance < 0.01).mean() == pytest.approx(0.01, abs=0.01)


def test_the_rate_of_false_flags_is_said_and_is_one_in_a_hundred(panel) -> None:
    assert panel.line == 0.01
    assert panel.flagged == pytest.approx(0.01, abs=0.008)
    assert panel.flagged * SAMPLES == pytest.approx(round(panel.flagged * SAMPLES))


@pytest.mark.parametrize("check", CHECKS)
def test_a_stranger_fails_the_check_that_was_made_for_them(panel, check: str) -> None:
    ordinary = crowd(50, 3)
    strange = {
        "position": replace(ordinary, draws=ordinary.draws + np.array([0, 4])),
        "scores": replace(ordinary, scores=ordinary.scores * np.r_[1.0, -1.0, np.ones(4)]),
        "norm": replace(ordinary, excess=ordinary.excess - 2000),
    }[check]
    chances = panel.chances(strange)
    assert (panel.chance(chances) < 1e-3).all()
    assert (chances[check] < 1e-3).all()
    for other in set(CHECKS) - {check}:
        np.testing.assert_array_equal(chances[other], panel.chances(ordinary)[other])


def test_a_length_seen_at_few_variants_is_given_more_room(panel) -> None:
    """A hundredth of the variants makes ten times the chance deviation."""
    ordinary = crowd(1, 4)
    full = replace(ordinary, excess=np.array([panel.norm_mean + 500.0]))
    part = replace(full, excess=np.array([panel.norm_mean + 5000.0]), thinning=np.array([100.0]))
    np.testing.assert_allclose(panel.values(part)["norm"], panel.values(full)["norm"])


def test_samples_of_whom_little_is_known_are_given_room_for_it(panel) -> None:
    """A vague posterior amid the panel is a surprise only where all variants were seen."""
    noise = np.random.default_rng(6).normal(0, 1.2, (40, DRAWS, 2))
    vague = replace(crowd(40, 5), draws=noise, thinning=np.full(40, 100.0))
    roomy = panel.with_allowance(crowd(40, 5), [vague])
    assert (roomy.chances(vague)["position"] > 0.05).mean() > 0.9
    for known in (crowd(40, 7), replace(vague, thinning=np.ones(40))):
        np.testing.assert_array_equal(
            roomy.chances(known)["position"], panel.chances(known)["position"]
        )
    far = replace(vague, draws=noise + np.array([0, 9]))
    assert (roomy.chances(far)["position"] < 0.01).all()


def test_it_comes_back_from_json_to_the_last_bit(panel) -> None:
    back = typed(OutOfPanelTest, json.loads(json.dumps(panel.as_json())), "test")
    diagnostics = crowd(30, 7)
    np.testing.assert_array_equal(smallest(back, diagnostics), smallest(panel, diagnostics))
    assert back.flagged == panel.flagged


def test_a_sample_is_judged_alone_as_in_company(panel) -> None:
    diagnostics = crowd(10, 8)
    alone = Diagnostics(*(value[3:4] for value in vars(diagnostics).values()))
    assert smallest(panel, alone)[0] == smallest(panel, diagnostics)[3]


@pytest.mark.statistical
def test_the_tail_of_an_exponential_is_exact() -> None:
    tail = EmpiricalTail.of(np.random.default_rng(9).exponential(2.0, 20_000))
    x = np.array([0.5, 2.0, 8.0, 20.0])
    np.testing.assert_allclose(tail.chance(x), np.exp(-x / 2), rtol=0.12)


def test_a_tail_is_interpolated_to_the_ninetieth_percentile_and_exponential_beyond() -> None:
    """Of 0 to 100: a tenth lies above 90, by 5.5 on average."""
    tail = EmpiricalTail.of(np.arange(101.0))
    x = np.array([-3.0, 0.0, 45.0, 90.0, 95.0, 300.0])
    beyond = 0.1 * np.exp(-np.array([5.0, 210.0]) / 5.5)
    np.testing.assert_allclose(tail.chance(x), [1.0, 1.0, 0.55, 0.1, *beyond])


def test_a_tail_of_equal_values_is_a_step() -> None:
    tail = EmpiricalTail.of(np.full(30, 2.0))
    assert tail.chance(np.array([2.1]))[0] == 0
    assert tail.chance(np.array([1.9]))[0] == 1


def known(means: np.ndarray) -> Diagnostics:
    """Coordinates without an error, with nothing else to say."""
    samples, rng = len(means), np.random.default_rng(1)
    scores, noise = rng.normal(size=(samples, 3)), np.tile(np.eye(3), (samples, 1, 1))
    excess = rng.normal(size=samples)
    even = np.ones((samples, 1))
    return Diagnostics(means[:, None], even, scores, noise, excess, np.ones(samples))


@pytest.mark.parametrize(("samples", "normals"), [(15, 1), (39, 1), (40, 2), (79, 3), (1600, 40)])
def test_there_is_a_normal_for_twenty_samples_and_there_are_forty_at_most(samples, normals):
    """Clusters as many as normals, far apart, so that none of them is left with four samples."""
    cluster = np.arange(samples) % normals
    means = 100.0 * cluster[:, None] + np.random.default_rng(2).normal(size=(samples, 2))
    found = OutOfPanelTest.of(known(means), means, seed=1).places
    assert len(found.weight) == normals
    assert found.weight.sum() == pytest.approx(1)


def test_normals_of_the_panel_have_a_floor() -> None:
    means = np.stack([np.arange(10.0), np.full(10, 3.0)], axis=1)
    found = OutOfPanelTest.of(known(means), means, seed=1).places
    np.testing.assert_allclose(found.covariance[0], np.diag([8.25 + 0.002, 0.002]), atol=1e-9)


def test_the_spread_of_norms_is_robust_and_the_smallest_of_all_counts(panel) -> None:
    """1.4826 median absolute deviations; the p-value of the norm counts ten times."""
    diagnostics = replace(crowd(SAMPLES, 1), excess=np.r_[1e6, np.arange(1.0, SAMPLES)])
    found = OutOfPanelTest.of(diagnostics, diagnostics.draws.mean(axis=1), seed=1)
    assert found.norm_mean == pytest.approx(300.5)
    assert found.norm_sd == pytest.approx(1.4826 * 150, rel=0.01)
    one = {"position": np.array([0.5]), "scores": np.array([0.02]), "norm": np.array([0.9]),
           SURPLUS: np.array([0.9])}  # fmt: skip
    for other in (one | {"position": one["scores"], "scores": one["position"]},
                  one | {"norm": np.array([0.002]), "scores": np.array([0.7])}):  # fmt: skip
        np.testing.assert_allclose(panel.chance(other), panel.chance(one), rtol=1e-12)
    np.testing.assert_allclose(panel.chance(one), panel.together.chance(-np.log([0.02])))


def test_a_sample_that_is_somewhat_unusual_in_all_is_more_so_together(panel) -> None:
    """Fisher's combination of three p-values, by the sum of gamma terms in closed form."""
    some = {name: np.array([0.05]) for name in (*CHECKS, SURPLUS)}
    product = 0.05**3
    combined = product * (1 - np.log(product) + np.log(product) ** 2 / 2)
    assert combined < 0.05 / 7
    np.testing.assert_allclose(panel.chance(some), panel.together.chance(-np.log([combined])))
    low = some | {SURPLUS: np.array([1.0])}
    assert panel.chance(low) > panel.chance(some)


def test_only_a_larger_norm_is_a_surplus(panel) -> None:
    large, small = (
        replace(crowd(30, 3), excess=np.full(30, panel.norm_mean + sign * 2 * panel.norm_sd))
        for sign in (1, -1)
    )
    np.testing.assert_array_equal(panel.chances(large)["norm"], panel.chances(small)["norm"])
    assert (panel.chances(large)[SURPLUS] < 0.1).all()
    assert (panel.chances(small)[SURPLUS] > 0.9).all()


def test_an_allowance_starts_at_nothing_and_is_never_negative(panel) -> None:
    """The same posteriors said to be of fewer variants are no vaguer; others are nearer."""
    full = crowd(40, 5)
    thinned = replace(full, thinning=np.full(40, np.e))
    middle = replace(thinned, draws=np.full((40, DRAWS, 2), 1.5))
    for of_fewer in (thinned, middle):
        knots, values = panel.with_allowance(full, [of_fewer]).allowance
        np.testing.assert_allclose(knots, [0, 1])
        np.testing.assert_allclose(values, [0, 0], atol=1e-12)
