"""Packing loses nothing, agrees with PLINK's codes and counts what is there."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ancestry_ddvi.genotypes.formats import packing
from ancestry_ddvi.genotypes.formats.packing import (
    PackedRows,
    genotype_counts,
    pack,
    unpack,
    unpack_some,
)

DOSAGES = arrays(
    np.int8,
    st.tuples(st.integers(0, 9), st.integers(1, 40)),
    elements=st.sampled_from([-1, 0, 1, 2]),
)


def counted(dosages: np.ndarray) -> np.ndarray:
    return np.stack([(dosages == value).sum(axis=1) for value in (0, 1, 2, -1)], axis=1)


@given(DOSAGES)
def test_unpacking_undoes_packing(dosages: np.ndarray) -> None:
    packed = pack(dosages)
    assert packed.shape == (len(dosages), (dosages.shape[1] + 3) // 4)
    np.testing.assert_array_equal(unpack(packed, dosages.shape[1]), dosages)


def test_codes_are_those_of_a_bed_file() -> None:
    # 2, missing, 1, 0 are 00, 01, 10, 11 from the low end of the byte; the next byte pads.
    packed = pack(np.array([[2, -1, 1, 0, 0]], np.int8))
    assert packed.tolist() == [[0b11_10_01_00, 0b00_00_00_11]]


@given(DOSAGES, st.integers(0, 255))
def test_counts_are_those_of_the_dosages_whatever_the_padding(
    dosages: np.ndarray, dirt: int
) -> None:
    packed = pack(dosages)
    used = dosages.shape[1] % 4
    if used:
        packed[:, -1] |= np.uint8(dirt << 2 * used & 255)
    np.testing.assert_array_equal(genotype_counts(packed, dosages.shape[1]), counted(dosages))


def test_counts_do_not_depend_on_the_block_size(
    monkeypatch: pytest.MonkeyPatch, random_dosages: np.ndarray
) -> None:
    monkeypatch.setattr(packing, "_BLOCK_BYTES", 20)
    counts = genotype_counts(pack(random_dosages), random_dosages.shape[1])
    np.testing.assert_array_equal(counts, counted(random_dosages))


def test_chosen_rows_read_as_if_the_others_were_not_there(random_dosages: np.ndarray) -> None:
    packed, chosen = pack(random_dosages), np.array([30, 2, 7])
    rows = PackedRows(packed, chosen)
    assert rows.shape == (3, packed.shape[1])
    np.testing.assert_array_equal(rows[1:], packed[[2, 7]])
    np.testing.assert_array_equal(rows[np.array([2, 0])], packed[[7, 30]])
    np.testing.assert_array_equal(genotype_counts(rows, 21), counted(random_dosages[chosen]))


def test_chosen_samples_are_unpacked_as_among_all() -> None:
    rng = np.random.default_rng(5)
    dosages = rng.integers(-1, 3, (50, 103)).astype(np.int8)
    for chosen in (np.array([0]), np.array([102, 3, 3, 77]), np.arange(103)):
        assert np.array_equal(unpack_some(pack(dosages), chosen), dosages[:, chosen])


def test_some_samples_are_counted_as_if_the_others_were_not_there() -> None:
    rng = np.random.default_rng(6)
    dosages = rng.integers(-1, 3, (50, 103)).astype(np.int8)
    for share in (0.0, 0.4, 1.0):
        chosen = rng.random(103) < share
        expected = genotype_counts(pack(dosages[:, chosen]), int(chosen.sum()))
        assert np.array_equal(genotype_counts(pack(dosages), 103, chosen), expected)
