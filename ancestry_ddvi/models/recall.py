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

ROWS = 4
"""Rows weighted at once."""

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
    expected : Tensor, (n, features)
        Scores at each latent.
    moments : Tensor, (1 + 2 d, n)
        Ones, latents and their squares, with the variance of the space that each stands for.
    """

    likelihood: NormalScores
    expected: Tensor
    moments: Tensor

    @classmethod
    def of(cls, prior: Prior, likelihood: NormalScores) -> Memory:
        """``COUNT`` latents along a Hilbert curve; the same for the same prior and likelihood."""
        with torch.no_grad():
            z = prior.spread(COUNT)
            z = z[hilbert_order(z)]
            expected = torch.cat([likelihood(part) for part in torch.split(z, AT_ONCE)])
            space = (-(prior.log_prob(z) + math.log(len(z))) / z.shape[1]).exp()[:, None]
            moments = torch.cat([torch.ones_like(z[:, :1]), z, z.square() + space**2 / 12], 1)
        return cls(likelihood, expected, moments.mT.contiguous())

    def weight(self, batch: Batch) -> Tensor:
        """Posterior probability of each latent; (n, latents)."""
        whitening = self.likelihood.whitening(batch).matrix
        apart = (batch.x[:, None] - self.expected) @ whitening.mT
        return (-0.5 * apart.square().sum(-1)).softmax(1)

    def mixtures(self, batch: Batch) -> Mixtures:
        """The posterior of each row, divided along the curve into ``PARTS`` of equal weight.

        A part has the mean and the variances of its latents, so the whole has those of all.
        """
        starts = range(0, len(batch), ROWS)
        with torch.no_grad():
            totals = [self._divided(batch[slice(start, start + ROWS)]) for start in starts]
            return _standardised(torch.cat(totals, 1))

    def _divided(self, batch: Batch) -> Tensor:
        """Sums of weighted moments over the latents of each part; (1 + 2 d, n, parts)."""
        weight = self.weight(batch)
        rank = (weight.cumsum(1) * PARTS).long().clamp_max(PARTS - 1)
        each = weight * self.moments[:, None]
        total = each.new_zeros(*each.shape[:2], PARTS)
        return total.scatter_add_(2, rank.expand_as(each), each)


def _standardised(total: Tensor) -> Mixtures:
    """Mixtures from the sums of weighted moments of each part; (1 + 2 d, n, parts)."""
    share = total[0].clamp_min(torch.finfo(total.dtype).tiny)
    mean, square = (total[1:] / share).permute(1, 2, 0).chunk(2, -1)
    whole, whole_square = total[1:].sum(2).T.chunk(2, -1)
    sd = (whole_square - whole.square()).clamp_min(1e-12).sqrt()
    unit = sd[:, None]
    variance = ((square - mean.square()) / unit.square()).clamp_min(MIN_VARIANCE)
    empty = (total[0] == 0)[..., None]
    mean = torch.where(empty, 0.0, (mean - whole[:, None]) / unit)
    return Mixtures(whole, sd, mean, torch.where(empty, 1.0, variance), share.log())
