"""The two records every model speaks in: a batch of data and a draw of latents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Batch:
    """What was observed of some people.

    Attributes
    ----------
    x : Tensor, (n, features)
        Estimates from the observed sites alone.
    precision : Tensor, (n, features, features)
        Inverse covariance of ``x`` about its expectation; it falls as sites go missing.
    """

    x: Tensor
    precision: Tensor

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, rows: Tensor | slice) -> Batch:
        return Batch(self.x[rows], self.precision[rows])

    def repeat(self, times: int) -> Batch:
        """Each person ``times`` in a row: (n * times, ...)."""
        return Batch(
            self.x.repeat_interleave(times, 0), self.precision.repeat_interleave(times, 0)
        )


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
