"""A model gives away groups and frequencies, and nothing of a sample."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from safetensors import safe_open


@pytest.fixture(scope="module")
def content(fitted_model) -> bytes:
    return fitted_model.files["model"].read_bytes()


@pytest.fixture(scope="module")
def record(fitted_model) -> dict[str, Any]:
    with safe_open(fitted_model.files["model"], framework="numpy") as model:
        return json.loads(model.metadata()["ddvi_ancestry"])


def numbers(value: Any) -> Iterator[float]:
    """Every number in a tree of JSON."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from numbers(item)
    elif isinstance(value, int | float):
        yield float(value)


def test_groups_are_named_and_samples_are_not(content, cohort_files) -> None:
    for group in set(cohort_files.simulated.population):
        assert group.encode() in content
    for sample in cohort_files.simulated.samples:
        assert sample.encode() not in content


def test_nobodys_coordinates_are_in_the_bytes(content, fitted_model) -> None:
    places = fitted_model.coordinates.mean
    for kind in (np.float32, np.float64):
        assert not [row for row in places.astype(kind) if row.tobytes() in content]


def test_nobodys_coordinates_are_among_the_numbers(record, fitted_model) -> None:
    """Nor on the axes of the networks, nor rounded."""
    with safe_open(fitted_model.files["model"], framework="numpy") as model:
        turn = model.get_tensor("rotation")
    said = np.array(list(numbers(record)))
    for places in (fitted_model.coordinates.mean, fitted_model.coordinates.mean @ turn.T):
        close = np.abs(places[..., None] - said).min(axis=2) < 1e-6
        assert not close.all(axis=1).any()


def test_nobodys_genotypes_are_in_the_bytes(content, record, cohort_files) -> None:
    """Of the first variants of one sample, however they might have been packed."""
    dosages = cohort_files.simulated.dosages
    assert record["samples"] < dosages.shape[1]
    for sample in range(dosages.shape[1]):
        own = dosages[:200, sample]
        for kind in (np.int8, np.int64, np.float32, np.float64):
            assert own.astype(kind).tobytes() not in content
        bits = np.array([[0, 0], [0, 1], [1, 1], [1, 0]])[own]
        for order in ("big", "little"):
            assert np.packbits(bits.ravel(), bitorder=order).tobytes() not in content


def test_kept_groups_have_five_samples_or_more(record, cohort_files) -> None:
    weight = np.array(record["groups"]["scores"]["weight"])
    assert record["groups"]["coordinates"]["weight"] == weight.tolist()
    assert (weight * record["samples"] >= 5 - 1e-9).all()
    assert len(weight) == len(set(cohort_files.simulated.population))
    where = np.array(record["out_of_panel"]["places"]["weight"])
    assert (where * record["samples"] > 4).all()


def test_the_record_says_how_private_it_is(record) -> None:
    assert 0.5 <= record["privacy"]["loadings"] <= 1
    assert record["privacy"].keys() == {"training", "loadings"}
