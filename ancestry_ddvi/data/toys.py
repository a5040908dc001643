"""Toy data: points on curves in the plane, and on surfaces in space."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.random import Generator

NOISE = 0.05
"""Standard deviation of points about their curve, along each axis."""

THICKNESS = 0.05
"""Standard deviation of points about their surface in space."""

ROTATION = np.array([[2.0, -1.0, 2.0], [2.0, 2.0, -1.0], [-1.0, 2.0, 2.0]]) / 3
"""A rotation by 60 degrees about (1, 1, 1), so that no surface is parallel to an axis."""

Toy = Callable[[Generator, int], tuple[np.ndarray, np.ndarray]]
"""From a number n to points, (n, dims), and their positions along the curve, (n,), as colours."""


def circles(rng: Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Two rings about the origin, of radius 1 and 1/2, half of the points on each."""
    angle = rng.uniform(0, 2 * np.pi, n)
    radius = 1 - 0.5 * rng.integers(0, 2, n)
    return _noised(rng, radius * np.cos(angle), radius * np.sin(angle)), angle


def sine(rng: Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """A wave and a half: y = sin(3 pi x / 2), x from -1 to 1, half as high."""
    x = rng.uniform(-1, 1, n)
    return _noised(rng, x, 0.5 * np.sin(1.5 * np.pi * x)), x


def moons(rng: Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Two half rings of radius 1, each with an end between the ends of the other."""
    angle = rng.uniform(0, np.pi, n)
    side = 1 - 2 * rng.integers(0, 2, n)
    x, y = np.cos(angle) - 0.5, np.sin(angle) - 0.25
    return _noised(rng, side * x, side * y), side * angle


def s_curve(rng: Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """An S of two three-quarter rings of radius 1/2 that meet at the origin."""
    angle = rng.uniform(-1.5 * np.pi, 1.5 * np.pi, n)
    x, y = 0.5 * np.sin(angle), 0.5 * np.sign(angle) * (np.cos(angle) - 1)
    return _noised(rng, x, y), angle


def swiss_roll(rng: Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """A spiral whose radius grows evenly from 1/2 to 3/2 in one turn and a half."""
    share = rng.uniform(0, 1, n)
    radius, angle = 0.5 + share, 3 * np.pi * share
    return _noised(rng, radius * np.cos(angle), radius * np.sin(angle)), share


def _noised(rng: Generator, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.column_stack([x, y]) + NOISE * rng.normal(size=(len(x), 2))


def deep(toy: Toy) -> Toy:
    """The toy extended along a third axis, uniformly from -1 to 1."""

    def sample(rng: Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
        points, colour = toy(rng, n)
        return np.column_stack([points, rng.uniform(-1, 1, n)]), colour

    return sample


def flat(toy: Toy) -> Toy:
    """The toy on a plane in space, ``THICKNESS`` thick, and rotated."""

    def sample(rng: Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
        points, colour = toy(rng, n)
        return np.column_stack([points, THICKNESS * rng.normal(size=n)]) @ ROTATION.T, colour

    return sample


def curved(toy: Toy) -> Toy:
    """The toy on a sheet in space, bent to half a square of the first axis, and rotated."""

    def sample(rng: Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
        points, colour = toy(rng, n)
        height = 0.5 * points[:, 0] ** 2 + THICKNESS * rng.normal(size=n)
        return np.column_stack([points, height]) @ ROTATION.T, colour

    return sample


TOYS: dict[str, Toy] = {
    "circles": circles,
    "sine": sine,
    "moons": moons,
    "s-curve": s_curve,
    "swiss-roll": swiss_roll,
    "circles-flat": flat(circles),
    "circles-curved": curved(circles),
    "moons-flat": flat(moons),
    "moons-curved": curved(moons),
    "s-curve-3d": deep(s_curve),
    "swiss-roll-3d": deep(swiss_roll),
}
