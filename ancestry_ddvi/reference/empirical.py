"""Empirical p-values with an exponential tail."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

KNOTS = np.linspace(0, 0.9, 10)


@dataclass(frozen=True)
class EmpiricalTail:
    """The share of the reference panel above a value, extrapolated beyond the largest observed.

    Interpolated between quantiles up to the ninetieth percentile, exponential above it.

    Attributes
    ----------
    knots : tuple of float
        Quantiles of the panel, from the minimum to the ninetieth percentile.
    excess : float
        Mean excess above the last knot.
    """

    knots: tuple[float, ...]
    excess: float

    @classmethod
    def of(cls, values: np.ndarray) -> EmpiricalTail:
        """The tail of the values of the panel; (samples,)."""
        knots = np.quantile(values, KNOTS)
        above = values[values > knots[-1]] - knots[-1]
        excess = above.mean() if len(above) else values.std()
        return cls(tuple(knots.tolist()), max(float(excess), 1e-9))

    def chance(self, values: np.ndarray) -> np.ndarray:
        """Empirical p-values: the share of the panel expected above each value; (samples,)."""
        below = 1 - np.interp(values, self.knots, KNOTS)
        above = np.maximum(values - self.knots[-1], 0) / self.excess
        return np.asarray(below * np.exp(-above))
