"""The prior of a map, finished by expectation maximisation.

The steps of the map stage end before the parts of the prior are where the bound is highest: they
stay wider than the samples, and everything that is not known from few variants is then filled with
places where no sample is. With the decoder kept, the best parts need no more steps: each is the
mean and covariance of its share of the posterior.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from ..data.dataset import Dataset
from ..models.batch import Batch
from ..models.priors.adaptive import Adaptive
from ..models.variational import Variational
from .unfolding import MapStage

DRAWS, ROWS = 8, 2**13
"""Latents of each row, and rows at most."""

STEPS = 20
"""Of expectation maximisation; more of them fit no better to samples that are held out."""


@dataclass(frozen=True)
class SettledMap(MapStage):
    """A map stage after which an adaptive prior is brought to the maximum of the likelihood."""

    def finish(self, data: Dataset) -> None:
        """Finish the prior on rows of the data."""
        everyone = data.batch()
        some = torch.randperm(len(everyone), device=everyone.x.device)[:ROWS]
        settle(self.model, everyone[some])


def settle(model: Variational, batch: Batch) -> None:
    """Expectation maximisation for an adaptive prior, with decoder and posterior kept.

    Latents are drawn once from the posterior of each row, with importance weights. As the prior
    changes, so do these: by the ratio of its densities.
    """
    prior = model.prior
    if not isinstance(prior, Adaptive):
        return
    with torch.no_grad():
        noise = torch.randn(len(batch), DRAWS, *model.noise_shape, device=batch.x.device)
        draw = model.encode_many(batch, noise)
        others = model.log_weight(batch, draw) - prior.log_prob(draw.z)
        for _ in range(STEPS):
            weight = (others + prior.log_prob(draw.z)).view(-1, DRAWS).softmax(1)
            prior.improve(draw.z, weight.flatten())
