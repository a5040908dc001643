"""The two records every model speaks in: a batch of data and a draw of latents."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Batch:
    """What was observed of some people.

    Attributes
    ----------
    x : Tensor, (n, features)
        Estimates from the observed sites alone.
    factor : Tensor, (n, features, features)
        Lower Cholesky factor of the precision of ``x`` about its expectation; the precision
        falls as sites go missing.
    """

    x: Tensor
    factor: Tensor

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, rows: Tensor | slice) -> Batch:
        return Batch(self.x[rows], self.factor[rows])

    def repeat(self, times: int) -> Batch:
        """Each person ``times`` in a row: (n * times, ...)."""
        return Batch(self.x.repeat_interleave(times, 0), self.factor.repeat_interleave(times, 0))

    def noise(self) -> Tensor:
        """Errors drawn with the precision of each row; (n, features)."""
        normal = torch.randn_like(self.x)[..., None]
        error: Tensor = torch.linalg.solve_triangular(self.factor.mT, normal, upper=True)
        return error[..., 0]


@dataclass(frozen=True)
class Draw:
    """Latents with the auxiliaries of their path.

    Attributes
    ----------
    z : Tensor, (n, d)
    path : tuple of Tensor
        Auxiliary latents y_1 .. y_T, each (n, d); empty where the posterior needs none.
    log_q : Tensor, (n,)
        log q(z, path | x) - log r(path | z), on this very path.
    """

    z: Tensor
    path: tuple[Tensor, ...]
    log_q: Tensor
