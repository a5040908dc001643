"""Principal axes of rows, the directions of a flow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True)
class Axes:
    """Leading principal axes of rows.

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
        """As many axes as hold a share of the variance of rows (n, features), at most ``most``."""
        variances, directions = np.linalg.eigh(np.cov(rows, rowvar=False))
        variances, directions = variances[::-1].clip(0), directions[:, ::-1]
        cumulative = np.cumsum(variances) / variances.sum()
        dims = min(int((cumulative < share).sum()) + 1, len(variances), most or len(variances))
        leading = directions[:, :dims]
        largest = np.abs(leading).argmax(axis=0)
        return cls(rows.mean(axis=0), leading * np.sign(leading[largest, range(dims)]), variances)

    @property
    def dims(self) -> int:
        """Number of axes."""
        return len(self.directions.T)

    def along(self, rows: np.ndarray, device: torch.device) -> Tensor:
        """Projections of rows (n, features) on the axes; (n, dims)."""
        projected = (rows - self.centre) @ self.directions
        return torch.tensor(projected, dtype=torch.float32, device=device)

    def back(self, along: Tensor) -> np.ndarray:
        """The rows (n, features) with these projections, (n, dims)."""
        rows: np.ndarray = along.double().cpu().numpy() @ self.directions.T + self.centre
        return rows
