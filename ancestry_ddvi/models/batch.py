"""A batch of data, and a draw of latents."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Batch:
    """Observed data of some rows: samples, or images.

    Attributes
    ----------
    x : Tensor, (n, features)
        Scores, estimated from the observed variants alone, or pixels.
    factor : Tensor, (n, features, features), optional
        For scores, the lower Cholesky factor of the precision of ``x`` about its expectation;
        the precision falls as variants go missing.
    label : Tensor of int64, (n,), optional
        Number of the class; -1 where it is not known. None where no row has one.
    """

    x: Tensor
    factor: Tensor | None = None
    label: Tensor | None = None

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, rows: Tensor | slice) -> Batch:
        return self._each(lambda field: field[rows])

    def repeat(self, times: int) -> Batch:
        """Each row ``times`` in a row: (n * times, ...)."""
        return self if times == 1 else self._each(lambda field: field.repeat_interleave(times, 0))

    def noise(self) -> Tensor:
        """Errors drawn with the precision of each row; (n, features)."""
        assert self.factor is not None
        normal = torch.randn_like(self.x)[..., None]
        error: Tensor = torch.linalg.solve_triangular(self.factor.mT, normal, upper=True)
        return error[..., 0]

    def _each(self, change: Callable[[Tensor], Tensor]) -> Batch:
        fields = (self.x, self.factor, self.label)
        return Batch(*(None if field is None else change(field) for field in fields))  # type: ignore[arg-type]


@dataclass(frozen=True)
class Draw:
    """Latents with the auxiliaries of their path.

    Attributes
    ----------
    z : Tensor, (n, d)
    path : tuple of Tensor
        Auxiliary latents y_1 .. y_T, each (n, d); empty where the posterior needs none.
    log_q : Tensor, (n,), or None
        log q(z, path | x) - log r(path | z), on this very path; None where q has no density.
    label : Tensor of int64, (n,), optional
        The class under which z was drawn, if the model has classes; its log probability is part
        of ``log_q``.
    """

    z: Tensor
    path: tuple[Tensor, ...]
    log_q: Tensor | None
    label: Tensor | None = None
