"""Kinds of data: each builds the two networks that touch data, so that no method does."""

from __future__ import annotations

import abc
from dataclasses import dataclass

from torch import Tensor, nn

from .encoders import ScoreEncoder
from .likelihoods.base import Likelihood
from .likelihoods.scores import ScoreLikelihood


class Modality(abc.ABC):
    """A kind of data."""

    @abc.abstractmethod
    def encoder(self, width: int) -> nn.Module:
        """From a Batch to a context of ``width``; (n, width)."""

    @abc.abstractmethod
    def likelihood(self, dims: int, width: int) -> Likelihood:
        """p(x | z) for latents of ``dims`` dimensions, by a network of ``width``."""


@dataclass(frozen=True)
class ComponentScores(Modality):
    """Scores of samples on principal components.

    Attributes
    ----------
    scale : Tensor, (features,)
        Standard deviation of each score over the cohort.
    """

    scale: Tensor

    def encoder(self, width: int) -> nn.Module:
        """Of scores shrunk by their uncertainty, and that uncertainty."""
        return ScoreEncoder(self.scale, width)

    def likelihood(self, dims: int, width: int) -> Likelihood:
        """Normal, with the precision that comes with the data."""
        return ScoreLikelihood(self.scale, dims, width)
