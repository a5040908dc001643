"""Denoising: what a probability flow learns from."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from ...models.batch import Batch
from ...models.inflation import Inflation
from ...models.inflationary import Inflationary
from .base import Objective, Phase

UNEVEN, JITTERED = 0.6, 0.5
"""Shares of rows whose noise leans towards that of a measurement, and is shaken."""

JITTER = 0.7
"""Standard deviation of the shaking, in log variance."""


class Denoising(Objective[Inflationary]):
    """Score matching at noise of every size and of many shapes.

    Noise is that of a time along the flow's inflation, as likely to be of one step as of
    another. In some rows it leans from there towards the same variance along all directions, as
    measurements have it, and is shaken direction by direction: posteriors start from such noise.
    """

    def phases(self, model: Inflationary) -> Sequence[Phase[Batch]]:
        """One turn over the denoiser."""
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
    lean = spectrum.log().mean() - spectrum.log()
    tilt = some(UNEVEN) * torch.rand_like(each)
    shaken = some(JITTERED) * JITTER * torch.randn_like(spectrum.expand(n, -1))
    noise = even + tilt * lean + shaken
    return noise.clamp(math.log(path.floor), math.log(path.full)).exp() * spectrum
