"""Denoising: what a probability flow learns from."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from ..models.batch import Batch
from ..models.flow import FULL
from ..models.inflationary import Inflationary
from .base import Objective, Phase

UNEVEN, JITTERED = 0.6, 0.5
"""Shares of rows whose noise leans towards that of a measurement, and is shaken."""

JITTER = 0.7
"""Standard deviation of the shaking, in log variance."""


class Denoising(Objective[Inflationary]):
    """Score matching at noise of every size and of many shapes.

    Log noise, in units of the data's variance, is uniform from the flow's floor to its end, as
    along an inflation. In some rows it leans from there towards the same variance along all
    directions, as measurements have it, and is shaken direction by direction: posteriors start
    from such noise.
    """

    def phases(self, model: Inflationary) -> Sequence[Phase]:
        """One turn over the denoiser."""
        flow = model.flow

        def loss(batch: Batch) -> Tensor:
            x = batch.x - flow.centre
            noise = levels(len(x), flow.denoiser.spectrum, flow.floor)
            return flow.denoiser.loss(x, noise).mean()

        return [Phase("denoising", list(flow.denoiser.parameters()), loss)]


def levels(n: int, spectrum: Tensor, floor: float) -> Tensor:
    """Noise variances to train on; (n, dims)."""
    least, most = math.log(floor), math.log(FULL)

    def some(share: float) -> Tensor:
        return (torch.rand_like(spectrum[:1].expand(n, 1)) < share).to(spectrum)

    even = least + (most - least) * torch.rand_like(spectrum[:1].expand(n, 1))
    lean = spectrum.log().mean() - spectrum.log()
    tilt = some(UNEVEN) * torch.rand_like(even)
    shaken = some(JITTERED) * JITTER * torch.randn_like(spectrum.expand(n, -1))
    return (even + tilt * lean + shaken).clamp(least, most).exp() * spectrum
