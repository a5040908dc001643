"""All randomness: one seed, one stream per purpose, noise that belongs to a sample."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def stream(seed: int, purpose: str) -> np.random.Generator:
    """A generator for one purpose; two purposes of one seed never share numbers."""
    return np.random.Generator(np.random.Philox(np.random.SeedSequence([seed, *purpose.encode()])))


def keyed_noise(ids: Sequence[str], shape: tuple[int, ...], seed: int) -> np.ndarray:
    """Standard normals that belong to a sample, whatever batch it travels in.

    Returns
    -------
    ndarray of float32, (len(ids), *shape)
        Row i depends on ``seed`` and ``ids[i]`` alone.
    """
    rows = np.empty((len(ids), *shape), dtype=np.float32)
    for row, sample in zip(rows, ids, strict=True):
        row[...] = stream(seed, f"sample {sample}").standard_normal(shape, dtype=np.float32)
    return rows
