"""What figures of one model show at least, so that two of them can be laid side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import ceil, floor

import numpy as np

from ..artefacts.coordinates import Coordinates
from ..artefacts.flags import unlike_panel
from .reference import REACH, GroupShapes, Reference

Limits = Mapping[str, tuple[float, float]]
"""The lowest and the highest value of each axis, by its name: Z1, PC1."""

STEPS = 50
"""Limits are rounded outwards to so many parts of their range: they are those of no sample."""


def limits_of_samples(
    coordinates: Coordinates, scores: np.ndarray
) -> dict[str, tuple[float, float]]:
    """What the figure of a fit shows of each axis: samples with their intervals.

    Parameters
    ----------
    coordinates : Coordinates
    scores : ndarray, (samples, components)
    """
    unlike = unlike_panel(coordinates.flag)[:, None]
    half = np.nan_to_num(np.where(unlike, 0.0, coordinates.sd))
    ends = np.stack([coordinates.mean - half, coordinates.mean + half])
    found = {
        **_named("Z", ends.min(axis=(0, 1)), ends.max(axis=(0, 1))),
        **_named("PC", scores.min(axis=0), scores.max(axis=0)),
    }
    return {name: _rounded(*pair) for name, pair in found.items()}


def limits_with(limits: Limits, reference: Reference | None) -> dict[str, tuple[float, float]]:
    """The limits with the groups of the model within them; none where none are known."""
    if not limits or reference is None:
        return dict(limits)
    boxes = dict(_box("Z", reference.coordinates))
    if reference.scores:
        boxes |= dict(_box("PC", reference.scores))
    return {
        name: (min(low, boxes[name][0]), max(high, boxes[name][1]))
        if name in boxes
        else (low, high)
        for name, (low, high) in limits.items()
    }


def frame_of(limits: Limits, names: Sequence[str]) -> np.ndarray | None:
    """Lower and upper corner of some axes; (2, axes). None where a limit is not known."""
    if not all(name in limits for name in names):
        return None
    return np.array([limits[name] for name in names]).T


def _box(kind: str, shapes: GroupShapes) -> Iterator[tuple[str, tuple[float, float]]]:
    """Of the ellipses of groups on each axis."""
    half = REACH * np.sqrt(np.diagonal(shapes.covariance, axis1=1, axis2=2))
    low, high = (shapes.mean - half).min(axis=0), (shapes.mean + half).max(axis=0)
    yield from _named(kind, low, high).items()


def _named(kind: str, low: np.ndarray, high: np.ndarray) -> dict[str, tuple[float, float]]:
    pairs = zip(low.tolist(), high.tolist(), strict=True)
    return {f"{kind}{k}": pair for k, pair in enumerate(pairs, 1)}


def _rounded(low: float, high: float) -> tuple[float, float]:
    """The limits on a grid, whose step has one digit, outside of what they were."""
    rough = max(high - low, 1e-6) / STEPS
    step = 10.0 ** floor(np.log10(rough))
    step *= next(factor for factor in (1, 2, 5, 10) if factor * step >= rough)
    return float(f"{step * floor(low / step):.6g}"), float(f"{step * ceil(high / step):.6g}")
