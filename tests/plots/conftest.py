"""Cohorts for figures, and what is on a figure."""

from __future__ import annotations

import numpy as np
from matplotlib.collections import PathCollection

from ancestry_ddvi.plots.reference import GroupShapes, Reference

POPULATIONS = [f"P{i:02d}" for i in range(26)]


def cohort(samples=300, dims=2, names=tuple(POPULATIONS), seed=0):
    """Places, sd, labels and principal components of a simulated cohort."""
    rng = np.random.default_rng(seed)
    label = rng.integers(len(names), size=samples)
    coordinates = rng.normal(size=(len(names), dims))[label] + 0.1 * rng.normal(
        size=(samples, dims)
    )
    sd = rng.uniform(0.02, 0.1, size=(samples, dims))
    pcs = rng.normal(size=(samples, 3))
    return coordinates, sd, [names[i] for i in label], pcs


def drawn(axes):
    """Where all points of the axes are, as a sorted array."""
    points = [c.get_offsets() for c in axes.collections if isinstance(c, PathCollection)]
    points = np.concatenate(points)
    return points[np.lexsort(points.T)]


def by_position(points):
    return points[np.lexsort(points.T)]


def words(figure):
    return [text.get_text() for axes in figure.axes for text in axes.texts if text.get_text()]


PARENTS = {name: f"S{i % 5}" for i, name in enumerate(POPULATIONS)}


def reference(scores=None):
    """Normals of 26 groups on a circle of radius 3, and perhaps of their scores."""
    turn = np.linspace(0, 2 * np.pi, len(PARENTS), endpoint=False)
    mean = 3 * np.column_stack([np.cos(turn), np.sin(turn)])
    shapes = GroupShapes(mean, np.tile(0.01 * np.eye(2), (len(PARENTS), 1, 1)))
    return Reference(PARENTS, shapes, scores)
