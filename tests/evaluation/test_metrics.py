"""Metrics against closed forms, brute force and other implementations."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from sklearn.neighbors import KernelDensity

from ancestry_ddvi.evaluation.clusters import agreement, mixture_clusters, purity
from ancestry_ddvi.evaluation.intervals import t_interval
from ancestry_ddvi.evaluation.latents import BANDWIDTHS, latent_nll, sliced_wasserstein
from ancestry_ddvi.evaluation.mmd import VARIANCES, mmd
from ancestry_ddvi.evaluation.neighbours import cross_validated_accuracy, neighbour_accuracy
from ancestry_ddvi.evaluation.normality import axis_distance, radial_distance
from ancestry_ddvi.evaluation.tables import Estimate, Table

RNG = np.random.default_rng(4)
BLOBS = np.concatenate([RNG.normal(c, 0.3, (40, 2)) for c in ((0, 0), (3, 0), (0, 3))])
BLOB = np.repeat(["a", "b", "c"], 40)


def test_the_latent_nll_is_that_of_scikit_learns_kernel_densities() -> None:
    latents, prior = RNG.normal(size=(300, 2)), RNG.normal(size=(70, 2))
    each = [KernelDensity(bandwidth=w).fit(latents).score_samples(prior) for w in BANDWIDTHS]
    expected = -np.log(np.mean(np.exp(each), axis=0)).mean()
    assert latent_nll(latents, prior) == pytest.approx(expected, rel=1e-9)


def test_one_wide_kernel_on_one_point_is_a_normal() -> None:
    prior = RNG.normal(size=(50, 3))
    expected = -stats.norm(0, 0.7).logpdf(prior).sum(axis=1).mean()
    assert latent_nll(np.zeros((1, 3)), prior, (0.7,)) == pytest.approx(expected)


def test_latents_that_miss_half_of_the_prior_are_found_out() -> None:
    prior = RNG.uniform(-1, 1, (800, 2))
    whole, half = RNG.uniform(-1, 1, (800, 2)), RNG.uniform(-1, 0, (800, 2))
    assert latent_nll(half, prior) > latent_nll(whole, prior) + 0.3
    assert sliced_wasserstein(half, prior) > 3 * sliced_wasserstein(whole, prior)


def test_the_sliced_distance_of_a_shift_is_the_mean_projection_of_it() -> None:
    a = RNG.normal(size=(500, 2))
    assert sliced_wasserstein(a, a) == 0
    found = sliced_wasserstein(a, a + np.array([0.5, 0]), directions=4000)
    assert found == pytest.approx(0.5 * 2 / math.pi, rel=0.03)


def test_the_discrepancy_is_the_brute_force_sum() -> None:
    a, b = RNG.random((20, 5)), RNG.random((15, 5))

    def kernel(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        apart = ((x[:, None] - y[None]) ** 2).sum(-1)
        return sum(np.exp(-apart / (2 * v)) for v in VARIANCES)

    aa, bb, ab = kernel(a, a), kernel(b, b), kernel(a, b)
    biased = math.sqrt(aa.mean() + bb.mean() - 2 * ab.mean())
    unbiased = (
        (aa.sum() - np.trace(aa)) / (20 * 19) + (bb.sum() - np.trace(bb)) / (15 * 14)
        - 2 * ab.mean()
    )  # fmt: skip
    assert mmd(a, b) == pytest.approx((biased, unbiased), abs=1e-4)


@pytest.mark.statistical
def test_the_unbiased_discrepancy_of_one_law_is_zero_on_average() -> None:
    rng = np.random.default_rng(8)
    found = [mmd(rng.normal(size=(40, 3)), rng.normal(size=(40, 3))) for _ in range(60)]
    biased, unbiased = np.array(found).T
    assert abs(unbiased.mean()) < 3 * unbiased.std() / math.sqrt(60)
    assert (biased > 0).all()


def test_purity_by_hand() -> None:
    cluster = np.array([0, 0, 0, 1, 1, 7])
    label = np.array(["x", "x", "y", "y", "y", "x"])
    assert purity(cluster, label) == pytest.approx(5 / 6)
    assert purity(7 - cluster, label) == purity(cluster, label)


def test_plain_clusters_are_found_whatever_they_are_called() -> None:
    found = mixture_clusters(BLOBS, 3)
    assert agreement(found, BLOB) == pytest.approx(dict.fromkeys(agreement(found, BLOB), 1.0))
    split = mixture_clusters(BLOBS, 6)
    assert purity(split, BLOB) == 1
    assert agreement(split, BLOB)["completeness"] < 0.9


def test_neighbours_of_plain_clusters_share_their_label() -> None:
    assert cross_validated_accuracy(BLOBS, BLOB) == 1
    other = BLOBS + 0.01
    assert neighbour_accuracy(BLOBS, BLOB, other, BLOB, 5) == 1
    assert neighbour_accuracy(BLOBS, BLOB, other, np.roll(BLOB, 40), 5) == 0


def test_neighbours_do_not_feel_the_unit_of_an_axis() -> None:
    noisy = BLOBS + RNG.normal(0, 1.5, BLOBS.shape)
    assert cross_validated_accuracy(noisy, BLOB) == cross_validated_accuracy(
        noisy * [1, 1000], BLOB
    )


def test_the_interval_is_students() -> None:
    values = [1.0, 2.5, 2.0]
    low, high = stats.t.interval(0.95, 2, np.mean(values), stats.sem(values))
    mean, half = t_interval(values)
    assert (mean - half, mean + half) == pytest.approx((low, high))
    assert math.isnan(t_interval([1.0])[1])


def test_a_table_has_the_same_content_in_every_format(tmp_path) -> None:
    rows = [
        {"method": "ddvi", "score": Estimate(1.2345, 0.21), "note": 3},
        {"method": "pca", "score": Estimate(math.nan, math.nan)},
    ]
    table = Table(("method", "score", "note"), rows)
    files = table.write(str(tmp_path / "x"))
    assert files["tsv"].read_text().splitlines() == [
        "method\tscore\tscore_ci\tnote", "ddvi\t1.2345\t0.21\t3", "pca\tNA\tNA\tNA",
    ]  # fmt: skip
    assert files["md"].read_text().splitlines()[2:] == [
        "| ddvi | 1.23 ± 0.21 | 3 |", "| pca | NA | NA |",
    ]  # fmt: skip
    import json

    assert json.loads(files["json"].read_text()) == [
        {"method": "ddvi", "score": 1.2345, "score_ci": 0.21, "note": 3},
        {"method": "pca", "score": None, "score_ci": None, "note": None},
    ]


@pytest.mark.parametrize(
    ("mean", "half", "text"),
    [(-148.27, 3.1, "-148.3 ± 3.1"), (0.5, 0.0123, "0.500 ± 0.012"), (12.0, 34.0, "12 ± 34"),
     (1.74e-5, 2.2e-6, "1.7e-05 ± 2e-06"), (0.004, 0.2, "0.00 ± 0.20"),
     (2.0, math.nan, "2")],
)  # fmt: skip
def test_an_estimate_has_the_digits_its_interval_allows(mean, half, text) -> None:
    assert str(Estimate(mean, half)) == text


def test_distances_from_a_normal_law_are_in_units_of_what_chance_makes() -> None:
    """The share of standard normal samples beyond 1 is 5 %; wider ones, and shifted, are far."""
    rng = np.random.default_rng(6)
    chance = [rng.normal(size=(200, 3)) for _ in range(200)]
    for distance in (axis_distance, radial_distance):
        beyond = np.mean([distance(z) > 1 for z in chance])
        assert beyond == pytest.approx(0.05, abs=0.046)  # three standard errors
        assert distance(1.5 * chance[0]) > 1
    shifted = chance[0] + np.array([0, 0, 1.0])
    assert axis_distance(shifted) > 2
