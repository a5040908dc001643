"""Evidence per variant: likelihoods of reads, posteriors of imputation, single alleles."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from cohorts import balding_nichols, blocks, projection_of
from numpy.testing import assert_allclose

from ancestry_ddvi.genotypes.formats.fields import triples
from ancestry_ddvi.genotypes.projection.likelihood_scores import (
    as_likelihoods,
    scores_of,
    spread,
)
from ancestry_ddvi.genotypes.projection.scores import Projected, Projection, Scores

KEPT, ALL = 3, 7
FIELDS = (
    "value", "products", "noise", "noise_level", "length", "observed", "effective_variants",
    "pseudo_haploid",
)  # fmt: skip
BASE_ERROR = 0.005
ERROR = 0.001
"""Added to every likelihood, as the pages state it."""


@pytest.fixture(scope="module")
def cohort():
    return balding_nichols(1, 4, 200, 2500)


@pytest.fixture(scope="module")
def projection(cohort) -> Projection:
    return projection_of(cohort, ALL, KEPT, dispersion=1.7)


@pytest.fixture(scope="module")
def samples(cohort) -> np.ndarray:
    """Dosages of newcomers without missing calls; int8 (variants, 20)."""
    return cohort.more(20, 2)


def hard(dosages: np.ndarray) -> np.ndarray:
    """Calls as triples, missing ones flat; float64 (samples, variants, 3)."""
    found = (dosages.T[:, :, None] == np.arange(3)).astype(float)
    found[dosages.T < 0] = 1.0
    return found


def reads(dosages: np.ndarray, depth: float, seed: int) -> np.ndarray:
    """Likelihoods of simulated reads; float64 (samples, variants, 3)."""
    rng = np.random.default_rng(seed)
    alt = np.array([BASE_ERROR, 0.5, 1 - BASE_ERROR])
    count = rng.poisson(depth, dosages.T.shape)
    seen = rng.binomial(count, alt[dosages.T])
    return alt ** seen[..., None] * (1 - alt) ** (count - seen)[..., None]


def called(projection: Projection, dosages: np.ndarray) -> Projected:
    return projection.read(blocks(dosages), dosages.shape[1])


def new(projection: Projection, projected: Projected) -> Scores:
    """On the kept components, as of new samples."""
    return projection.newcomers(projected, np.zeros(len(projected), dtype=bool))


def assert_same_bits(a: Projected, b: Projected) -> None:
    for name in FIELDS:
        assert getattr(a, name).tobytes() == getattr(b, name).tobytes(), name


# Certainty and ignorance -----------------------------------------------------------------------


def test_hard_calls_are_scored_as_ever(projection, samples) -> None:
    """Missing ones too, at any scale, even where expectations leave the range of frequencies."""
    dosages = samples.copy()
    dosages[np.random.default_rng(0).random(dosages.shape) < 0.4] = -1
    far = np.where(projection.loadings[:, :1] > 0, 2, 0).astype(np.int8)
    far[0] = 1
    dosages = np.concatenate([dosages, far], axis=1)
    soft, calls = scores_of(projection, 7 * hard(dosages), error=0.0), called(projection, dosages)
    for name in FIELDS[:-1]:
        tolerance = 5e-3 if name.startswith("noise") else 1e-6
        assert_allclose(getattr(soft, name), getattr(calls, name), rtol=tolerance, atol=tolerance)


def test_certain_probabilities_are_hard_calls_but_for_the_error_floor(projection, samples) -> None:
    found = (as_likelihoods(triple, projection.frequency) for triple in hard(samples))
    soft = new(projection, scores_of(projection, found))
    calls = new(projection, called(projection, samples))
    sd = 1 / np.sqrt(np.diagonal(calls.precision, axis1=1, axis2=2))
    assert np.abs((soft.value - calls.value) / sd).max() < 0.25
    assert_allclose(soft.effective_variants, calls.observed, rtol=0.03)


def test_the_panels_own_frequencies_say_nothing(projection) -> None:
    """Imputation that knows nothing reports its prior."""
    f = projection.frequency[:, None]
    prior = np.concatenate([(1 - f) ** 2, 2 * f * (1 - f), f**2], axis=1)
    found = scores_of(projection, [as_likelihoods(prior, projection.frequency)])
    assert found.effective_variants[0] < 1e-9
    assert np.abs(found.products).max() < 1e-9
    assert np.abs(new(projection, found).precision).max() < 1e-6


def test_flat_likelihoods_are_unobserved(projection, samples) -> None:
    flat = np.full((1, len(samples), 3), 0.3)
    nothing = scores_of(projection, flat)
    assert nothing.observed[0] == 0
    assert nothing.effective_variants[0] == 0
    assert not nothing.value.any()
    assert np.abs(new(projection, nothing).precision).max() < 1e-9
    assert np.isfinite(new(projection, nothing).factor).all()
    third = np.arange(len(samples)) % 3 == 0
    some = reads(samples[:, :3], 2, 4)
    some[:, third] = 1.0
    without = replace(projection, loadings=np.where(third[:, None], 0, projection.loadings))
    a, b = scores_of(projection, some), scores_of(without, some)
    assert_allclose(a.value, b.value, rtol=1e-9)


def test_information_is_what_the_mean_tells_of_the_dosage(projection) -> None:
    """At the panel's frequencies and one variant: 1 - V / 2p(1 - p), by enumeration."""
    one = replace(
        projection,
        loadings=np.zeros((1, 1)),
        marks=np.empty((0, 0)),
        recurrence=np.empty(0),
        frequency=np.array([0.3]),
        stretch=np.array([0]),
        signal=np.ones(1),
        kept=1,
    )
    for likelihood in ([1.0, 0.5, 0.02], [0.1, 1.0, 0.9], [1e-9, 1e-9, 1.0]):
        floored = (1 - ERROR) * np.array(likelihood) + ERROR
        weight = floored * [0.49, 0.42, 0.09] / (floored * [0.49, 0.42, 0.09]).sum()
        mean = weight @ [0, 1, 2]
        variance = weight @ [0, 1, 4] - mean**2
        found = scores_of(one, [np.array([likelihood])])
        assert_allclose(found.effective_variants, [np.clip(1 - variance / 0.42, 0, 1)], rtol=1e-9)
        assert_allclose(found.length, [((mean - 0.6) ** 2 + variance) / 0.42], rtol=1e-9)


def test_a_genotype_that_is_excluded_keeps_a_thousandth(projection, samples) -> None:
    """No measurement excludes a genotype altogether."""
    certain = hard(samples[:, :3])
    wrong = np.maximum(certain, 1e-3)
    assert_allclose(scores_of(projection, certain).value,
                    scores_of(projection, wrong, error=0.0).value, rtol=1e-9)  # fmt: skip


# Order and company -----------------------------------------------------------------------------


def test_alone_as_in_company_as_in_any_order(projection, samples) -> None:
    likelihoods = reads(samples, 1, 5)
    together = scores_of(projection, likelihoods)
    for sample in (0, 7, 19):
        assert_same_bits(scores_of(projection, likelihoods[[sample]]), together[[sample]])
    order = np.random.default_rng(6).permutation(20)
    assert_same_bits(scores_of(projection, likelihoods[order]), together[order])


def test_the_order_of_variants_turns_no_score(projection, samples) -> None:
    likelihoods = reads(samples[:, :5], 1, 7)
    order = np.random.default_rng(8).permutation(len(samples))
    other = replace(
        projection,
        loadings=projection.loadings[order],
        marks=projection.marks[order],
        frequency=projection.frequency[order],
        stretch=projection.stretch[order],
    )
    a, b = scores_of(projection, likelihoods), scores_of(other, likelihoods[:, order])
    assert_allclose(a.value, b.value, rtol=1e-8, atol=1e-8)
    assert_allclose(a.products, b.products, rtol=1e-8, atol=1e-8)
    assert_allclose(a.noise, b.noise, rtol=1e-8, atol=1e-8)


def test_swapping_ref_and_alt_turns_no_score(projection, samples) -> None:
    likelihoods = reads(samples[:, :5], 1, 9)
    swapped = replace(projection, loadings=-projection.loadings, frequency=1 - projection.frequency)
    a, b = scores_of(projection, likelihoods), scores_of(swapped, likelihoods[:, :, ::-1])
    assert_allclose(a.value, b.value, rtol=1e-8, atol=1e-8)
    assert_allclose(a.effective_variants, b.effective_variants, rtol=1e-9)


# Calibration -----------------------------------------------------------------------------------


@pytest.mark.statistical
@pytest.mark.parametrize("depth", [0.5, 1, 4])
def test_scores_of_reads_scatter_about_those_of_calls_by_the_stated_covariance(
    cohort, depth: float
) -> None:
    """400 samples x 3 scores: the mean square has a standard error of 0.04."""
    projection = projection_of(cohort, ALL, KEPT)
    dosages = cohort.more(400, 10)
    calls = new(projection, called(projection, dosages))
    soft = new(projection, scores_of(projection, reads(dosages, depth, 11)))
    added = np.linalg.inv(soft.precision) - np.linalg.inv(calls.precision)
    apart = (soft.value - calls.value) / np.sqrt(np.diagonal(added, axis1=1, axis2=2))
    assert_allclose((apart**2).mean(), 1, atol=0.1)
    assert np.abs(apart.mean(axis=0)).max() < 0.2
    for k in range(KEPT):
        assert_allclose(np.polyfit(calls.value[:, k], soft.value[:, k], 1)[0], 1, atol=0.03)


def imputed(likelihoods: np.ndarray, frequency: np.ndarray) -> np.ndarray:
    """Posteriors under Hardy-Weinberg, to three digits; float64 (samples, variants, 3)."""
    f = frequency[:, None]
    found = likelihoods * np.concatenate([(1 - f) ** 2, 2 * f * (1 - f), f**2], axis=1)
    return np.round(found / found.sum(axis=2, keepdims=True), 3)


@pytest.mark.statistical
@pytest.mark.parametrize(("field", "depth"), [("GP", 1), ("DS", 1), ("DS", 20)])
def test_scores_of_posteriors_are_those_of_the_evidence_behind_them(
    cohort, field: str, depth: float
) -> None:
    """Unbiased and of the stated scatter, though a dosage does not say how sure it is."""
    projection = projection_of(cohort, ALL, KEPT)
    dosages, f = cohort.more(100, 15), projection.frequency
    behind = reads(dosages, depth, 16)
    posteriors = [triples("GP", p, 1, 1) for p in imputed(behind, f)]
    if field == "DS":
        means = [p @ np.arange(3.0) for p in posteriors]
        posteriors = [spread(triples("DS", m[:, None], 1, 1), f) for m in means]
    soft = new(projection, scores_of(projection, [as_likelihoods(p, f) for p in posteriors]))
    calls, direct = new(projection, called(projection, dosages)), scores_of(projection, behind)
    assert_allclose(soft.effective_variants.mean(), direct.effective_variants.mean(), rtol=0.02)
    for k in range(KEPT):
        assert_allclose(np.polyfit(calls.value[:, k], soft.value[:, k], 1)[0], 1, atol=0.04)
    if depth == 1:
        added = np.linalg.inv(soft.precision) - np.linalg.inv(calls.precision)
        apart = (soft.value - calls.value) / np.sqrt(np.diagonal(added, axis1=1, axis2=2))
        assert_allclose((apart**2).mean(), 1, atol=0.15)


def test_whole_dosages_are_not_spread(projection, samples) -> None:
    whole = hard(samples)[0]
    whole[::5] = np.nan
    assert np.array_equal(spread(whole, projection.frequency), whole, equal_nan=True)


def test_spreading_keeps_means_and_what_is_missing(projection, samples) -> None:
    dosages = 0.45 + 0.5 * samples[:, 0]
    dosages[::5] = np.nan
    nearest = triples("DS", dosages[:, None], 1, 1)
    wider = spread(nearest, projection.frequency)
    assert_allclose(wider @ np.arange(3), dosages)
    assert_allclose(wider.sum(axis=1), np.where(np.isnan(dosages), np.nan, 1))
    assert np.nanmin(wider) >= 0
    assert np.nansum(wider @ [0, 1, 4]) > np.nansum(nearest @ [0, 1, 4])


def test_more_reads_tell_more_and_never_more_than_calls(projection, samples) -> None:
    worth = [
        scores_of(projection, reads(samples, d, 12)).effective_variants for d in (0.1, 0.5, 2, 8)
    ]
    assert (np.diff(worth, axis=0) > 0).all()
    assert (worth[-1] < len(samples)).all()


def one_allele(dosages: np.ndarray, seed: int) -> np.ndarray:
    """Pseudo-haploid calls: one of the two alleles, written twice."""
    drawn = np.random.default_rng(seed).random(dosages.shape) < 0.5
    return np.where(dosages == 1, np.where(drawn, 2, 0), dosages).astype(np.int8)


@pytest.mark.statistical
def test_single_alleles_have_half_the_precision_and_the_same_expectation() -> None:
    flat = balding_nichols(7, 1, 50, 800, fst=0.0)
    loadings = np.linalg.qr(np.random.default_rng(8).normal(size=(len(flat.dosages), 4)))[0]
    truth = flat.frequencies[:, 0]
    genome, signal = np.arange(len(truth)) // 40, np.full(4, 0.05)
    projection = Projection(loadings, truth, genome, np.ones(4), 0.1, signal, 1, 4)
    projected = called(projection, one_allele(flat.more(2000, 9), 10))
    scores = new(projection, projected)
    assert scores.pseudo_haploid.all()
    assert_allclose(scores.effective_variants, scores.observed / 2)
    whitened = np.einsum("nij,nj->ni", scores.factor.swapaxes(1, 2), scores.value)
    assert_allclose(np.cov(whitened.T), np.eye(4), atol=0.1)
    assert_allclose(whitened.mean(axis=0), 0, atol=0.08)
    assert_allclose(projected.length.mean(), len(truth), rtol=0.02)


def test_single_alleles_are_told_by_having_no_heterozygote(projection, samples) -> None:
    single = one_allele(samples, 13)
    almost = single.copy()
    almost[0] = 1
    few = np.where(np.arange(len(samples))[:, None] < 30, single, np.int8(-1))
    for dosages, told in ((single, True), (samples, False), (almost, False), (few, False)):
        assert (called(projection, dosages).pseudo_haploid == told).all()
    of_one, of_two = (called(projection, dosages).noise[:, 0, 0] for dosages in (single, samples))
    assert (of_one / of_two).mean() == pytest.approx(2, rel=0.1)


# Fields ----------------------------------------------------------------------------------------


def test_a_dosage_alone_is_spread_over_its_neighbours() -> None:
    found = triples("DS", np.array([[0.0], [0.25], [1.0], [1.9], [np.nan], [2.5]]), 1, 1)
    assert_allclose(found[:4], [[1, 0, 0], [0.75, 0.25, 0], [0, 1, 0], [0, 0.1, 0.9]], atol=1e-12)
    assert np.isnan(found[4:]).all()


def test_likelihoods_are_relative_to_the_largest() -> None:
    phred = triples("PL", np.array([[0, 10, 100], [30, 0, 20]]), 1, 1)
    log10 = triples("GL", np.array([[-5, -6, -15.0], [-3, 0, -2]]), 1, 1)
    assert_allclose(phred, [[1, 0.1, 1e-10], [1e-3, 1, 1e-2]])
    assert_allclose(log10, phred)


def test_beside_a_symbolic_allele_only_genotypes_of_the_real_one_count() -> None:
    of_three = np.array([[0, 10, 20, 7, 8, 9]])
    assert_allclose(triples("PL", of_three, 2, 1), [[1, 0.1, 0.01]])
    assert_allclose(triples("PL", of_three, 2, 2), [[1, 10**-0.7, 10**-0.9]])


MISSING = np.iinfo(np.int32).min


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("PL", [[MISSING, MISSING + 1, MISSING + 1]]),
        ("PL", [[0, 10, MISSING + 1]]),
        ("PL", [[0, 10]]),
        ("PL", [[0, 10, 20, 30]]),
        ("GL", [[np.nan, np.nan, np.nan]]),
        ("GL", [[-np.inf, -np.inf, -np.inf]]),
        ("GP", [[0.0, 10.0, 20.0]]),
        ("GP", [[0.2, 0.2, 0.2]]),
        ("GP", [[1.2, -0.1, -0.1]]),
        ("DS", [[0.1, 0.2]]),
    ],
)
def test_what_is_not_of_a_diploid_is_unobserved(field: str, values: list) -> None:
    assert triples(field, np.array(values), 1, 1) is None
