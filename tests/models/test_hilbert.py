"""Points along a Hilbert curve."""

from __future__ import annotations

import itertools

import pytest
import torch

from ancestry_ddvi.models import hilbert


@pytest.mark.parametrize("dims", [1, 2, 3, 4])
def test_the_curve_visits_every_cell_and_steps_to_a_neighbour(dims, monkeypatch) -> None:
    monkeypatch.setattr(hilbert, "BITS", 2)
    cells = torch.tensor(list(itertools.product(range(4), repeat=dims))).float()
    order = hilbert.hilbert_order(cells[torch.randperm(len(cells))])
    assert sorted(order.tolist()) == list(range(len(cells)))
    walked = cells[hilbert.hilbert_order(cells)]
    assert (walked.diff(dim=0).abs().sum(1) == 1).all()


def test_points_in_one_place_have_an_order_too() -> None:
    assert sorted(hilbert.hilbert_order(torch.zeros(3, 2)).tolist()) == [0, 1, 2]
