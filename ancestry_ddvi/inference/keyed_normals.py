"""Standard normal draws keyed by sample ID."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import torch
from torch.quasirandom import SobolEngine

from ..seeding import stream


def keyed_normals(ids: Sequence[str], draws: int, shape: tuple[int, ...], seed: int) -> np.ndarray:
    """Standard normal draws of each sample, by randomised quasi-Monte Carlo.

    A Sobol set of ``draws`` points, common to all samples, is shifted modulo 1 by a uniform vector
    keyed by the sample ID (Cranley & Patterson 1976) and mapped by the normal quantile function.
    Each draw is exactly standard normal; together they fill the space evenly, so that means over
    draws have a smaller variance than means of independent draws.

    Parameters
    ----------
    ids : sequence of str
        Sample IDs.
    draws : int
        Draws per sample.
    shape : tuple of int
        Shape of one draw.
    seed : int

    Returns
    -------
    ndarray of float32, (len(ids), draws, *shape)
        Row i depends on ``draws``, ``shape``, ``seed`` and ``ids[i]`` only.
    """
    from scipy.special import ndtri

    size = math.prod(shape)
    even = _sobol(size, max(draws - 1, 1).bit_length())[:draws]
    shift = np.stack([stream(seed, f"sample {sample}").random(size) for sample in ids])
    points = even + shift[:, None] + 0.5 / len(even)
    points -= np.floor(points)
    normals = ndtri(np.clip(points, 1e-9, 1 - 1e-9))
    return np.asarray(normals.reshape(len(ids), draws, *shape), dtype=np.float32)


@lru_cache(maxsize=4)
def _sobol(size: int, power: int) -> np.ndarray:
    """The first 2^power points of the Sobol sequence; (2^power, size).

    They are those of ``scipy.stats.qmc``, which takes a second to load.
    """
    points = np.asarray(SobolEngine(size).draw(2**power, dtype=torch.float64))  # type: ignore[no-untyped-call]
    points.setflags(write=False)
    return points
