"""How far another fit of the same samples would move each of them."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from ..data.scores import ScoreData
from ..methods.method import Method, Spec
from ..models.modalities import ComponentScores
from .prepare import hold_out
from .train import TrainedFit

log = logging.getLogger(__name__)

NEIGHBOURS = 20
"""Samples over which movements are averaged: a sample and those nearest to it on the map."""

DRAWS = 64


@dataclass(frozen=True)
class Movement:
    """What refits say of a map.

    Attributes
    ----------
    sd : ndarray of float64, (samples,)
        Standard deviation of a coordinate between fits; NaN where nothing was fitted again.
    r2 : tuple of float
        Variance of the map that each refit explains, after the best similarity transform.
    """

    sd: np.ndarray
    r2: tuple[float, ...]

    def as_json(self) -> dict[str, Any] | None:
        """Plain values: number of refits, least variance explained, median movement."""
        if not self.r2:
            return None
        return {
            "refits": len(self.r2),
            "r2": min(self.r2),
            "map_sd": float(np.median(self.sd)),
        }


def refit(trained: TrainedFit) -> Sequence[Method]:
    """The map drawn again, with other random numbers and other samples held out."""
    cohort = trained.cohort
    request = cohort.request
    options = request.options
    spec = Spec(ComponentScores(torch.tensor(trained.scale)), options.dims, len(options.classes))
    refits = trained.recipe.refitted(spec, request.device)
    for number, method in enumerate(refits, 1):
        training = ~hold_out(len(cohort.held_out), options.seed + number)
        data = ScoreData(cohort.fitted[training], request.device)
        with request.progress.stage("refit", method.steps) as advance:
            method.fit(data, advance)
    request.clock.lap("refits")
    return refits


def movement(
    refits: Sequence[Method],
    coordinates: np.ndarray,
    in_fit: np.ndarray,
    data: ScoreData,
    ids: Sequence[str],
    seed: int,
) -> Movement:
    """How far refits move samples.

    Each refit is brought onto the map by the similarity transform of the samples in the fit. Half
    of the squared distance that is left is averaged over axes, refits, and neighbours.

    Parameters
    ----------
    refits : sequence of Method
    coordinates : ndarray of float64, (samples, dims)
    in_fit : ndarray of bool, (samples,)
    data : ScoreData
        Of the same samples.
    ids : sequence of str
    seed : int
    """
    if not refits:
        return Movement(np.full(len(coordinates), np.nan), ())
    moved, explained = np.zeros(len(coordinates)), []
    for method in refits:
        again = method.embed(data, ids, draws=DRAWS, seed=seed).mean
        onto, r2 = brought_onto(coordinates, again, in_fit)
        moved += ((onto - coordinates) ** 2).mean(axis=1) / (2 * len(refits))
        explained.append(r2)
    found = Movement(np.sqrt(_smoothed(moved, coordinates)), tuple(explained))
    log.info("A refit explains %.3f of the map; it moves samples by %.3f (median of map_sd).",
             min(explained), np.median(found.sd))  # fmt: skip
    return found


def brought_onto(
    target: np.ndarray, moving: np.ndarray, judged: np.ndarray
) -> tuple[np.ndarray, float]:
    """A map after the best rotation or reflection, scale and shift onto another (Procrustes).

    Parameters
    ----------
    target, moving : ndarray, (samples, dims)
    judged : ndarray of bool, (samples,)
        Samples that decide the transform.

    Returns
    -------
    ndarray, (samples, dims)
    float
        Share of the variance of the target that is explained, among the judged samples.
    """
    centre, other = target[judged].mean(axis=0), moving[judged].mean(axis=0)
    x, y = target[judged] - centre, moving[judged] - other
    u, s, vt = np.linalg.svd(y.T @ x)
    squares = (x**2).sum(), (y**2).sum()
    transformed = (moving - other) @ (u @ vt) * (s.sum() / squares[1]) + centre
    return transformed, float(s.sum() ** 2 / (squares[0] * squares[1]))


def _smoothed(values: np.ndarray, coordinates: np.ndarray) -> np.ndarray:
    """The mean over each sample and its neighbours; (samples,)."""
    from scipy.spatial import KDTree

    count = min(NEIGHBOURS, len(values))
    _, nearest = KDTree(coordinates).query(coordinates, k=range(1, count + 1))
    return np.asarray(values[nearest].mean(axis=1))
