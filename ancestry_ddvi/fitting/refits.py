"""How far another fit of the same samples would move each of them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from ..data.scores import ScoreData
from ..errors import OutOfResources
from ..genotypes.projection.scores import Scores
from ..methods.method import Method, Recipe, Spec
from ..models.modalities import ComponentScores
from ..models.runtime import computing
from ..parallel import threads
from ..progress import SILENT, Progress
from ..seeding import stream
from ..workers import TaskFailed, beside
from .prepare import DIVISION_SEED, PreparedCohort, hold_out
from .train import training_data

log = logging.getLogger(__name__)

NEIGHBOURS = 20
"""Samples over which movements are averaged: a sample and those nearest to it on the map."""

DRAWS = 64

MAX_MOVED = 5_000
"""Samples that are embedded by a refit; others move as those nearest to them."""

MAX_SENT = 20_000
"""Samples whose scores are sent to another process; more take longer and much memory."""


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


@contextmanager
def redrawing(cohort: PreparedCohort) -> Iterator[Callable[[], Sequence[Method]]]:
    """Draw the map again, with other random numbers and other samples held out.

    Where there is a core to spare another process does it during the block, to the same bytes.

    Yields
    ------
    callable
        Waits for the methods that were fitted.
    """
    request, redraw = cohort.request, _Redraw.of(cohort)
    if not redraw.unfitted():
        yield lambda: ()
        return
    if threads() < 2 or request.device.type != "cpu" or len(redraw.scores) > MAX_SENT:
        yield lambda: redraw.methods(redraw(request.progress))
        return
    with beside(redraw) as states:

        def finished() -> Sequence[Method]:
            try:
                return redraw.methods(states())
            except (TaskFailed, OutOfResources):
                return redraw.methods(redraw(request.progress))

        yield finished


@dataclass(frozen=True)
class _Redraw:
    """What it takes to draw a map again."""

    recipe: Recipe
    scores: Scores
    scale: tuple[float, ...]
    dims: int
    classes: int
    seed: int
    device: str

    @classmethod
    def of(cls, cohort: PreparedCohort) -> _Redraw:
        """Of the samples in a fit."""
        options, classes = cohort.request.options, len(cohort.request.options.classes)
        recipe = options.recipe.settled(len(cohort.held_out), classes)
        scale = tuple(training_data(cohort).scale.double().tolist())
        device = str(cohort.request.device)
        return cls(recipe, cohort.fitted, scale, options.dims, classes, options.seed, device)

    def __call__(self, progress: Progress = SILENT) -> list[dict[str, np.ndarray]]:
        """The weights of each refit."""
        found = []
        for number, method in enumerate(self.unfitted(), 1):
            training = ~hold_out(len(self.scores), DIVISION_SEED + number)
            data = ScoreData(self.scores[training], torch.device(self.device))
            with computing(self.seed + number, 1), progress.stage("refit", method.steps) as advance:
                method.fit(data, advance)
            found.append(method.state())
        return found

    def methods(self, states: Sequence[Mapping[str, np.ndarray]]) -> Sequence[Method]:
        """The methods with these weights."""
        found = self.unfitted()
        for method, state in zip(found, states, strict=True):
            method.restore(state, torch.device(self.device))
        return found

    def unfitted(self) -> Sequence[Method]:
        """The methods before they are fitted; none where the recipe has no refits."""
        spec = Spec(ComponentScores(torch.tensor(self.scale)), self.dims, self.classes)
        with computing(self.seed + 1, 1):
            return self.recipe.refitted(spec, torch.device(self.device))


def movement(
    refits: Sequence[Method],
    coordinates: np.ndarray,
    in_fit: np.ndarray,
    data: Callable[[np.ndarray], ScoreData],
    ids: Sequence[str],
    seed: int,
) -> Movement:
    """How far refits move samples.

    Each refit is brought onto the map by the similarity transform of the samples in the fit. Half
    of the squared distance that is left is averaged over axes, refits, and neighbours, of which
    ``MAX_MOVED`` samples are drawn.

    Parameters
    ----------
    refits : sequence of Method
    coordinates : ndarray of float64, (samples, dims)
    in_fit : ndarray of bool, (samples,)
    data : callable
        From numbers of samples to their data.
    ids : sequence of str
    seed : int
    """
    if not refits:
        return Movement(np.full(len(coordinates), np.nan), ())
    some = np.sort(stream(seed, "moved").permutation(len(coordinates))[:MAX_MOVED])
    here, names = coordinates[some], [ids[i] for i in some]
    moved, explained = np.zeros(len(some)), []
    for method in refits:
        again = method.embed(data(some), names, draws=DRAWS, seed=seed).mean
        onto, r2 = brought_onto(here, again, in_fit[some])
        moved += ((onto - here) ** 2).mean(axis=1) / (2 * len(refits))
        explained.append(r2)
    found = Movement(np.sqrt(_smoothed(moved, here, coordinates)), tuple(explained))
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


def _smoothed(values: np.ndarray, places: np.ndarray, coordinates: np.ndarray) -> np.ndarray:
    """The mean of values over those nearest to each of some coordinates; (coordinates,)."""
    from scipy.spatial import KDTree

    count = min(NEIGHBOURS, len(values))
    _, nearest = KDTree(places).query(coordinates, k=range(1, count + 1))
    return np.asarray(values[nearest].mean(axis=1))
