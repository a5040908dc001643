"""The first stage of a fit to scores: a map that does not depend on the seed.

A flexible model has many local optima of about equal bound, in which the plane is folded in
different ways, and noise decides between them. Here the data decide. Every row has a place in a
layout that keeps distances and neighbours and needs no random number (``layout.py``). The decoder
starts as a smooth surface through the scores at their places (``models/surface.py``), and the model
is fitted to scores and places together, as if a place were another observation of the row's latent.
The divergence has a weight so large at first that only the leading components are told
from noise, and it falls slowly, on large batches, to 1 in the second half of the stage.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any

import torch
from torch import Tensor

from ..data.dataset import Dataset
from ..models.batch import Batch
from ..models.encoders import ScoreEncoder
from ..models.likelihoods.scores import NormalScores, ScoreLikelihood
from ..models.priors.adaptive import Adaptive
from ..models.variational import Variational
from .layout import CROWDED, layout
from .objectives.base import Objective, Phase
from .trainer import Stage

BATCHES_RAISED, BATCHES = 2, 4
"""Batches in a step, while the divergence weighs more than 1 and after it: the gradient of the
bound should carry little noise."""

FRESH = 25
"""Steps after which rows are whitened by the present residual variance, and are others where there
are more than these steps can take."""

RAISED = 0.5
"""Share of the steps in which the divergence has a weight above 1."""

PULL = 100.0
"""Weight of the squared distance of a row from its place, in nats. A place counts as much as if it
were an observation of the row's latent with a variance of 1 / (2 PULL). Where places are not
crowded, rows are let go as the weight of the divergence falls."""


@dataclass(frozen=True)
class Rows:
    """Whole samples, with what stays the same from one step to the next.

    Attributes
    ----------
    x : Tensor, (n, features)
    inputs : Tensor, (n, 2 features)
        Of the encoder.
    place : Tensor, (n, dims)
    precision : Tensor, (n, features, features)
        Inverse of the total covariance of the scores.
    log_det : Tensor, (n,)
        Half its log determinant.
    """

    x: Tensor
    inputs: Tensor
    place: Tensor
    precision: Tensor
    log_det: Tensor

    @classmethod
    def of(cls, model: Variational, batch: Batch, place: Tensor) -> Rows:
        """Rows under the present residual variance of the model."""
        scores, encoder = model.likelihood, model.encoder
        assert isinstance(scores, NormalScores)
        assert isinstance(encoder, ScoreEncoder)
        with torch.no_grad():
            whitening = scores.whitening(batch)
            inputs = encoder.inputs(batch)
            return cls(batch.x, inputs, place, whitening.precision, whitening.log_det)

    def __len__(self) -> int:
        return len(self.x)

    def chosen(self, rows: Tensor | slice) -> Rows:
        """Some of the rows, by runs of numbers: faster than indexing."""
        if isinstance(rows, slice):
            return self
        return Rows(*(getattr(self, field.name).index_select(0, rows) for field in fields(self)))


@dataclass(frozen=True)
class Placed:
    """What one step is given.

    Attributes
    ----------
    rows : Rows
    pull, beta : float
        Weights of the squared distance from the place, and of the divergence.
    learn_noise : bool
        Whether the residual variance is trained.
    """

    rows: Rows
    pull: float
    beta: float
    learn_noise: bool


class Unfolding(Objective[Variational]):
    """The evidence lower bound of rows with their places, for ``MapStage``."""

    def phases(self, model: Variational) -> Sequence[Phase[Any]]:
        """One phase: all parameters."""
        scores, encoder = model.likelihood, model.encoder
        assert isinstance(scores, NormalScores)
        assert isinstance(encoder, ScoreEncoder)

        def loss(step: Placed) -> Tensor:
            rows = step.rows
            context = encoder.context(rows.inputs)
            noise = torch.randn(len(context), *model.posterior.noise_shape, device=context.device)
            draw = model.posterior.rsample(context, noise)
            fit = scores.log_density(
                rows.x, draw.z, rows.precision, rows.log_det, learn_noise=step.learn_noise
            )
            assert draw.log_q is not None
            moved = (draw.z - rows.place).square().sum(-1)
            gain = model.prior.log_prob(draw.z) - draw.log_q + fit / step.beta
            return (step.pull * moved - gain).mean()

        return [Phase("map", list(model.parameters()), loss)]


@dataclass(frozen=True)
class MapStage(Stage[Variational]):
    """Training on whole samples and their places in a layout, in large batches."""

    def batches(self, data: Dataset, size: int) -> Callable[[int], Placed]:
        """From the number of a step to its rows and weights; starts prior and decoder."""
        model, everyone = self.model, data.batch()
        dims = model.noise_shape[1]
        place = layout(everyone, dims)
        if isinstance(model.prior, Adaptive):
            model.prior.start_at(place)
        scores = model.likelihood
        assert isinstance(scores, ScoreLikelihood)
        scores.start_at(place, everyone.x, (2 * PULL) ** -0.5)
        highest = first_weight(everyone, dims)
        rows: Rows | None = None

        def step(number: int) -> Placed:
            nonlocal rows
            left = max(0.0, 1 - number / (RAISED * self.steps))
            if rows is None or number % FRESH == 0:
                some = _some(len(everyone), FRESH * BATCHES * size, place.device)
                rows = Rows.of(model, everyone[some], place[some])
            count = (BATCHES_RAISED if left else BATCHES) * size
            chosen = rows.chosen(_some(len(rows), count, place.device))
            pull = PULL * (left if dims > CROWDED else 1)
            return Placed(chosen, pull, highest**left, learn_noise=not left)

        return step


def first_weight(rows: Batch, dims: int) -> float:
    """Weight of the divergence at which no more than ``dims`` components are above the noise.

    It is the variance of the next component over that of its noise.
    """
    assert rows.factor is not None
    noise = 1 / rows.factor.square().sum(-1).mean(0)
    ratio = (rows.x.var(0) / noise).sort(descending=True).values
    return max(1.0, float(ratio[min(dims, len(ratio) - 1)]))


def prior_parts(samples: int) -> int:
    """Parts of an adaptive prior for a number of samples: 7 for 100, 22 for 1,000."""
    return max(2, min(200, round(math.sqrt(samples / 2))))


def map_share(samples: int) -> float:
    """Share of a fit's steps in its map stage: a sixth up to 1,000 samples, half from 3,000."""
    return min(max(samples / 6000, 1 / 6), 1 / 2)


def _some(n: int, size: int, device: torch.device) -> Tensor | slice:
    """All rows, or as many as a step takes, at random."""
    return slice(None) if n <= size else torch.randperm(n, device=device)[:size]
