"""Coverage of posterior intervals from a part of the data, and calibration of probabilities."""

from __future__ import annotations

from typing import Any

import numpy as np

LEVELS = (0.5, 0.8, 0.95)

BINS = 10
"""Of probabilities, where their calibration is judged."""


def nested_coverage(
    full: tuple[np.ndarray, np.ndarray],
    part: tuple[np.ndarray, np.ndarray],
    level: float,
) -> np.ndarray:
    """Share of the posterior given all variants in an interval of the posterior given a part.

    If both are right, p(z | part) is the mean of p(z | all) over the distribution of the other
    variants, so a draw from the second posterior is, on average over samples, a draw from the
    first. No shape of either posterior is assumed.

    Parameters
    ----------
    full, part : tuple of ndarray
        Draws (samples, draws, dims) and their weights (samples, draws), rows of which sum to 1.
    level : float
        Of the central interval, between 0 and 1.

    Returns
    -------
    ndarray, (samples, dims)
        Means over samples equal ``level`` if both posteriors are right.
    """
    z, weight = part
    order = np.argsort(z, axis=1)
    sorted_z = np.take_along_axis(z, order, axis=1)
    ordered = np.take_along_axis(np.broadcast_to(weight[..., None], z.shape), order, axis=1)
    below = np.cumsum(ordered, axis=1) - 0.5 * ordered
    samples, _, dims = z.shape
    inside = np.empty((samples, dims))
    for i in range(samples):
        for axis in range(dims):
            rank = np.interp(full[0][i, :, axis], sorted_z[i, :, axis], below[i, :, axis])
            within = np.abs(rank - 0.5) <= level / 2
            inside[i, axis] = full[1][i] @ within
    return inside


def calibration_error(chance: np.ndarray, right: np.ndarray, bins: int = BINS) -> float:
    """Expected calibration error of the most probable class (Guo et al. 2017, equation 3).

    Parameters
    ----------
    chance : ndarray, (samples, classes)
    right : ndarray of int, (samples,)
    bins : int
        Of equal width.
    """
    rows = reliability(chance, right, bins)
    gaps = (abs(row["probability"] - row["right"]) * row["samples"] for row in rows)
    return float(sum(gaps) / len(right))


def reliability(chance: np.ndarray, right: np.ndarray, bins: int = BINS) -> list[dict[str, Any]]:
    """How often the most probable class is right, by its probability.

    Parameters
    ----------
    chance : ndarray, (samples, classes)
    right : ndarray of int, (samples,)
    bins : int
        Of equal width.

    Returns
    -------
    list of dict
        For each bin that has samples ``samples``, the mean ``probability`` and the share that is
        ``right``; from the least probable to the most.
    """
    confidence = chance.max(axis=1)
    correct = chance.argmax(axis=1) == right
    part = np.minimum((confidence * bins).astype(int), bins - 1)
    return [
        {
            "samples": int((part == b).sum()),
            "probability": float(confidence[part == b].mean()),
            "right": float(correct[part == b].mean()),
        }
        for b in np.unique(part)
    ]
