"""Samples of the panel as if newly arrived, and knowing them again."""

from __future__ import annotations

import numpy as np
import pytest
from cohorts import Cohort, balding_nichols, blocks, projection_of, standardised

from ancestry_ddvi.genotypes.projection.scores import Projected, Projection

SAMPLES, VARIANTS, NOISE = 300, 6000, 16


@pytest.fixture(scope="module")
def cohort() -> Cohort:
    return balding_nichols(1, 3, SAMPLES, VARIANTS)


@pytest.fixture(scope="module")
def projection(cohort) -> Projection:
    return projection_of(cohort, 2 + NOISE, kept=2)


def read(projection: Projection, dosages: np.ndarray) -> Projected:
    return projection.read(blocks(dosages), dosages.shape[1])


def left_out(cohort: Cohort, sample: int, scores: np.ndarray) -> np.ndarray:
    """Where a sample falls on the components of the others, rotated to the common axes."""
    others = np.delete(cohort.samples, sample)
    frequency = cohort.dosages[:, others].mean(axis=1) / 2
    x = standardised(cohort.dosages, frequency)
    u = np.linalg.svd(x[:, others], full_matrices=False)[0][:, : scores.shape[1]]
    left, _, right = np.linalg.svd((x[:, others].T @ u).T @ scores[others])
    return x[:, sample] @ u @ left @ right


def gaps_of(cohort: Cohort, kept: int) -> tuple[np.ndarray, np.ndarray]:
    """Distance of raw and of mended scores from those of a fit without the sample, relative."""
    samples = cohort.dosages.shape[1]
    projection = projection_of(cohort, kept + NOISE, kept)
    raw = read(projection, cohort.dosages)
    mended = projection.newcomers(raw, np.ones(samples, dtype=bool)).value
    some = range(0, samples, 13)
    exact = [left_out(cohort, sample, raw.value[:, :kept]) for sample in some]
    scale = mended.std(axis=0)
    before, after = (
        np.sqrt(np.mean((s[some] - exact) ** 2, axis=0)) / scale
        for s in (raw.value[:, :kept], mended)
    )
    return before, after


def test_members_fall_where_leaving_them_out_would_put_them() -> None:
    """Against a decomposition without the sample; raw scores are ten times off."""
    before, after = gaps_of(balding_nichols(1, 3, 150, 4000), 2)
    assert (after < 0.03).all()
    assert (before > 5 * after).all()


@pytest.mark.statistical
def test_members_fall_right_even_on_components_near_the_noise() -> None:
    """Two close populations: their component is barely above the noise, and turns easily."""
    before, after = gaps_of(balding_nichols(2, 2, 300, 4000, fst=0.006), 1)
    assert after < 0.15
    assert before > 4 * after


def test_strangers_keep_their_scores(cohort, projection) -> None:
    raw = read(projection, cohort.more(20, 2))
    kept = projection.newcomers(raw, np.zeros(20, dtype=bool))
    np.testing.assert_allclose(kept.value, raw.value[:, :2], rtol=1e-9, atol=1e-9)


@pytest.mark.statistical
def test_members_and_strangers_of_a_population_fall_together(cohort, projection) -> None:
    """Slope of strangers' means on members' means: no shrinkage is left."""
    strangers = cohort.more(600, 3)
    new = projection.newcomers(read(projection, strangers), np.zeros(600, dtype=bool)).value
    raw = read(projection, cohort.dosages)
    old = projection.newcomers(raw, np.ones(SAMPLES, dtype=bool)).value
    for k in range(2):
        means = [
            [side[which == p, k].mean() for p in range(3)]
            for side, which in (
                (raw.value, cohort.population),
                (old, cohort.population),
                (new, np.arange(600) % 3),
            )
        ]
        shrunk = np.polyfit(means[0], means[2], 1)[0]
        assert 0.97 < np.polyfit(means[1], means[2], 1)[0] < 1.03
        assert shrunk < 0.95


@pytest.mark.statistical
def test_members_are_known_again_and_strangers_are_not(cohort, projection) -> None:
    assert projection.in_panel(read(projection, cohort.dosages)).mean() >= 0.99
    assert projection.in_panel(read(projection, cohort.more(1000, 4))).mean() <= 0.01


@pytest.mark.statistical
def test_members_of_a_group_with_little_noise_are_known_again_too() -> None:
    """Where a group lacks most rare alleles, components of noise are those of the others."""
    rng = np.random.default_rng(3)
    rare = rng.uniform(0.002, 0.12, (6000, 1)) * [[1.0, 0.08]]
    population = np.arange(SAMPLES) % 2
    dosages = rng.binomial(2, rare[:, population]).astype(np.int8)
    varies = dosages.sum(axis=1) > 10
    panel = Cohort(dosages[varies], population, rare[varies])
    found = projection_of(panel, 9, kept=1)
    known = found.in_panel(read(found, panel.dosages))
    others = rng.binomial(2, rare[varies][:, population]).astype(np.int8)
    assert min(known[population == k].mean() for k in (0, 1)) >= 0.97
    assert found.in_panel(read(found, others)).mean() <= 0.01


@pytest.mark.statistical
def test_members_typed_again_with_errors_and_gaps_are_known_again(cohort, projection) -> None:
    rng = np.random.default_rng(5)
    retyped = cohort.dosages.copy()
    wrong = rng.random(retyped.shape) < 0.01
    retyped[wrong] = rng.integers(0, 3, wrong.sum())
    assert projection.in_panel(read(projection, retyped)).mean() >= 0.99
    gaps = rng.random(retyped.shape) < 0.5
    halved = [np.where(gaps, np.int8(-1), d) for d in (retyped, cohort.more(SAMPLES, 6))]
    members, strangers = (projection.in_panel(read(projection, d)) for d in halved)
    assert members.mean() >= 0.99
    assert strangers.mean() <= 0.01


def test_of_whom_nothing_is_seen_nothing_is_claimed(projection, cohort) -> None:
    nothing = np.full((len(cohort.dosages), 3), -1, dtype=np.int8)
    assert not projection.in_panel(read(projection, nothing)).any()


@pytest.mark.statistical
def test_whether_one_is_known_is_ones_own_affair(projection, cohort) -> None:
    mixed = np.concatenate([cohort.dosages[:, :5], cohort.more(5, 7)], axis=1)
    together = projection.in_panel(read(projection, mixed))
    alone = [projection.in_panel(read(projection, mixed[:, [i]]))[0] for i in range(10)]
    assert together.tolist() == alone == [True] * 5 + [False] * 5


def test_wider_error_bars_hide_no_sample(cohort, projection) -> None:
    """Who is of the panel is told by chance alone, whatever calibration made of the bars."""
    warm = projection.tempered(4.0)
    for dosages in (cohort.dosages[:, :60], cohort.more(60, 5)):
        cool_scores, warm_scores = read(projection, dosages), read(warm, dosages)
        nobody = np.zeros(60, dtype=bool)
        wide, narrow = (
            warm.newcomers(warm_scores, nobody),
            projection.newcomers(cool_scores, nobody),
        )
        np.testing.assert_allclose(wide.precision, narrow.tempered(4.0).precision)
        np.testing.assert_array_equal(warm.in_panel(warm_scores), projection.in_panel(cool_scores))
    assert warm.membership_area(1) == projection.membership_area(1)
