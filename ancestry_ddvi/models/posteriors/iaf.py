"""A posterior bent by inverse autoregressive flows."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..batch import Draw
from ..nets import zero_init
from .base import DensityPosterior
from .gaussian import Gaussian


class Step(nn.Module):
    """z_j -> z_j exp(s_j) + t_j, where s_j and t_j see the coordinates before j and the context.

    One small network serves all coordinates: it is shown the others masked, which coordinate is
    meant, and the whole context. So the first in the order depends on the context too, also with
    one or two dimensions, where the hidden degrees of a masked network (MADE) leave none for it.

    Parameters
    ----------
    dims, context, width : int
    backwards : bool
        Whether the order of coordinates is reversed.
    """

    before: Tensor

    def __init__(self, dims: int, context: int, width: int, backwards: bool) -> None:
        super().__init__()
        earlier = torch.ones(dims, dims).tril(-1)
        self.register_buffer("before", earlier.mT if backwards else earlier, persistent=False)
        self.order = list(range(dims))[:: -1 if backwards else 1]
        self.state_layer = nn.Linear(dims, width)
        self.context_layer = nn.Linear(context, width)
        self.which = nn.Parameter(torch.randn(dims, width))
        self.middle = nn.Linear(width, width)
        self.head = zero_init(nn.Linear(width, 2))

    def change(self, z: Tensor, context: Tensor) -> tuple[Tensor, Tensor]:
        """Log scale s and shift t of every coordinate, each (n, dims)."""
        masked = z[:, None, :] * self.before
        hidden = functional.silu(
            self.state_layer(masked) + self.context_layer(context)[:, None] + self.which
        )
        hidden = functional.silu(hidden + self.middle(hidden))
        raw, shift = self.head(hidden).unbind(-1)
        return 2 * torch.tanh(raw / 2), shift

    def forward(self, z: Tensor, context: Tensor) -> tuple[Tensor, Tensor]:
        """The bent z, (n, dims), and the log determinant of the Jacobian, (n,)."""
        log_scale, shift = self.change(z, context)
        return z * log_scale.exp() + shift, log_scale.sum(-1)

    def inverse(self, bent: Tensor, context: Tensor) -> tuple[Tensor, Tensor]:
        """Back to z, one coordinate after another, with the same log determinant."""
        z = torch.zeros_like(bent)
        for j in self.order:
            log_scale, shift = self.change(z, context)
            column = (bent[:, j] - shift[:, j]) * (-log_scale[:, j]).exp()
            z = z.index_copy(1, torch.tensor([j], device=z.device), column[:, None])
        return z, self.change(z, context)[0].sum(-1)


class IAF(DensityPosterior):
    """A diagonal Gaussian bent by autoregressive steps (Kingma et al. 2016).

    Starts as the Gaussian itself: every step begins as the identity.

    Parameters
    ----------
    base : Gaussian
    context, width : int
        Width of the context, and of the hidden layers of each step.
    flows : int
        Number of steps; the order of coordinates is reversed at every other.
    """

    def __init__(self, base: Gaussian, context: int, width: int = 64, flows: int = 4) -> None:
        super().__init__()
        self.base = base
        self.noise_shape = base.noise_shape
        dims = base.noise_shape[1]
        self.steps = nn.ModuleList(Step(dims, context, width, bool(k % 2)) for k in range(flows))

    def rsample(self, context: Tensor, noise: Tensor) -> Draw:
        """A draw of the Gaussian, bent; ``noise`` is (n, 1, dims)."""
        draw = self.base.rsample(context, noise)
        z, log_q = draw.z, draw.log_q
        assert log_q is not None
        for step in self.steps:
            z, stretch = step(z, context)
            log_q = log_q - stretch
        return Draw(z, (), log_q)

    def log_q(self, z: Tensor, path: tuple[Tensor, ...], context: Tensor) -> Tensor:
        """Log density of z, by undoing the steps; (n,)."""
        stretched = z.new_zeros(len(z))
        for step in reversed(self.steps):
            assert isinstance(step, Step)
            z, stretch = step.inverse(z, context)
            stretched = stretched + stretch
        return self.base.log_q(z, path, context) - stretched

    def complete(self, z: Tensor) -> tuple[Tensor, ...]:
        """No auxiliaries, so nothing to add."""
        del z
        return ()
