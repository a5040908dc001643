"""Adam by the function behind the class of torch."""

from __future__ import annotations

import torch
from torch import nn

from ancestry_ddvi.training.adam import Adam


def test_steps_are_those_of_the_class_bit_for_bit() -> None:
    generator = torch.Generator().manual_seed(1)
    start = [torch.randn(5, 3, generator=generator) for _ in range(3)]
    ours, theirs = ([nn.Parameter(t.clone()) for t in start] for _ in range(2))
    mine, other = Adam(ours), torch.optim.Adam(theirs, fused=True)
    for step in range(20):
        for parameters, forget in ((ours, mine.forget), (theirs, other.zero_grad)):
            forget()
            sum(p.pow(3).sum() + p.abs().sum() for p in parameters[: 1 + step % 3]).backward()
        other.param_groups[0]["lr"] = 0.01 * (step + 1)
        mine.step(0.01 * (step + 1))
        other.step()
    assert all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))
