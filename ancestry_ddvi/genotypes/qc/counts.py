"""Genotype counts by variant and by sample, in bounded memory."""

from __future__ import annotations

import numpy as np

from ..blocks import GenotypeReader
from ..formats.packing import genotype_counts

BYTES_AT_ONCE = 2**22

VARIANTS_AT_ONCE = 255
"""So many counts have room in a byte."""


def by_variant(store: GenotypeReader, rows: np.ndarray, samples: np.ndarray) -> np.ndarray:
    """Numbers of dosage 0, 1, 2 and missing at each variant among some samples.

    Parameters
    ----------
    store : GenotypeReader
    rows : ndarray of int
    samples : ndarray of bool, one per sample of the store

    Returns
    -------
    ndarray of int64, shape (len(rows), 4)
    """
    if samples.all():
        return np.asarray(store.counts()[rows])
    step = max(1, BYTES_AT_ONCE // store.packed.shape[1])
    parts = [
        genotype_counts(store.packed[rows[start : start + step]], len(samples), samples)
        for start in range(0, len(rows), step)
    ]
    return np.concatenate([np.empty((0, 4), dtype=np.int64), *parts])


def missing_by_sample(store: GenotypeReader, rows: np.ndarray) -> np.ndarray:
    """Share of the variants at which each sample is missing; float64, one per sample.

    Without any variants it is 0.
    """
    missing = np.zeros((store.packed.shape[1], 4), dtype=np.int64)
    lacking = rows[store.counts()[rows, 3] > 0]
    for start in range(0, len(lacking), VARIANTS_AT_ONCE):
        packed = store.packed[lacking[start : start + VARIANTS_AT_ONCE]]
        missing += _missing_of_four(packed & ~(packed >> 1) & 0b01010101)
    return np.asarray(missing.ravel()[: len(store.samples)] / max(len(rows), 1))


def _missing_of_four(gaps: np.ndarray) -> np.ndarray:
    """Sums over variants of the four numbers of a byte, 0 or 1; uint8 (bytes, 4).

    Three at a time have room in two bits, and 85 times three in a byte.
    """
    padded = np.zeros((-(-len(gaps) // 3), 3, gaps.shape[1]), np.uint8)
    padded.reshape(-1, gaps.shape[1])[: len(gaps)] = gaps
    threes = padded.sum(axis=1, dtype=np.uint8)
    sums = [(threes >> shift & 3).sum(axis=0, dtype=np.uint8) for shift in (0, 2, 4, 6)]
    return np.stack(sums, axis=1)


def by_sample(chosen: np.ndarray) -> np.ndarray:
    """How often something is true of each sample; bool (variants, samples) -> int64 (samples,)."""
    found = np.zeros(chosen.shape[1], dtype=np.int64)
    for start in range(0, len(chosen), VARIANTS_AT_ONCE):
        some = chosen[start : start + VARIANTS_AT_ONCE].view(np.uint8)
        found += some.sum(axis=0, dtype=np.uint8)
    return found


def missing_by_variant(counts: np.ndarray) -> np.ndarray:
    """Share of the samples missing at each variant; float64."""
    return np.asarray(counts[:, 3] / np.maximum(counts.sum(1), 1))


def alt_frequency(counts: np.ndarray) -> np.ndarray:
    """Frequency of ALT among the called alleles of each variant; float64, NaN without calls."""
    alleles = 2 * counts[:, :3].sum(1)
    alt = counts[:, 1] + 2 * counts[:, 2]
    return np.where(alleles > 0, alt / np.maximum(alleles, 1), np.nan)


def minor(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Minor allele count and frequency of each variant; 0 without calls."""
    alleles = 2 * counts[:, :3].sum(1)
    alt = counts[:, 1] + 2 * counts[:, 2]
    count = np.minimum(alt, alleles - alt)
    return count, count / np.maximum(alleles, 1)
