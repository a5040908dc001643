"""Denoising score matching, the objective of probability flows."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from ...models.batch import Batch
from ...models.inflation import Inflation
from ...models.inflationary import Inflationary
from .base import Objective, Phase

TILTED, JITTERED = 0.6, 0.5
"""Shares of rows whose noise is tilted towards equal variances, and jittered."""

JITTER = 0.7
"""Standard deviation of the jitter, in log variance."""


class Denoising(Objective[Inflationary]):
    """Score matching at noise of every size and of many shapes.

    Noise is that of a random time along the flow's inflation. In some rows it is tilted towards
    the same variance along all directions, as in measurements, and jittered along each direction:
    posteriors start from such noise.
    """

    def phases(self, model: Inflationary) -> Sequence[Phase[Batch]]:
        """One phase: the denoiser."""
        flow = model.flow

        def loss(batch: Batch) -> Tensor:
            x = batch.x - flow.centre
            noise = levels(len(x), flow.inflation)
            return flow.denoiser.loss(x, noise).mean()

        return [Phase("denoising", list(flow.denoiser.parameters()), loss)]


def levels(n: int, path: Inflation) -> Tensor:
    """Noise variances to train on; (n, dims)."""
    spectrum = path.spectrum
    each = spectrum[:1].expand(n, 1)

    def some(share: float) -> Tensor:
        return (torch.rand_like(each) < share).to(spectrum)

    even = (path.gamma(path.at(torch.rand_like(each)[:, 0])) / spectrum).log()
    towards_equal = spectrum.log().mean() - spectrum.log()
    tilt = some(TILTED) * torch.rand_like(each)
    jitter = some(JITTERED) * JITTER * torch.randn_like(spectrum.expand(n, -1))
    noise = even + tilt * towards_equal + jitter
    return noise.clamp(math.log(path.floor), math.log(path.full)).exp() * spectrum
