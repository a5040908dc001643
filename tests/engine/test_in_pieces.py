"""Scores of many samples, a piece at a time: the same bits, in bounded memory."""

from __future__ import annotations

import tracemalloc
from dataclasses import fields

import numpy as np
import pytest
from cohorts import balding_nichols, blocks, projection_of

from ancestry_ddvi.genotypes.projection import in_pieces
from ancestry_ddvi.genotypes.projection.in_pieces import ScoredSamples, score_samples
from ancestry_ddvi.genotypes.projection.scores import Projection
from ancestry_ddvi.parallel import on_threads

SAMPLES = 150


@pytest.fixture(scope="module")
def projection() -> Projection:
    return projection_of(balding_nichols(1, 3, 60, 1500), 7, 3)


@pytest.fixture(scope="module")
def dosages() -> np.ndarray:
    dosages = balding_nichols(1, 3, 60, 1500).more(SAMPLES, 2)
    dosages[np.random.default_rng(3).random(dosages.shape) < np.linspace(0, 0.3, SAMPLES)] = -1
    return dosages


def scored(projection: Projection, dosages: np.ndarray) -> ScoredSamples:
    members = np.arange(dosages.shape[1]) % 3 == 0
    return score_samples(projection, lambda part, some: dosages[part, some], members)


def assert_same_bits(a: ScoredSamples, b: ScoredSamples) -> None:
    assert np.array_equal(a.in_panel, b.in_panel)
    for f in fields(a.scores):
        assert np.array_equal(getattr(a.scores, f.name), getattr(b.scores, f.name)), f.name


@pytest.mark.parametrize("size", [1, 4, 64])
def test_the_size_of_a_piece_changes_no_bit(
    projection, dosages, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = scored(projection, dosages)
    monkeypatch.setattr(in_pieces, "MIN_SAMPLES", size)
    monkeypatch.setattr(in_pieces, "GENOTYPES_AT_ONCE", 1)
    assert_same_bits(scored(projection, dosages), whole)


def test_the_number_of_threads_changes_no_bit(projection, dosages) -> None:
    whole = scored(projection, dosages)
    with on_threads(3):
        assert_same_bits(scored(projection, dosages), whole)


def test_they_are_the_scores_of_all_samples_read_at_once(projection, dosages) -> None:
    everyone = projection.read(blocks(dosages), SAMPLES)
    members = np.arange(SAMPLES) % 3 == 0
    assert_same_bits(scored(projection, dosages), ScoredSamples.of(projection, everyone, members))


def test_nothing_as_large_as_the_cohort_is_formed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 10,000 samples at 3,000 variants: less than a byte for each genotype."""
    cohort = balding_nichols(4, 3, 60, 3000)
    projection = projection_of(cohort, 7, 3)
    variants, samples = len(cohort.dosages), 10_000
    monkeypatch.setattr(in_pieces, "GENOTYPES_AT_ONCE", variants * 256)
    monkeypatch.setattr(in_pieces, "MIN_SAMPLES", 256)
    frequencies = cohort.frequencies

    def dosages(part: slice, some: slice) -> np.ndarray:
        like = frequencies[part, np.arange(some.start, some.stop) % 3]
        found = np.random.default_rng(some.start).binomial(2, like).astype(np.int8)
        found[::7, ::11] = -1
        return found

    projection.read([(slice(0, variants), dosages(slice(0, variants), slice(0, 4)))], 4)
    tracemalloc.start()
    score_samples(projection, dosages, np.zeros(samples, dtype=bool))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < variants * samples
