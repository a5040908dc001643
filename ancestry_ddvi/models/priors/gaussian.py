"""The standard normal prior."""

from __future__ import annotations

import torch
from torch import Tensor

from ..normal import log_normal
from .base import Prior, even_normals


class StandardNormal(Prior):
    """p(z) = N(0, I) in ``dims`` dimensions."""

    isotropic = True

    centre: Tensor

    def __init__(self, dims: int) -> None:
        super().__init__()
        self.register_buffer("centre", torch.zeros(dims), persistent=False)

    def sample(self, n: int, label: Tensor | None = None) -> Tensor:
        """Draw (n, dims) latents."""
        del label
        return self.centre.new_empty(n, len(self.centre)).normal_()

    def spread(self, n: int) -> Tensor:
        """Evenly spread latents, (n, d)."""
        return even_normals(n, len(self.centre)).to(self.centre)

    def log_prob(self, z: Tensor, label: Tensor | None = None) -> Tensor:
        """Log density of each row; (n,)."""
        del label
        return log_normal(z, 0.0, 0.0)


def make_normal(dims: int, classes: int, parameter: float) -> StandardNormal:
    """The prior "normal"; it has neither classes nor a parameter."""
    del classes, parameter
    return StandardNormal(dims)
