"""The variational autoencoder with a Gaussian posterior."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from ..models.encoders import ScoreEncoder
from ..models.likelihoods.scores import ScoreLikelihood
from ..models.posteriors.gaussian import Gaussian
from ..models.priors.gaussian import StandardNormal
from ..models.variational import Variational
from ..objectives.elbo import ELBO
from ..training.trainer import Stage
from .method import Built, Recipe

TEMPERING = (16.0, 8.0, 4.0, 2.0)
"""Weights of the divergence on the way down to 1: coarse structure first, detail later."""


@dataclass(frozen=True)
class VAE(Recipe):
    """Variational autoencoder (Kingma & Welling 2014) with a Gaussian posterior."""

    def build(self, scale: Tensor, dims: int) -> Built:
        """Networks and stages: a tempered start, then the bound itself."""
        model = gaussian_model(self, scale, dims)
        warm = tempered(self, model, self.steps // 2)
        rest = self.steps - sum(stage.steps for stage in warm)
        final = Stage(model, ELBO(), rest, (self.learning_rate, self.learning_rate / 100))
        return Built(model, [*warm, final], scale)


def gaussian_model(recipe: Recipe, scale: Tensor, dims: int) -> Variational:
    """A standard normal prior, the decoder of scores and a Gaussian posterior."""
    return Variational(
        StandardNormal(dims),
        ScoreLikelihood(scale, dims, recipe.width),
        Gaussian(dims, recipe.encoder_width),
        ScoreEncoder(scale, recipe.encoder_width),
    )


def tempered(recipe: Recipe, model: Variational, steps: int) -> Sequence[Stage]:
    """Stages at falling weights of the divergence, about ``steps`` in all, at full rate."""
    each = steps // len(TEMPERING)
    rate = recipe.learning_rate
    return [Stage(model, ELBO(beta), each, (rate, rate)) for beta in TEMPERING]
