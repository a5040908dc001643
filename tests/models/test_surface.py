"""The surface through points at their places."""

from __future__ import annotations

import pytest
import torch

from ancestry_ddvi.models.surface import MAX_ROWS, MIN_ROWS, Surface


def bent(places: torch.Tensor) -> torch.Tensor:
    """Three heights with a bend, a fold and a step."""
    x, y = places.T
    return torch.stack([x.square() - y, (3 * x).sin() + y, torch.tanh(5 * (x - y))], 1)


def at(surface: Surface, fitted, z: torch.Tensor) -> torch.Tensor:
    return fitted.constant + z @ fitted.slope.mT + surface(z)


def test_a_surface_is_zero_until_it_is_fitted() -> None:
    assert not Surface(2, 3)(torch.randn(10, 2)).any()


def test_a_bent_surface_is_found_from_noisy_points_in_one_step() -> None:
    torch.manual_seed(0)
    places, new = 4 * torch.rand(1500, 2) - 2, 3.6 * torch.rand(300, 2) - 1.8
    surface = Surface(2, 3)
    fitted = surface.fit(places, bent(places) + 0.1 * torch.randn(1500, 3), sd=0.0)
    assert (at(surface, fitted, new) - bent(new)).square().mean().sqrt() < 0.06


def test_a_linear_map_needs_no_surface() -> None:
    places = torch.randn(400, 2)
    slope = torch.tensor([[1.0, -2.0], [0.5, 3.0]])
    surface = Surface(2, 2)
    fitted = surface.fit(places, places @ slope.mT + 4, sd=0.0)
    torch.testing.assert_close(fitted.slope, slope, atol=0.01, rtol=0.01)
    torch.testing.assert_close(surface(places), torch.zeros(400, 2), atol=0.02, rtol=0)


def test_the_surface_is_that_of_least_error_over_latents_about_their_places() -> None:
    """For normal places and latents no map has a smaller error than sd^2 / (1 + sd^2)."""
    torch.manual_seed(0)
    places, sd = torch.randn(20_000, 3), 0.5
    surface = Surface(3, 1)
    fitted = surface.fit(places, places[:, :1], sd)
    latents = places + sd * torch.randn_like(places)
    left = (at(surface, fitted, latents) - places[:, :1]).square().mean()
    assert left == pytest.approx(sd**2 / (1 + sd**2), rel=0.03)


def test_the_same_points_give_the_same_surface_whatever_the_seed() -> None:
    places = torch.randn(300, 2)
    found = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        surface = Surface(2, 3)
        surface.fit(places, bent(places), sd=0.07)
        found.append(surface(places))
    torch.testing.assert_close(*found, rtol=0, atol=0)


def test_beyond_all_places_the_surface_is_linear() -> None:
    places = torch.randn(300, 2)
    surface = Surface(2, 3)
    surface.fit(places, bent(places), sd=0.07)
    steps = torch.linspace(100, 200, 5)[:, None] * torch.tensor([0.6, 0.8])
    rises = surface(steps).diff(dim=0)
    assert rises.abs().max() > 0.1
    torch.testing.assert_close(rises[1:], rises[:-1], rtol=0.02, atol=0.02)


@pytest.mark.parametrize("n", [1, 2, 4, 30, 400])
def test_few_or_equal_places_give_a_finite_surface(n: int) -> None:
    for places in (torch.randn(n, 2), torch.ones(n, 2)):
        surface = Surface(2, 3)
        fitted = surface.fit(places, torch.randn(n, 3), sd=0.07)
        assert at(surface, fitted, torch.randn(5, 2)).isfinite().all()


def test_rows_beyond_the_most_that_are_fitted_have_a_share_in_it() -> None:
    places = torch.linspace(-1, 1, 2 * MAX_ROWS + 7)[:, None]
    surface = Surface(1, 1)
    fitted = surface.fit(places, places.square(), sd=0.0)
    torch.testing.assert_close(at(surface, fitted, places), places.square(), atol=0.01, rtol=0)


def test_many_dimensions_have_no_kernels() -> None:
    places = torch.randn(300, 8)
    surface = Surface(8, 2)
    fitted = surface.fit(places, places[:, :2], sd=0.07)
    assert len(surface.centre) == 0
    torch.testing.assert_close(at(surface, fitted, places), places[:, :2], atol=0.05, rtol=0.05)


def test_a_row_alone_has_the_bits_it_has_among_others() -> None:
    torch.manual_seed(0)
    places = torch.randn(1200, 2)
    surface = Surface(2, 3)
    surface.fit(places, bent(places), sd=0.07)
    among = surface(places)[17:18]
    assert torch.equal(surface(places[17:18].repeat(len(places), 1))[:1], among)
    assert torch.equal(surface(places.flip(0)).flip(0)[17:18], among)


def test_every_kernel_is_centred_on_the_mean_of_several_places() -> None:
    """A centre that were a place would tell where a sample of the panel lies."""
    torch.manual_seed(0)
    places = torch.cat([torch.randn(900, 2), 4 + 3 * torch.rand(40, 2)])
    surface = Surface(2, 3)
    surface.fit(places, bent(places), sd=0.07)
    centre = surface.centre[surface.weight.any(1)].double()
    nearest = torch.cdist(places.double(), centre).argmin(1)
    assert nearest.bincount(minlength=len(centre)).min() > 1
    assert torch.cdist(centre, places.double()).min() > 1e-4
    assert 60 < len(centre) <= 940 // MIN_ROWS


def test_equal_places_share_one_kernel() -> None:
    places = torch.randn(50, 2).repeat(20, 1)
    surface = Surface(2, 3)
    surface.fit(places, bent(places), sd=0.0)
    assert int(surface.weight.any(1).sum()) == 50
