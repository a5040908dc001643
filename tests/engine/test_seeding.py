"""Randomness: one seed, a stream for each purpose, noise that belongs to a sample."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from ancestry_ddvi.inference.keyed_normals import keyed_normals
from ancestry_ddvi.seeding import stream

UNUSUAL = ["007", "7", "1e5", "NA", "nan", "Ørsted_Å", "a b", "😀", ""]


def test_a_stream_is_the_same_again_and_another_for_another_purpose() -> None:
    first = stream(1, "held out").random(5)
    assert np.array_equal(first, stream(1, "held out").random(5))
    assert not np.array_equal(first, stream(2, "held out").random(5))
    assert not np.array_equal(first, stream(1, "components").random(5))


def test_noise_depends_on_the_id_the_seed_and_the_draws_alone() -> None:
    everyone = keyed_normals(UNUSUAL, 16, (3, 2), 9)
    assert everyone.shape == (len(UNUSUAL), 16, 3, 2)
    assert everyone.dtype == np.float32
    for i, sample in enumerate(UNUSUAL):
        assert np.array_equal(keyed_normals([sample], 16, (3, 2), 9)[0], everyone[i])
    assert np.array_equal(keyed_normals(UNUSUAL[::-1], 16, (3, 2), 9), everyone[::-1])
    assert not np.array_equal(keyed_normals(UNUSUAL, 16, (3, 2), 10), everyone)


def test_ids_that_look_alike_get_noise_of_their_own() -> None:
    firsts = keyed_normals(UNUSUAL, 4, (1, 1), 9)[:, 0, 0, 0]
    assert len(set(firsts.tolist())) == len(UNUSUAL)


@pytest.mark.statistical
def test_each_draw_by_itself_is_standard_normal_in_every_coordinate() -> None:
    ids = [f"p{i}" for i in range(4000)]
    normals = keyed_normals(ids, 3, (2, 2), 1).reshape(4000, -1)
    for column in normals.T:
        assert stats.kstest(column, "norm").pvalue > 0.001
    for draw in normals.reshape(4000, 3, 4).swapaxes(0, 1):
        np.testing.assert_allclose(np.corrcoef(draw.T), np.eye(4), atol=0.07)


@pytest.mark.statistical
@pytest.mark.parametrize("draws", [64, 100, 256])
def test_means_over_the_draws_of_one_sample_carry_less_chance_than_independent_ones(
    draws: int,
) -> None:
    normals = keyed_normals([f"p{i}" for i in range(200)], draws, (6, 2), 1)
    assert normals.mean(axis=1).std() < 0.5 / np.sqrt(draws)
    assert normals.std(axis=1).mean() == pytest.approx(1, abs=0.05)
    assert np.isfinite(normals).all()


@pytest.mark.parametrize("size", [1, 6, 300])
def test_points_are_those_of_another_library(size: int) -> None:
    """A shift of the Sobol set of SciPy, the same for all draws of a sample."""
    uniform = stats.norm.cdf(keyed_normals(["a"], 16, (size,), 3)[0].astype(float))
    apart = (uniform - stats.qmc.Sobol(size, scramble=False).random_base2(4)) % 1
    turned = np.abs(apart - apart[0])
    assert np.minimum(turned, 1 - turned).max() < 1e-6


def test_one_draw_is_a_draw() -> None:
    assert np.isfinite(keyed_normals(["a"], 1, (2, 1), 0)).all()
