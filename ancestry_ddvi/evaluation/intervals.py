"""Confidence intervals of means over seeds."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np


def t_interval(values: Sequence[float]) -> tuple[float, float]:
    """Mean and half width of its 95 % t interval; the latter NaN with fewer than two values."""
    from scipy.stats import t

    n = len(values)
    mean = float(np.mean(values))
    if n < 2:
        return mean, math.nan
    return mean, float(t.ppf(0.975, n - 1) * np.std(values, ddof=1) / math.sqrt(n))
