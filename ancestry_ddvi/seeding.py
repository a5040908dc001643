"""All randomness: one seed, one stream per purpose, noise that belongs to a sample."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np


def stream(seed: int, purpose: str) -> np.random.Generator:
    """A generator for one purpose; two purposes of one seed never share numbers."""
    return np.random.Generator(np.random.Philox(np.random.SeedSequence([seed, *purpose.encode()])))


def keyed_normals(ids: Sequence[str], draws: int, shape: tuple[int, ...], seed: int) -> np.ndarray:
    """Standard normals that belong to a sample, spread evenly over its draws.

    A Sobol set of ``draws`` points, the same for all, is shifted around the unit cube by a
    uniform vector that belongs to the sample (Cranley & Patterson 1976) and taken through the
    normal quantile function. Each draw by itself is exactly standard normal; together they
    fill the space, so that means over draws carry far less chance than independent ones would.

    Returns
    -------
    ndarray of float32, (len(ids), draws, *shape)
        Row i depends on ``draws``, ``seed`` and ``ids[i]`` alone.
    """
    from scipy.special import ndtri
    from scipy.stats import qmc

    size = math.prod(shape)
    even = qmc.Sobol(size, scramble=False).random_base2(max(draws - 1, 1).bit_length())[:draws]
    shift = np.stack([stream(seed, f"sample {sample}").random(size) for sample in ids])
    points = (even + shift[:, None] + 0.5 / len(even)) % 1
    normals = ndtri(np.clip(points, 1e-9, 1 - 1e-9))
    return np.asarray(normals.reshape(len(ids), draws, *shape), dtype=np.float32)
