"""Scores of a sample: least squares over the variants that were observed, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from cohorts import balding_nichols, blocks, projection_of, standardised
from numpy.testing import assert_allclose

from ancestry_ddvi.genotypes.projection.scores import Projected, Projection

SAMPLES, KEPT, ALL = 40, 3, 7
FIELDS = ("value", "products", "noise", "noise_level", "length", "observed")


@pytest.fixture(scope="module")
def cohort():
    return balding_nichols(1, 3, 60, 1500)


@pytest.fixture(scope="module")
def projection(cohort) -> Projection:
    return projection_of(cohort, ALL, KEPT, dispersion=1.7)


@pytest.fixture(scope="module")
def newcomers(cohort) -> np.ndarray:
    """Samples missing from nothing to almost everything, the last of all."""
    dosages = cohort.more(SAMPLES, 2)
    rng = np.random.default_rng(3)
    share = np.linspace(0, 0.95, SAMPLES)
    dosages[rng.random(dosages.shape) < share] = -1
    dosages[:, -1] = -1
    return dosages


def read(projection: Projection, dosages: np.ndarray, size: int = 1000) -> Projected:
    return projection.read(blocks(dosages, size), dosages.shape[1])


def assert_same_bits(a: Projected, b: Projected) -> None:
    for name in FIELDS:
        assert np.array_equal(getattr(a, name), getattr(b, name)), name


def test_scores_are_least_squares_over_observed_variants(cohort, projection, newcomers) -> None:
    scores = read(projection, newcomers)
    x = standardised(newcomers, cohort.frequency)
    for sample in range(SAMPLES - 1):
        seen = ~np.isnan(x[:, sample])
        solution = np.linalg.lstsq(projection.loadings[seen], x[seen, sample], rcond=None)[0]
        assert_allclose(scores.value[sample], solution, rtol=1e-6, atol=1e-6)


def test_precision_is_that_of_the_observed_loadings_and_of_the_samples_own_variances(
    cohort, projection, newcomers
) -> None:
    """The sandwich A B^-1 A over the dispersion, with B from the sample's own frequencies."""
    seen = read(projection, newcomers)
    kept = projection.newcomers(seen, np.zeros(SAMPLES, dtype=bool))
    f = cohort.frequency
    sd = np.sqrt(2 * f * (1 - f))
    for sample in range(SAMPLES - 8):
        there = newcomers[:, sample] >= 0
        v = projection.loadings[there, :KEPT]
        a = v.T @ v
        shrunk = np.linalg.solve(a + np.diag(1 / projection.signal), a @ kept.value[sample])
        p = np.clip(f[there] + sd[there] * (v @ shrunk) / 2, 0.001, 0.999)
        b = v.T @ (v * (2 * p * (1 - p) / sd[there] ** 2)[:, None])
        inflation = seen.noise[sample][0, 0] / b[0, 0]
        assert 0.3 < inflation < 3
        assert_allclose(seen.noise[sample], inflation * b, rtol=0.01, atol=0.003)
        expected = a @ np.linalg.solve(seen.noise[sample], a) / 1.7
        assert_allclose(kept.precision[sample], expected, rtol=1e-6, atol=1e-9)


def test_length_is_the_squared_norm_scaled_to_all_variants(cohort, projection, newcomers) -> None:
    scores = read(projection, newcomers)
    x = standardised(newcomers, cohort.frequency)
    seen = (~np.isnan(x)).sum(axis=0)
    expected = np.nansum(x**2, axis=0) * len(x) / np.maximum(seen, 1)
    assert_allclose(scores.length, expected, rtol=1e-12)
    assert np.array_equal(scores.observed, seen)


def test_alone_as_in_company_as_in_any_order(projection, newcomers) -> None:
    together = read(projection, newcomers)
    for sample in (0, 1, 17, SAMPLES - 1):
        assert_same_bits(read(projection, newcomers[:, [sample]]), together[[sample]])
    order = np.random.default_rng(4).permutation(SAMPLES)
    assert_same_bits(read(projection, newcomers[:, order]), together[order])


def test_the_samples_beside_who_have_every_variant_change_nothing(projection, newcomers) -> None:
    """Variants that everyone has are added by a shortcut; company decides which they are."""
    ragged = newcomers[:, [20]]
    whole = np.where(newcomers < 0, 1, newcomers)
    company = np.concatenate([ragged, whole], axis=1)
    assert_same_bits(read(projection, company)[:1], read(projection, ragged))


@pytest.mark.parametrize("size", [1, 97, 5000])
def test_the_size_of_a_block_changes_no_bit(projection, newcomers, size: int) -> None:
    assert_same_bits(read(projection, newcomers, size), read(projection, newcomers))


def test_sums_stay_exact_where_the_counted_allele_is_rare_and_a_sample_is_full_of_it() -> None:
    """Loadings of one sign and an outgroup: the largest sums that can come up."""
    rng = np.random.default_rng(6)
    loadings = np.abs(rng.normal(size=(3000, 1)))
    rare, one = rng.uniform(0.001, 0.01, 3000), np.ones(1)
    loadings, genome = loadings / np.linalg.norm(loadings), np.arange(3000) // 300
    projection = Projection(loadings, rare, genome, one, 0.1, one, 9, 1)
    dosages = rng.integers(-1, 3, (3000, 20)).astype(np.int8)
    for size in (1, 7, 400):
        assert_same_bits(read(projection, dosages, size), read(projection, dosages, 3000))


def test_an_absent_variant_is_a_variant_that_never_existed(projection, newcomers) -> None:
    """Least squares over the variants that are left, precision and all; ``length`` is a rate."""
    there = np.random.default_rng(5).random(len(newcomers)) < 0.4
    thinned = np.where(there[:, None], newcomers, np.int8(-1))
    smaller = replace(
        projection,
        loadings=projection.loadings[there],
        marks=projection.marks[there],
        frequency=projection.frequency[there],
        stretch=projection.stretch[there],
    )
    absent, never = read(projection, thinned), read(smaller, newcomers[there])
    some = never.observed > 50
    assert_allclose(absent.value[some], never.value[some], rtol=1e-9, atol=1e-9)
    assert_allclose(absent.products, never.products, atol=1e-12)
    assert_allclose(absent.noise, never.noise, atol=1e-3)
    assert np.array_equal(absent.observed, never.observed)
    assert_allclose(absent.length, never.length / there.mean(), rtol=1e-9)


def test_swapping_ref_and_alt_of_dosage_and_frequency_turns_no_score(
    cohort, projection, newcomers
) -> None:
    swapped = replace(projection, loadings=-projection.loadings, frequency=1 - projection.frequency)
    other = np.where(newcomers < 0, newcomers, 2 - newcomers)
    a, b = read(projection, newcomers), read(swapped, other)
    assert_allclose(a.value[:-2], b.value[:-2], rtol=1e-7, atol=1e-7)


def test_a_sample_without_any_variant_gets_finite_scores_and_no_say(projection, newcomers) -> None:
    scores = read(projection, newcomers[:, [-1]])
    embedded = projection.newcomers(scores, projection.in_panel(scores))
    assert np.isfinite(embedded.value).all() and np.isfinite(embedded.factor).all()
    assert np.abs(embedded.precision).max() < 1e-6
    for s in (scores, embedded):
        assert not s.value.any()
        assert s.observed[0] == 0


def test_the_kept_scores_of_new_samples_are_least_squares_on_the_kept_components(
    cohort, projection, newcomers
) -> None:
    """New samples have nothing on the components of noise, which are left out."""
    kept = projection.newcomers(read(projection, newcomers), np.zeros(SAMPLES, dtype=bool))
    assert kept.value.shape == (SAMPLES, KEPT)
    x = standardised(newcomers, cohort.frequency)
    for sample in range(SAMPLES - 1):
        seen = ~np.isnan(x[:, sample])
        v = projection.loadings[seen, :KEPT]
        solution = np.linalg.lstsq(v, x[seen, sample], rcond=None)[0]
        assert_allclose(kept.value[sample], solution, rtol=1e-6, atol=1e-6)


def test_the_factor_is_the_lower_root_of_the_precision(projection, newcomers) -> None:
    scores = projection.newcomers(read(projection, newcomers), np.zeros(SAMPLES, dtype=bool))
    factor = scores.factor
    assert_allclose(factor @ factor.swapaxes(1, 2), scores.precision, atol=1e-8)
    assert not np.triu(factor, 1).any()


@pytest.mark.statistical
def test_stated_precision_is_the_scatter_of_samples_with_the_same_expectation() -> None:
    """Two thousand samples without structure: scores scatter by the inverse precision."""
    cohort = balding_nichols(7, 1, 50, 800, fst=0.0)
    loadings = np.linalg.qr(np.random.default_rng(8).normal(size=(len(cohort.dosages), 4)))[0]
    truth = cohort.frequencies[:, 0]
    genome = np.arange(len(truth)) // 40
    projection = Projection(loadings, truth, genome, np.ones(4), 0.1, np.full(4, 0.05), 1, 4)
    dosages = cohort.more(2000, 9)
    dosages[np.random.default_rng(10).random(len(dosages)) < 0.5] = -1
    scores = projection.newcomers(read(projection, dosages), np.zeros(2000, dtype=bool))
    whitened = np.einsum("nij,nj->ni", scores.factor.swapaxes(1, 2), scores.value)
    assert_allclose(np.cov(whitened.T), np.eye(4), atol=0.1)
    assert_allclose(whitened.mean(axis=0), 0, atol=0.08)


@pytest.mark.parametrize("variants", [0, 1, 3, 5, 10, 30])
def test_scores_of_few_variants_have_a_precision_that_can_be_factored(
    cohort, projection, variants: int
) -> None:
    """Rounded sums over few variants need not be a covariance."""
    chance = np.random.default_rng(variants)
    few = np.full_like(cohort.dosages, -1)
    for sample in range(few.shape[1]):
        some = chance.choice(len(few), variants, replace=False)
        few[some, sample] = cohort.dosages[some, sample]
    seen = read(projection, few)
    assert (np.linalg.eigvalsh(seen.noise) >= 0).all()
    assert np.isfinite(projection.newcomers(seen, np.zeros(len(seen), bool)).factor).all()
