"""The evidence lower bound and the importance-weighted bound."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from ...models.batch import Batch
from ...models.variational import Variational
from .base import Objective, Phase


class ELBO(Objective[Variational]):
    """The mean bound over rows.

    Parameters
    ----------
    beta : float
        Weight of the divergence. Above 1 the likelihood is tempered: the noise has sqrt(beta)
        times its standard deviation, so that coarse structure is learnt first. 1 gives the bound.
    draws : int
        Draws per row: 1 for the evidence lower bound, more for the importance-weighted
        autoencoder (Burda, Grosse & Salakhutdinov 2016).
    """

    def __init__(self, beta: float = 1.0, draws: int = 1) -> None:
        super().__init__()
        self.beta = beta
        self.draws = draws

    def phases(self, model: Variational) -> Sequence[Phase[Batch]]:
        """One phase: all parameters of the model or, if tempered, all but those of the noise."""
        noise = {id(p) for p in model.likelihood.noise_parameters()} if self.beta != 1 else set()
        trained = [p for p in model.parameters() if id(p) not in noise]

        def loss(batch: Batch) -> Tensor:
            return -model.bounds(batch, self.draws, self.beta).mean() / self.beta

        return [Phase("elbo", trained, loss)]
