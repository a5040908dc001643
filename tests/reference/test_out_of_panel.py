"""OutOfPanelTest: the panel's own are ordinary, and each kind of stranger fails their own check."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from ancestry_ddvi.reference.empirical import EmpiricalTail
from ancestry_ddvi.reference.out_of_panel import CHECKS, Diagnostics, OutOfPanelTest

SAMPLES, DRAWS, FEATURES = 600, 32, 6


def crowd(samples: int, seed: int) -> Diagnostics:
    """Samples of two clusters, with the misfit and the length that a right model leaves."""
    rng = np.random.default_rng(seed)
    centre = np.where(rng.random((samples, 1)) < 0.5, -1.5, 1.5) + rng.normal(0, 0.3, (samples, 2))
    return Diagnostics(
        draws=centre[:, None] + rng.normal(0, 0.1, (samples, DRAWS, 2)),
        weight=np.full((samples, DRAWS), 1 / DRAWS),
        misfit=np.repeat(rng.chisquare(FEATURES, (samples, 1)), DRAWS, axis=1),
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
    chance = panel.chance(crowd(4000, 2))
    assert stats.kstest(chance, "uniform").statistic < 0.06
    assert (chance < 0.01).mean() == pytest.approx(0.01, abs=0.01)


@pytest.mark.parametrize("check", CHECKS)
def test_a_stranger_fails_the_check_that_was_made_for_them(panel, check: str) -> None:
    ordinary = crowd(50, 3)
    strange = {
        "position": replace(ordinary, draws=ordinary.draws + np.array([0, 4])),
        "fit": replace(ordinary, misfit=ordinary.misfit + 60),
        "norm": replace(ordinary, excess=ordinary.excess - 2000),
    }[check]
    chances = panel.chances(strange)
    assert (panel.chance(strange) < 1e-3).all()
    assert (chances[check] < 1e-3).all()
    for other in set(CHECKS) - {check}:
        np.testing.assert_array_equal(chances[other], panel.chances(ordinary)[other])


def test_a_length_seen_at_few_variants_is_given_more_room(panel) -> None:
    """A hundredth of the variants makes ten times the chance deviation."""
    ordinary = crowd(1, 4)
    full = replace(ordinary, excess=np.array([panel.length_mean + 500.0]))
    part = replace(full, excess=np.array([panel.length_mean + 5000.0]), thinning=np.array([100.0]))
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


def test_without_a_decoder_two_checks_are_left() -> None:
    diagnostics = replace(crowd(SAMPLES, 1), misfit=None)
    found = OutOfPanelTest.of(diagnostics, diagnostics.draws.mean(axis=1), seed=1)
    assert set(found.chances(diagnostics)) == {"position", "norm"}
    assert found.chance(diagnostics).mean() == pytest.approx(0.5, abs=0.05)


def test_it_comes_back_from_json_to_the_last_bit(panel) -> None:
    back = OutOfPanelTest.of_json(json.loads(json.dumps(panel.as_json())))
    diagnostics = crowd(30, 7)
    np.testing.assert_array_equal(back.chance(diagnostics), panel.chance(diagnostics))


def test_a_sample_is_judged_alone_as_in_company(panel) -> None:
    diagnostics = crowd(10, 8)
    alone = Diagnostics(*(None if v is None else v[3:4] for v in vars(diagnostics).values()))
    assert panel.chance(alone)[0] == panel.chance(diagnostics)[3]


@pytest.mark.statistical
def test_the_tail_of_an_exponential_is_exact() -> None:
    tail = EmpiricalTail.of(np.random.default_rng(9).exponential(2.0, 20_000))
    x = np.array([0.5, 2.0, 8.0, 20.0])
    np.testing.assert_allclose(tail.chance(x), np.exp(-x / 2), rtol=0.12)
