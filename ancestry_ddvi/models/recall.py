"""Latents of the prior that stand for the posterior of any row, and their summary."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from .batch import Batch
from .hilbert import hilbert_order
from .likelihoods.scores import NormalScores
from .priors.base import Prior

COUNT, AT_ONCE = 2**15, 2**12
"""Latents, and how many are decoded at once."""

CELL = 32
"""Neighbouring latents that are looked at, or left out, together."""

WEIGHED = 2**14
"""Latents of a row that are weighted at most, about: where there are more, some of each cell."""

LEFT_OUT = 14.0
"""Cells are left out if all of their latents are so many nats less likely than the best."""

PARTS = 128
"""Normals of a row's mixture, each for an equal share of its posterior."""

MAX_DIMS = 4
"""Latent dimensions that ``COUNT`` latents can fill."""

MIN_VARIANCE = 1e-4
"""Of a part, in units of the whole variance along an axis."""


@dataclass(frozen=True)
class Mixtures:
    """A mixture of normals for each row, without correlations within a part.

    Attributes
    ----------
    centre, sd : Tensor, (n, d)
        Mean and standard deviation of the whole mixture: the units of the other fields.
    mean, variance : Tensor, (n, parts, d)
        Of each part, in these units.
    log_weight : Tensor, (n, parts)
    """

    centre: Tensor
    sd: Tensor
    mean: Tensor
    variance: Tensor
    log_weight: Tensor


@dataclass(frozen=True)
class Memory:
    """Latents spread evenly over the prior, with what the likelihood needs of each.

    Weighted by the likelihood of a row they are its exact posterior, but for the space between
    them. Nothing is trained: what is remembered follows from the prior and the decoder.

    Attributes
    ----------
    likelihood : NormalScores
    expected : Tensor, (features, cells, CELL)
        Scores at each latent.
    moments : Tensor, (cells, CELL, 1 + 2 d)
        Ones, latents and their squares, with the variance of the space that each stands for.
    middle, reach : Tensor, (features, cells)
        Mean of the scores in each cell, and how far they are from it.
    """

    likelihood: NormalScores
    expected: Tensor
    moments: Tensor
    middle: Tensor
    reach: Tensor

    @classmethod
    def of(cls, prior: Prior, likelihood: NormalScores) -> Memory:
        """``COUNT`` latents along a Hilbert curve; the same for the same prior and likelihood."""
        with torch.no_grad():
            z = prior.spread(COUNT)
            z = z[hilbert_order(z)]
            parts = torch.split(z, AT_ONCE)
            expected = torch.cat([likelihood(part) for part in parts])
            log_prior = torch.cat([prior.log_prob(part) for part in parts])
            space = (-(log_prior + math.log(len(z))) / z.shape[1]).exp()[:, None]
            moments = torch.cat([torch.ones_like(z[:, :1]), z, z.square() + space**2 / 12], 1)
        expected = expected.mT.contiguous().view(expected.shape[1], -1, CELL)
        middle = expected.mean(-1)
        reach = (expected - middle[..., None]).abs().amax(-1)
        moments = moments.view(-1, CELL, moments.shape[1])
        return cls(likelihood, expected, moments, middle, reach)

    def mixtures(self, batch: Batch) -> Mixtures:
        """The posterior of each row, divided along the curve into ``PARTS`` of equal weight.

        A part has the mean and the variances of its latents, so the whole has those of all.
        """
        with torch.no_grad():
            whitening = self.likelihood.whitening(batch)
            precision = whitening.matrix.square().sum(-2)
            rows = zip(batch.x, whitening.matrix, precision, strict=True)
            return _standardised(torch.stack([self._divided(*row) for row in rows]))

    def _divided(self, x: Tensor, matrix: Tensor, precision: Tensor) -> Tensor:
        """Sums of weighted moments over the latents of each part of a row; (parts, 1 + 2 d)."""
        cells, stride = self._near(x, matrix, precision)
        expected = self.expected.index_select(1, cells)[..., ::stride].flatten(1)
        apart = matrix @ (x[:, None] - expected)
        weight = (-0.5 * apart.square_().sum(0)).softmax(0)
        rank = (weight.cumsum(0) * PARTS).long().clamp_max(PARTS - 1)
        moments = self.moments.index_select(0, cells)[:, ::stride].flatten(0, 1)
        each = weight[:, None] * moments
        return each.new_zeros(PARTS, each.shape[1]).index_add_(0, rank, each)

    def _near(self, x: Tensor, matrix: Tensor, precision: Tensor) -> tuple[Tensor, int]:
        """Cells that have weight, and which latents of them: every so many."""
        far = (matrix @ (x[:, None] - self.middle)).square().sum(0).sqrt()
        reach = (precision @ self.reach.square()).sqrt()
        nearest = (far + reach).amin()
        kept = far - reach < (nearest.square() + 2 * LEFT_OUT).sqrt()
        cells = kept.nonzero()[:, 0]
        stride = 1
        while len(cells) * CELL > stride * WEIGHED:
            stride *= 2
        return cells, stride


def _standardised(total: Tensor) -> Mixtures:
    """Mixtures from the sums of weighted moments of each part; (n, parts, 1 + 2 d)."""
    share = total[..., 0].clamp_min(torch.finfo(total.dtype).tiny)
    mean, square = (total[..., 1:] / share[..., None]).chunk(2, -1)
    whole, whole_square = total[..., 1:].sum(1).chunk(2, -1)
    sd = (whole_square - whole.square()).clamp_min(1e-12).sqrt()
    unit = sd[:, None]
    variance = ((square - mean.square()) / unit.square()).clamp_min(MIN_VARIANCE)
    empty = total[..., :1] == 0
    mean = torch.where(empty, 0.0, (mean - whole[:, None]) / unit)
    return Mixtures(whole, sd, mean, torch.where(empty, 1.0, variance), share.log())
