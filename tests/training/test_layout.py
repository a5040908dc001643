"""The layout from which a map starts: it keeps distances and needs no random number."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ancestry_ddvi.fitting.refits import brought_onto
from ancestry_ddvi.models.batch import Batch
from ancestry_ddvi.training import layout


def clusters(n: int, features: int = 6, noise: float = 0.3) -> Batch:
    """Samples of five groups, with noise of this standard deviation."""
    rng = np.random.default_rng(0)
    centres = 10 * rng.normal(size=(5, features)) / np.arange(1, features + 1)
    x = centres[rng.integers(0, 5, n)] + rng.normal(size=(n, features))
    x -= x.mean(0)
    factor = torch.eye(features).expand(n, -1, -1) / noise
    return Batch(torch.tensor(x, dtype=torch.float32), factor)


def agreement(one: torch.Tensor, other: torch.Tensor) -> float:
    """Variance explained after a similarity transform."""
    everyone = np.ones(len(one), dtype=bool)
    return brought_onto(one.double().numpy(), other.double().numpy(), everyone)[1]


def test_points_of_a_plane_keep_their_distances() -> None:
    plane = torch.randn(60, 2, generator=torch.Generator().manual_seed(1)) * torch.tensor([5.0, 3])
    sharp = torch.eye(4).expand(60, -1, -1) * 1e4
    placed = layout.layout(Batch(torch.nn.functional.pad(plane, (0, 2)), sharp), 2)
    assert agreement(plane, placed) > 0.9999


def test_distances_are_kept_better_than_by_the_leading_scores() -> None:
    batch = clusters(120)
    true = torch.pdist(batch.x)

    def stress(places: torch.Tensor) -> float:
        found = torch.pdist(places)
        scale = found.sum() / (found.square() / true).sum()
        return float(((scale * found - true).square() / true).sum())

    assert stress(layout.layout(batch, 2)) < 0.5 * stress(batch.x[:, :2])


def test_places_do_not_depend_on_the_order_of_rows() -> None:
    batch = clusters(80)
    order = torch.randperm(80)
    moved = layout.layout(batch[order], 2)
    torch.testing.assert_close(moved, layout.layout(batch, 2)[order], atol=1e-4, rtol=1e-4)


def test_nine_tenths_of_the_rows_have_the_places_of_all() -> None:
    batch, kept = clusters(200), torch.arange(200) % 10 != 3
    assert agreement(layout.layout(batch, 2)[kept], layout.layout(batch[kept], 2)) > 0.99


def test_rows_among_landmarks_are_where_all_rows_together_are(monkeypatch) -> None:
    batch = clusters(200)
    together = layout.layout(batch, 2)
    monkeypatch.setattr(layout, "MAX_LANDMARKS", 50)
    monkeypatch.setattr(layout, "ROWS_AT_ONCE", 64)
    assert agreement(together, layout.layout(batch, 2)) > 0.98


@pytest.mark.parametrize("dims", [1, 3, 8])
def test_any_number_of_axes_is_centred_and_of_unit_scale(dims) -> None:
    placed = layout.layout(clusters(50), dims)
    assert placed.shape == (50, dims)
    assert placed.mean(0).abs().max() < 1e-4
    assert placed.square().mean() == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_few_or_equal_rows_have_finite_places(count) -> None:
    batch = Batch(torch.ones(count, 3), torch.eye(3).expand(count, -1, -1))
    assert torch.isfinite(layout.layout(batch, 2)).all()
