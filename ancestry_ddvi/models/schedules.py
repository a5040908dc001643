"""Noise schedules: functions from a number of steps to how much signal is left after each."""

from __future__ import annotations

import math

import torch
from torch import Tensor

LEFT = 1e-3
"""Share of the signal's variance that survives the whole schedule, for any number of steps."""


FINEST = 0.01
"""Noise below the first step of the geometric schedule, in units of the signal."""


def cosine(steps: int) -> Tensor:
    """Signal variance abar_0 .. abar_T of the cosine schedule, spread over T = ``steps``.

    Nichol & Dhariwal (2021), equation 17, with abar_0 = 1 and abar_T = ``LEFT``: the last
    auxiliary is all but standard normal whatever T is, unlike a fixed list of betas.

    Returns
    -------
    Tensor of float64, (steps + 1,)
    """
    offset = 0.008
    t = torch.arange(steps + 1, dtype=torch.float64) / steps
    angle = (t + offset) / (1 + offset) * math.pi / 2
    signal = torch.cos(angle).square() / math.cos(offset / (1 + offset) * math.pi / 2) ** 2
    return LEFT + (1 - LEFT) * signal.clamp(0, 1)


def linear(steps: int) -> Tensor:
    """Signal variance of linearly growing betas 0.1/T .. 20/T, clipped below 1 (Ho et al. 2020).

    Returns
    -------
    Tensor of float64, (steps + 1,)
    """
    beta = torch.linspace(0.1, 20.0, steps, dtype=torch.float64) / steps
    kept = torch.cumprod(1 - beta.clamp(max=0.999), 0)
    return torch.cat([torch.ones(1, dtype=torch.float64), kept])


def geometric(steps: int) -> Tensor:
    """Signal variance when noise grows by a constant factor, from ``FINEST`` signals to one.

    Noise and signal are measured in standard deviations. A posterior is a twentieth of its prior
    wide, or less: a schedule whose first step already adds three tenths of a prior, such as five
    steps of a cosine, asks one normal step to draw the whole shape. Nothing asks the last
    auxiliary to be standard normal, because the chain depends on the data.

    Returns
    -------
    Tensor of float64, (steps + 1,)
    """
    noise = torch.logspace(math.log10(FINEST), 0, steps + 1, dtype=torch.float64)[1:]
    return torch.cat([torch.ones(1, dtype=torch.float64), 1 / (1 + noise.square())])


SCHEDULES = {"geometric": geometric, "cosine": cosine, "linear": linear}
