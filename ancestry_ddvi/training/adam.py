"""Adam (Kingma & Ba 2015), by the function behind ``torch.optim.Adam``.

The class itself loads torch's compiler, which takes a second.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.optim.adam import adam


class Adam:
    """Parameters with their moments.

    Parameters
    ----------
    parameters : sequence of Parameter
        A step changes those that have a gradient.
    """

    def __init__(self, parameters: Sequence[nn.Parameter]) -> None:
        self.parameters = list(parameters)
        self._mean = [torch.zeros_like(p) for p in self.parameters]
        self._square = [torch.zeros_like(p) for p in self.parameters]
        self._steps = [torch.zeros((), device=p.device) for p in self.parameters]

    def forget(self) -> None:
        """Remove the gradients."""
        for parameter in self.parameters:
            parameter.grad = None

    @torch.no_grad()
    def step(self, rate: float) -> None:
        """Move against the gradients at this learning rate."""
        grads = [parameter.grad for parameter in self.parameters]
        columns = (grads, self.parameters, self._mean, self._square, self._steps)
        rows = [row for row in zip(*columns, strict=True) if row[0] is not None]
        grad, moved, mean, square, steps = (list[Tensor](c) for c in zip(*rows, strict=True))
        adam(
            moved, grad, mean, square, [], steps,
            fused=True, amsgrad=False, beta1=0.9, beta2=0.999, lr=rate, weight_decay=0.0,
            eps=1e-8, maximize=False,
        )  # fmt: skip
