"""How much less certain scores are for linkage, and in samples with frequencies of their own."""

from __future__ import annotations

import numpy as np
import pytest
from cohorts import Cohort, balding_nichols, blocks, projection_of

from ancestry_ddvi.genotypes.projection.dispersion import held_out_dispersion
from ancestry_ddvi.genotypes.projection.halves import Halves
from ancestry_ddvi.genotypes.projection.own_noise import PRIOR_FREEDOM, stretches

KEPT, NOISE = 2, 12


def written(cohort: Cohort, repeats: int) -> Cohort:
    """Every variant ``repeats`` times in succession: perfect linkage."""
    order = np.repeat(cohort.rows, repeats)
    return Cohort(cohort.dosages[order], cohort.population, cohort.frequencies[order])


def stated_and_found(
    panel: Cohort, strangers: np.ndarray, repeats: int
) -> tuple[np.ndarray, np.ndarray]:
    """Noise that new samples are said to have, and their mean square on components of noise."""
    linked = written(panel, repeats)
    projection = projection_of(linked, KEPT + NOISE, KEPT)
    seen = projection.read(blocks(np.repeat(strangers, repeats, axis=0)), strangers.shape[1])
    return seen.noise_level, (seen.value[:, KEPT:] ** 2).mean(axis=1)


@pytest.mark.statistical
@pytest.mark.parametrize("repeats", [1, 2, 4])
def test_the_noise_that_is_stated_is_the_scatter_of_scores_however_linked(repeats: int) -> None:
    panel = balding_nichols(4, 3, 240, 1500)
    stated, found = stated_and_found(panel, panel.more(300, 5), repeats)
    freedom = 19 * NOISE
    drawn = (freedom * repeats + PRIOR_FREEDOM) / (freedom + PRIOR_FREEDOM)
    assert stated.mean() == pytest.approx(drawn, rel=0.1)
    assert found.mean() == pytest.approx(repeats, rel=0.1)


@pytest.mark.statistical
def test_a_population_that_lacks_alleles_has_less_noise_and_one_full_of_them_more() -> None:
    """Rare variants of one population: the same panel, two levels of noise."""
    rng = np.random.default_rng(3)
    variants = 3000
    rare = np.where(np.arange(variants) < 2400, 0.001, 0.3)
    common = np.where(np.arange(variants) < 2400, 0.15, 0.3)
    frequencies = np.stack([rare, common], axis=1)
    population = np.arange(200) % 2
    dosages = rng.binomial(2, frequencies[:, population]).astype(np.int8)
    mixed = rng.permutation(variants)
    panel = Cohort(dosages[mixed], population, frequencies[mixed])
    stated, found = stated_and_found(panel, panel.more(400, 6), 1)
    for which in (0, 1):
        assert found[which::2].mean() == pytest.approx(stated[which::2].mean(), rel=0.1)
    assert stated[1::2].mean() > 2 * stated[::2].mean()


@pytest.mark.statistical
@pytest.mark.parametrize("repeats", [1, 3])
def test_what_held_out_samples_show_beyond_that_is_near_one(repeats: int) -> None:
    """And makes up for what the prior of few stretches takes away."""
    cohort = written(balding_nichols(7, 3, 300, 2000), repeats)
    signal = np.full(KEPT, 10.0)
    found = held_out_dispersion(
        Halves.of(cohort.matrix, 1), cohort.frequency, KEPT, NOISE, signal, 1
    )
    assert 1 <= found < 1.3
    if repeats == 1:
        assert found < 1.15


def test_noise_across_chromosomes_is_seen_by_held_out_samples() -> None:
    """Samples of families: their scores scatter more than any stretch of the genome shows."""
    cohort = balding_nichols(7, 3, 300, 2000)
    rng = np.random.default_rng(2)
    alike = cohort.dosages.copy()
    for first in range(0, 300, 6):  # of a population, half of each genome in common
        shared = rng.random(len(alike)) < 0.5
        alike[shared, first + 3] = alike[shared, first]
    close = Cohort(alike, cohort.population, cohort.frequencies)
    args = KEPT, NOISE, np.full(KEPT, 10.0), 1
    apart, related = (
        held_out_dispersion(Halves.of(c.matrix, 1), c.frequency, *args) for c in (cohort, close)
    )
    assert related > apart + 0.05


def test_it_is_never_below_one_and_one_for_a_handful_of_samples() -> None:
    few = balding_nichols(3, 1, 12, 60)
    args = few.frequency, 1, 16, np.ones(1), 1
    assert held_out_dispersion(Halves.of(few.matrix, 1), *args) >= 1
    tiny = balding_nichols(3, 1, 3, 60)
    args = tiny.frequency, 2, 16, np.ones(2), 1
    assert held_out_dispersion(Halves.of(tiny.matrix, 1), *args) == 1


def test_chromosomes_are_stretches_and_few_of_them_are_cut() -> None:
    many = np.repeat([str(c) for c in range(1, 23)], 5)
    assert np.array_equal(stretches(many), np.arange(110) // 5)
    one = stretches(np.array(["2L"] * 1000))
    assert len(np.unique(one)) == 20
    assert (np.diff(one) >= 0).all()
    assert stretches(np.array(["1", "1", "2"])).tolist() == [0, 1, 2]


def test_a_single_stretch_tells_nothing_of_linkage() -> None:
    """Its noise is that of independent variants."""
    panel = balding_nichols(4, 3, 120, 1500)
    projection = projection_of(panel, KEPT + NOISE, KEPT)
    dosages = panel.more(5, 3)
    dosages[projection.stretch > 0] = -1
    (there,) = np.nonzero(projection.stretch == 0)
    seen = projection.read(blocks(dosages), 5)
    whole = projection.read(blocks(panel.more(5, 3)), 5)
    assert np.abs(seen.noise_level - 1).max() < 0.35
    assert (seen.observed == len(there)).all()
    assert not np.allclose(seen.noise_level, whole.noise_level)
