"""Toys have the shapes and moments of their descriptions."""

from __future__ import annotations

import numpy as np
import pytest

from ancestry_ddvi.data.toys import NOISE, ROTATION, THICKNESS, TOYS

MANY = 40_000


def drawn(name: str, n: int = MANY, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    return TOYS[name](np.random.default_rng(seed), n)


@pytest.mark.parametrize("name", TOYS)
def test_the_same_generator_makes_the_same_points(name) -> None:
    (points, colour), (again, _) = drawn(name, 50), drawn(name, 50)
    assert np.array_equal(points, again)
    assert points.shape == (50, 3 if "-3d" in name or "-flat" in name or "curved" in name else 2)
    assert colour.shape == (50,)
    assert not np.array_equal(points, drawn(name, 50, seed=2)[0])


def test_half_of_the_circles_points_are_on_each_ring() -> None:
    points, angle = drawn("circles")
    radius = np.hypot(*points.T)
    assert np.abs(np.minimum(np.abs(radius - 1), np.abs(radius - 0.5))).max() < 6 * NOISE
    assert (radius > 0.75).mean() == pytest.approx(0.5, abs=0.01)
    along = np.arctan2(points[:, 1], points[:, 0])
    assert np.abs(np.exp(1j * along) - np.exp(1j * angle)).mean() < 0.1
    expected = np.eye(2) * ((1 + 0.25) / 4 + NOISE**2)
    assert np.cov(points.T) == pytest.approx(expected, abs=0.01)


def test_the_wave_is_a_sine_of_its_first_axis() -> None:
    points, x = drawn("sine")
    off = points - np.column_stack([x, 0.5 * np.sin(1.5 * np.pi * x)])
    assert off.std(axis=0) == pytest.approx([NOISE, NOISE], rel=0.02)
    assert points.var(axis=0) == pytest.approx(
        [1 / 3 + NOISE**2, 1 / 8 + NOISE**2], rel=0.03
    )  # sin^2 over a wave and a half has mean 1/2


def test_each_moon_is_half_a_ring_about_its_own_middle() -> None:
    points, angle = drawn("moons")
    for side in (1, -1):
        mine = points[np.sign(angle) == side]
        middle = -side * np.array([0.5, 0.25])
        assert np.hypot(*(mine - middle).T) == pytest.approx(1, abs=6 * NOISE)
        assert (side * (mine - middle)[:, 1]).min() > -6 * NOISE
    # halves of +-(cos a - 1/2, sin a - 1/4): E x^2 = 1/2 + 1/4, E y^2 = 1/2 - 1/pi + 1/16
    expected = np.array([0.75, 0.5 - 1 / np.pi + 1 / 16]) + NOISE**2
    assert np.square(points).mean(axis=0) == pytest.approx(expected, rel=0.02)


def test_the_s_is_two_three_quarter_rings_that_meet_at_the_origin() -> None:
    points, angle = drawn("s-curve")
    for side in (1, -1):
        mine = points[np.sign(angle) == side]
        assert np.hypot(*(mine - [0, -0.5 * side]).T) == pytest.approx(0.5, abs=6 * NOISE)
    assert np.hypot(*points[np.abs(angle) < 0.05].T).max() < 6 * NOISE
    assert points.mean(axis=0) == pytest.approx([0, 0], abs=0.01)


def test_the_roll_widens_evenly_in_a_turn_and_a_half() -> None:
    points, share = drawn("swiss-roll")
    assert np.hypot(*points.T) == pytest.approx(0.5 + share, abs=6 * NOISE)
    where = points[:, 0] + 1j * points[:, 1]
    assert np.abs(where / np.abs(where) - np.exp(3j * np.pi * share)).mean() < 0.1


def test_depth_is_even_and_apart_from_the_curve() -> None:
    points, _ = drawn("s-curve-3d")
    assert np.abs(points[:, 2]).max() <= 1
    assert points[:, 2].var() == pytest.approx(1 / 3, rel=0.02)
    assert np.abs(np.corrcoef(points.T)[2, :2]).max() < 0.02
    assert np.array_equal(points[:, :2], drawn("s-curve")[0])


def test_a_flat_toy_has_the_thickness_stated_and_keeps_its_shape() -> None:
    np.testing.assert_allclose(ROTATION @ ROTATION.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(ROTATION) == pytest.approx(1)
    points, _ = drawn("moons-flat")
    straight = points @ ROTATION
    assert straight[:, :2] == pytest.approx(drawn("moons")[0])
    assert straight[:, 2].std() == pytest.approx(THICKNESS, rel=0.02)
    assert np.abs(np.corrcoef(straight.T)[2, :2]).max() < 0.02


def test_a_curved_toy_is_a_sheet_that_no_plane_holds() -> None:
    points, _ = drawn("circles-curved")
    straight = points @ ROTATION
    assert (straight[:, 2] - 0.5 * straight[:, 0] ** 2).std() == pytest.approx(THICKNESS, rel=0.02)
    assert np.linalg.eigvalsh(np.cov(points.T))[0] > 4 * THICKNESS**2
