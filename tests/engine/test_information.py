"""How much genotypes tell of the scores of a sample."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from cohorts import balding_nichols, projection_of

from ancestry_ddvi.genotypes.projection.information import expected_information
from ancestry_ddvi.genotypes.projection.likelihood_scores import informed


@pytest.fixture(scope="module")
def projection():
    return projection_of(balding_nichols(3, 4, 60, 400), 8, 3, dispersion=1.3)


def mutual_information(projection, seen):
    """Of normal scores and dosages, by the determinants of the dosages' covariances."""
    loadings = projection.loadings[seen, : projection.kept]
    noise = projection.dispersion * np.eye(len(loadings))
    whole = (loadings * projection.signal) @ loadings.T + noise
    return (np.linalg.slogdet(whole)[1] - np.linalg.slogdet(noise)[1]) / 2


def test_it_is_the_mutual_information_of_scores_and_dosages(projection):
    seen = np.random.default_rng(1).random(len(projection.loadings)) < 0.3
    found = expected_information(projection, seen.astype(float))
    assert found == pytest.approx(mutual_information(projection, seen), rel=1e-9)


def test_nothing_observed_tells_nothing_and_more_tells_more(projection):
    shares = [0.0, 0.1, 0.5, 1.0]
    found = [expected_information(projection, np.full(len(projection.loadings), s)) for s in shares]
    assert found[0] == 0
    assert found == sorted(found)


def test_noise_takes_information_away(projection):
    weight = np.ones(len(projection.loadings))
    assert expected_information(replace(projection, dispersion=2.0), weight) < expected_information(
        projection, weight
    )


def test_a_call_is_all_that_can_be_known_and_equal_likelihoods_are_nothing():
    likelihoods = np.array([[1, 0, 0], [0, 1, 0], [1, 1, 1], [1, 0.5, 0.01], [1, 0.9, 0.8]])
    found = informed(likelihoods, np.full(5, 0.3))
    assert found[:2] == pytest.approx([1, 1], abs=0.02)
    assert found[2] == 0
    assert 0 <= found[4] < found[3] < 1
