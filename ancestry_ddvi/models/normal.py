"""Normal densities, summed over coordinates."""

from __future__ import annotations

import math

import torch
from torch import Tensor

HALF_LOG_2PI = 0.5 * math.log(2 * math.pi)


def log_normal(value: Tensor, mean: Tensor | float, log_sd: Tensor | float) -> Tensor:
    """Log N(value; mean, exp(log_sd)^2), summed over the last axis; shape (...)."""
    log_sd = torch.as_tensor(log_sd, dtype=value.dtype, device=value.device)
    scaled = (value - mean) * torch.exp(-log_sd)
    return (-0.5 * scaled.square() - log_sd - HALF_LOG_2PI).sum(-1)
