"""Principal axes of any rows: what a flow's directions are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True)
class Axes:
    """Leading principal axes of a sample.

    Attributes
    ----------
    centre : ndarray, (features,)
    directions : ndarray, (features, dims)
        Unit vectors; the largest entry of each is positive.
    variances : ndarray, (features,)
        Along all axes, largest first.
    """

    centre: np.ndarray
    directions: np.ndarray
    variances: np.ndarray

    @classmethod
    def of(cls, rows: np.ndarray, share: float = 1.0, most: int | None = None) -> Axes:
        """As many axes as hold a share of the variance of rows (n, features), ``most`` at most."""
        variances, directions = np.linalg.eigh(np.cov(rows, rowvar=False))
        variances, directions = variances[::-1].clip(0), directions[:, ::-1]
        held = np.cumsum(variances) / variances.sum()
        dims = min(int((held < share).sum()) + 1, len(variances), most or len(variances))
        leading = directions[:, :dims]
        largest = np.abs(leading).argmax(axis=0)
        return cls(rows.mean(axis=0), leading * np.sign(leading[largest, range(dims)]), variances)

    @property
    def dims(self) -> int:
        """How many axes there are."""
        return len(self.directions.T)

    def along(self, rows: np.ndarray, device: torch.device) -> Tensor:
        """Rows (n, features) along the axes; (n, dims)."""
        found = (rows - self.centre) @ self.directions
        return torch.tensor(found, dtype=torch.float32, device=device)

    def back(self, along: Tensor) -> np.ndarray:
        """The rows (n, features) that lie so along the axes."""
        placed: np.ndarray = along.double().cpu().numpy() @ self.directions.T + self.centre
        return placed
