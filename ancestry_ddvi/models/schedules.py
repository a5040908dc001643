"""Noise schedules: from a number of steps to the signal variance after each step."""

from __future__ import annotations

import math

import torch
from torch import Tensor

MIN_SIGNAL = 1e-3
"""Signal variance at the end of the cosine schedule, for any number of steps."""

MIN_NOISE = 0.01
"""Start of the geometric schedule, in standard deviations of the signal."""


def cosine(steps: int) -> Tensor:
    """Signal variance abar_0 .. abar_T of the cosine schedule, spread over T = ``steps``.

    Nichol & Dhariwal (2021), equation 17, with abar_0 = 1 and abar_T = ``MIN_SIGNAL``: the
    last auxiliary is nearly standard normal for any T, unlike with a fixed list of betas.

    Returns
    -------
    Tensor of float64, (steps + 1,)
    """
    offset = 0.008
    t = torch.arange(steps + 1, dtype=torch.float64) / steps
    angle = (t + offset) / (1 + offset) * math.pi / 2
    signal = torch.cos(angle).square() / math.cos(offset / (1 + offset) * math.pi / 2) ** 2
    return MIN_SIGNAL + (1 - MIN_SIGNAL) * signal.clamp(0, 1)


def linear(steps: int) -> Tensor:
    """Signal variance of linearly growing betas 0.1/T .. 20/T, clipped below 1 (Ho et al. 2020).

    Returns
    -------
    Tensor of float64, (steps + 1,)
    """
    beta = torch.linspace(0.1, 20.0, steps, dtype=torch.float64) / steps
    kept = torch.cumprod(1 - beta.clamp(max=0.999), 0)
    return torch.cat([torch.ones(1, dtype=torch.float64), kept])


MIN_SPREAD, MAX_SPREAD = 0.3, 3.0
"""Least and most noise of a chain in units of a row's own posterior, in standard deviations."""


def growing(steps: int, least: float, most: float) -> Tensor:
    """Signal variance when noise grows by a constant factor from ``least`` to ``most``.

    Noise is in standard deviations of the signal.

    Returns
    -------
    Tensor of float64, (steps + 1,)
    """
    noise = torch.logspace(math.log10(least), math.log10(most), steps, dtype=torch.float64)
    return torch.cat([torch.ones(1, dtype=torch.float64), 1 / (1 + noise.square())])


def geometric(steps: int) -> Tensor:
    """Signal variance when noise grows by a constant factor, from ``MIN_NOISE`` to 1.

    Noise is in standard deviations of the signal. A posterior has at most a twentieth of the
    standard deviation of its prior. If the first step adds three tenths of the prior's, as with
    five steps of the cosine schedule, a single normal step has to draw the whole shape of the
    posterior. The last auxiliary need not be standard normal, because the chain depends on the
    data.

    Returns
    -------
    Tensor of float64, (steps + 1,)
    """
    noise = torch.logspace(math.log10(MIN_NOISE), 0, steps + 1, dtype=torch.float64)[1:]
    return torch.cat([torch.ones(1, dtype=torch.float64), 1 / (1 + noise.square())])


SCHEDULES = {"geometric": geometric, "cosine": cosine, "linear": linear}
