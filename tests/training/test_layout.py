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
    sharp = torch.eye(6).expand(60, -1, -1) * 1e4
    batch = Batch(torch.nn.functional.pad(plane, (0, 4)), sharp)
    assert agreement(plane, layout.layout(batch, 2)) > 0.9
    assert agreement(torch.nn.functional.pad(plane, (0, 2)), layout.layout(batch, 4)) > 0.9999


def test_distances_are_kept_better_than_by_the_leading_scores(monkeypatch) -> None:
    batch = clusters(120)
    true = torch.pdist(batch.x)

    def stress(places: torch.Tensor) -> float:
        found = torch.pdist(places)
        scale = found.sum() / (found.square() / true).sum()
        return float(((scale * found - true).square() / true).sum())

    monkeypatch.setattr(layout, "CROWDED", 1)
    assert stress(layout.layout(batch, 2)) < 0.5 * stress(batch.x[:, :2])


def test_neighbours_are_kept_better_than_by_the_stress_alone(monkeypatch) -> None:
    batch = clusters(400)
    ten = torch.cdist(batch.x, batch.x).topk(11, largest=False).indices[:, 1:]

    def kept(places: torch.Tensor) -> float:
        near = torch.cdist(places, places).topk(11, largest=False).indices[:, 1:]
        return float((near[:, :, None] == ten[:, None]).any(2).float().mean())

    both = kept(layout.layout(batch, 2))
    monkeypatch.setattr(layout, "CROWDED", 1)
    assert both > kept(layout.layout(batch, 2)) + 0.1


def test_every_row_counts_as_many_neighbours() -> None:
    x = clusters(300).x.double()
    share = layout._affinity(x, x, own=True)
    torch.testing.assert_close(share.sum(1), torch.ones(300))
    assert share.diagonal().max() == 0
    torch.testing.assert_close(
        torch.special.entr(share).sum(1).exp(), torch.full((300,), 15.0), rtol=0, atol=1e-3
    )


def test_the_slope_is_that_of_stress_and_divergence() -> None:
    known = torch.Generator().manual_seed(4)
    z = (10 * torch.randn(30, 2, dtype=torch.float64, generator=known)).requires_grad_()
    x = torch.randn(30, 5, dtype=torch.float64, generator=known)
    apart, off = torch.cdist(x, x), ~torch.eye(30, dtype=torch.bool)
    share = torch.softmax(-apart.square().masked_fill(~off, torch.inf), 1)
    joint = (share + share.T) / 2
    distance = apart.fill_diagonal_(1.0)
    between = (z[:, None] - z[None]).square().sum(-1)[off].sqrt()
    scale = (between.sum() / distance.sum()).detach()
    true = scale * distance[off]
    stress = ((between - true).square() / true).sum() / (scale * distance.sum())
    kernel = 1 / (1 + between.square())
    divergence = (
        torch.special.entr(joint / 30).sum().neg()
        - (joint[off] / 30 * (kernel / kernel.sum()).log()).sum()
    )
    (expected,) = torch.autograd.grad(30 * (stress + divergence), z)
    torch.testing.assert_close(layout._slope(z.detach(), distance, joint), expected)


def test_places_do_not_depend_on_the_order_of_rows() -> None:
    batch = clusters(80)
    order = torch.randperm(80)
    moved = layout.layout(batch[order], 2)
    torch.testing.assert_close(moved, layout.layout(batch, 2)[order], atol=1e-4, rtol=1e-4)


def test_nine_tenths_of_the_rows_have_the_places_of_all() -> None:
    batch, kept = clusters(200), torch.arange(200) % 10 != 3
    assert agreement(layout.layout(batch, 2)[kept], layout.layout(batch[kept], 2)) > 0.98


def test_rows_among_landmarks_are_where_all_rows_together_are(monkeypatch) -> None:
    batch = clusters(200)
    together = layout.layout(batch, 2)
    monkeypatch.setattr(layout, "MAX_LANDMARKS", 50)
    monkeypatch.setattr(layout, "ROWS_AT_ONCE", 64)
    assert agreement(together, layout.layout(batch, 2)) > 0.94


@pytest.mark.parametrize("dims", [1, 3, 8])
def test_any_number_of_axes_is_centred_and_of_unit_scale(dims) -> None:
    placed = layout.layout(clusters(50), dims)
    assert placed.shape == (50, dims)
    assert placed.mean(0).abs().max() < 1e-4
    assert placed.square().mean() == pytest.approx(1, abs=1e-4)


def test_duplicates_and_outliers_have_finite_places() -> None:
    batch = clusters(60)
    batch.x[:20] = batch.x[20]
    batch.x[30] *= 1e5
    assert torch.isfinite(layout.layout(batch, 2)).all()
    assert torch.isfinite(layout.layout(batch[torch.arange(18, 23)], 2)).all()


@pytest.mark.parametrize("count", [1, 2, 3])
def test_few_or_equal_rows_have_finite_places(count) -> None:
    batch = Batch(torch.ones(count, 3), torch.eye(3).expand(count, -1, -1))
    assert torch.isfinite(layout.layout(batch, 2)).all()
