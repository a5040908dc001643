"""Genotype counts by variant and by sample, in bounded memory."""

from __future__ import annotations

import numpy as np

from ..blocks import GenotypeReader, in_blocks
from ..variants import MISSING


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
    blocks = [
        np.stack([np.count_nonzero(d == g, axis=1) for g in (0, 1, 2, MISSING)], axis=1)
        for d in in_blocks(store, rows, np.flatnonzero(samples))
    ]
    return np.concatenate([np.empty((0, 4), dtype=np.int64), *blocks])


def missing_by_sample(store: GenotypeReader, rows: np.ndarray) -> np.ndarray:
    """Share of the variants at which each sample is missing; float64, one per sample.

    Without any variants it is 0.
    """
    missing = np.zeros(len(store.samples), dtype=np.int64)
    if store.counts()[rows, 3].any():
        for dosages in in_blocks(store, rows):
            missing += np.count_nonzero(dosages == MISSING, axis=0)
    return np.asarray(missing / max(len(rows), 1))


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
