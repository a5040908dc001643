"""Principal components against numpy, scikit-allel and plink2."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace

import numpy as np
import pytest
from cohorts import Cohort, balding_nichols, blocks, projection_on, standardised
from memory_store import real, write_plink
from numpy.testing import assert_allclose

from ancestry_ddvi.genotypes.projection import halves, standardise
from ancestry_ddvi.genotypes.projection.halves import Halves
from ancestry_ddvi.genotypes.projection.pca import (
    PrincipalComponents,
    from_products,
    principal_components,
    tolerances,
)
from ancestry_ddvi.genotypes.projection.structure import structure

POPULATIONS, STRONG = 4, 3


def components_of(cohort: Cohort, count: int = 8) -> PrincipalComponents:
    matrix = cohort.matrix
    return from_products(matrix, matrix.gram(), tolerances(count, count), seed=1)


def streamed_of(cohort: Cohort, count: int = 8) -> PrincipalComponents:
    return principal_components(cohort.matrix, tolerances(count, count), seed=1)


def correlations(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Absolute correlation of matching columns."""
    return np.array(
        [abs(np.corrcoef(a[:, k], b[:, k])[0, 1]) for k in range(min(a.shape[1], b.shape[1]))]
    )


def scores_of(cohort: Cohort, found: PrincipalComponents) -> np.ndarray:
    samples = cohort.dosages.shape[1]
    return projection_on(cohort, found, STRONG).read(blocks(cohort.dosages), samples).value


def carried(cohort: Cohort) -> int:
    """How many components carry structure."""
    return structure(Halves.of(cohort.matrix, 1), 16, seed=1).components


@pytest.fixture(scope="module")
def cohort() -> Cohort:
    """Populations of 50, 35, 22 and 13 samples: equal ones would leave the axes undecided."""
    everyone = balding_nichols(1, POPULATIONS, 200, 3000, fst=0.08)
    turn = everyone.samples // POPULATIONS
    some = everyone.select(np.flatnonzero(turn < np.array([50, 35, 22, 13])[everyone.population]))
    minor = np.minimum(some.frequency, 1 - some.frequency)
    return replace(
        some, dosages=some.dosages[minor > 0.05], frequencies=some.frequencies[minor > 0.05]
    )


@pytest.fixture(scope="module")
def found(cohort) -> PrincipalComponents:
    return components_of(cohort)


@pytest.fixture(scope="module")
def left(cohort) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return np.linalg.svd(standardised(cohort.dosages, cohort.frequency), full_matrices=False)


def test_without_gaps_they_are_the_singular_vectors(cohort, found, left) -> None:
    u, s, _ = left
    assert_allclose(found.eigenvalues, s[:8] ** 2, rtol=1e-5)
    signs = np.sign((found.loadings * u[:, :8]).sum(axis=0))
    assert_allclose(found.loadings, signs * u[:, :8], atol=1e-4)


def test_loadings_have_unit_norm_and_their_largest_is_positive(found) -> None:
    assert_allclose(np.linalg.norm(found.loadings, axis=0), 1, rtol=1e-5)
    assert (found.loadings.max(axis=0) == np.abs(found.loadings).max(axis=0)).all()


def test_strength_is_the_sum_of_squared_scores(cohort, found) -> None:
    assert_allclose((scores_of(cohort, found) ** 2).sum(axis=0), found.eigenvalues, rtol=1e-4)


@pytest.mark.parametrize("find", [components_of, streamed_of])
def test_they_are_those_of_scikit_allel(cohort, find) -> None:
    allel = pytest.importorskip("allel")
    theirs, _ = allel.pca(cohort.dosages.astype("f8"), n_components=STRONG, scaler="patterson")
    assert correlations(scores_of(cohort, find(cohort)), theirs).min() > 0.9999


@pytest.mark.parametrize("find", [components_of, streamed_of])
def test_shares_of_the_variance_are_those_of_scikit_allel(cohort, find) -> None:
    allel = pytest.importorskip("allel")
    _, theirs = allel.pca(cohort.dosages.astype("f8"), n_components=STRONG, scaler="patterson")
    found = find(cohort)
    projection = projection_on(cohort, found, STRONG)
    assert len(projection.variance) == 0
    known = replace(projection, trace=found.trace)
    assert_allclose(known.variance, theirs.explained_variance_ratio_, rtol=1e-3)


@pytest.mark.skipif(shutil.which("plink2") is None, reason="plink2 is not installed")
@pytest.mark.parametrize("missing", [0.0, 0.02])
@pytest.mark.parametrize("find", [components_of, streamed_of])
def test_they_are_those_of_plink2(cohort, tmp_path, missing: float, find) -> None:
    gaps = np.random.default_rng(2).random(cohort.dosages.shape) < missing
    seen = replace(cohort, dosages=np.where(gaps, np.int8(-1), cohort.dosages))
    write_plink(seen.store, tmp_path / "x")
    command = ["plink2", "--bfile", "x", "--pca", str(STRONG), "--out", "x", "--threads", "1"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    theirs = np.loadtxt(tmp_path / "x.eigenvec", usecols=range(2, 2 + STRONG))
    assert correlations(scores_of(seen, find(seen)), theirs).min() > 0.999


@pytest.mark.parametrize("missing", [0.0, 0.1])
def test_a_file_too_large_for_its_gram_matrix_gets_the_same(cohort, missing: float) -> None:
    """With gaps too, of which some samples have more than others."""
    rng = np.random.default_rng(6)
    rate = rng.uniform(0, 2 * missing, cohort.dosages.shape[1])
    gaps = rng.random(cohort.dosages.shape) < rate
    seen = replace(cohort, dosages=np.where(gaps, np.int8(-1), cohort.dosages))
    formed = components_of(seen)
    streamed = streamed_of(seen)
    assert_allclose(streamed.eigenvalues[:STRONG], formed.eigenvalues[:STRONG], rtol=1e-4)
    assert_allclose(streamed.loadings[:, :STRONG], formed.loadings[:, :STRONG], atol=1e-3)
    assert streamed.trace == pytest.approx(formed.trace, rel=1e-4)
    assert streamed.spread(8) == pytest.approx(formed.spread(8), abs=0.05)
    assert np.array_equal(streamed.loadings, streamed_of(seen).loadings)


def sine(found: np.ndarray, exact: np.ndarray) -> float:
    """Sine of the largest angle between the spans of the columns."""
    exact = np.linalg.qr(exact)[0]
    found = np.linalg.qr(found)[0]
    return float(np.linalg.norm(found - exact @ (exact.T @ found), 2))


@pytest.mark.slow
@pytest.mark.realdata
@pytest.mark.parametrize(("name", "kept"), [("kgp1092", 10), ("kgp2504", 16)])
def test_weak_components_of_a_thousand_genomes_are_exact(name: str, kept: int) -> None:
    """Beside the decomposition by LAPACK; those of noise lie within a hundredth of each other."""
    store = real(name)
    counts = store.counts()
    frequency = (counts[:, 1] + 2 * counts[:, 2]) / (2 * counts[:, :3].sum(axis=1))
    rows = np.flatnonzero((frequency > 0.01) & (frequency < 0.99))
    matrix = standardise.standardised(
        store, rows, np.arange(len(store.samples)), frequency[rows]
    ).in_memory()
    gram = matrix.gram()
    values, vectors = np.linalg.eigh(gram)
    exact = matrix.times(vectors[:, : -kept - 17 : -1]).astype(np.float64)
    for find, noise in ((from_products, 1e-3), (principal_components, 0.02)):
        products = (gram.astype(np.float32),) if find is from_products else ()
        found = find(matrix, *products, tolerances(kept, kept + 16), 1)
        error = np.abs(found.eigenvalues / values[: -kept - 17 : -1] - 1)
        assert error[:kept].max() < 1e-5
        assert error[kept:].max() < noise
        assert sine(found.loadings[:, :kept], exact[:, :kept]) < 0.01


@pytest.mark.statistical
@pytest.mark.parametrize("seed", [1, 3])
def test_a_cohort_from_which_samples_are_drawn_has_as_many_that_matter(
    monkeypatch, seed: int
) -> None:
    """Samples who take turns by population are no trap either."""
    monkeypatch.setattr(halves, "MAX_SAMPLES", 200)
    assert carried(balding_nichols(seed, 6, 400, 3000, fst=0.08)) == 5
    assert carried(balding_nichols(seed, 1, 300, 12_000, fst=0.0)) == 0


@pytest.mark.statistical
def test_no_component_matters_where_there_is_no_structure() -> None:
    """Twelve cohorts; few samples and many variants as in small studies."""
    counts = [carried(balding_nichols(seed, 1, 60, 6000, fst=0.0)) for seed in range(12)]
    assert sum(count > 0 for count in counts) <= 3
    assert max(counts) <= 1


@pytest.mark.statistical
@pytest.mark.parametrize("populations", [2, 3, 5])
@pytest.mark.parametrize(("samples", "variants"), [(60, 6000), (200, 2000)])
def test_as_many_matter_as_there_are_populations_but_one(
    populations: int, samples: int, variants: int
) -> None:
    cohort = balding_nichols(samples, populations, samples, variants, fst=0.08)
    assert carried(cohort) == populations - 1


@pytest.mark.statistical
@pytest.mark.parametrize("how", ["anywhere", "by sample", "by variant"])
def test_missing_genotypes_shift_and_shrink_no_sample(cohort, found, how: str) -> None:
    rng = np.random.default_rng(3)
    variants, samples = cohort.dosages.shape
    rate = {
        "anywhere": np.full((1, 1), 0.02),
        "by sample": rng.uniform(0, 0.04, (1, samples)),
        "by variant": rng.uniform(0, 0.04, (variants, 1)),
    }[how]
    gaps = rng.random(cohort.dosages.shape) < rate
    partial = replace(cohort, dosages=np.where(gaps, np.int8(-1), cohort.dosages))
    whole = scores_of(cohort, found)[:, :STRONG]
    seen = scores_of(partial, components_of(partial))[:, :STRONG]
    signs = np.sign((whole * seen).sum(axis=0))
    for k in range(STRONG):
        slope, shift = np.polyfit(whole[:, k], signs[k] * seen[:, k], 1)
        assert abs(slope - 1) < 0.01
        assert abs(shift) < 0.02 * whole[:, k].std()
    assert correlations(whole, seen).min() > 0.999


def test_a_sample_seen_at_no_variant_is_borne(cohort) -> None:
    dosages = cohort.dosages.copy()
    dosages[:, 5] = -1
    partial = replace(cohort, dosages=dosages)
    found = components_of(partial)
    assert np.isfinite(found.loadings).all()
    assert carried(partial) in (STRONG, STRONG + 1)


def test_there_are_no_more_components_than_samples_but_one() -> None:
    few = balding_nichols(1, 2, 6, 500)
    assert components_of(few, 40).loadings.shape[1] == 5
