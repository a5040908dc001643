"""The evidence lower bound, and its importance-weighted relative."""

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
        Weight of the divergence. Above 1 the likelihood is tempered: noise of standard
        deviation sqrt(beta) times the natural one, under which only coarse structure pays.
        Only 1 gives the bound itself.
    draws : int
        Draws per row: 1 for the evidence lower bound, more for the importance-weighted
        autoencoder (Burda, Grosse & Salakhutdinov 2016).
    """

    def __init__(self, beta: float = 1.0, draws: int = 1) -> None:
        super().__init__()
        self.beta = beta
        self.draws = draws

    def phases(self, model: Variational) -> Sequence[Phase[Batch]]:
        """One turn over all parameters of the model; tempered, over all but those of its noise."""
        noise = {id(p) for p in model.likelihood.noise_parameters()} if self.beta != 1 else set()
        learners = [p for p in model.parameters() if id(p) not in noise]

        def loss(batch: Batch) -> Tensor:
            return -model.bounds(batch, self.draws, self.beta).mean() / self.beta

        return [Phase("elbo", learners, loss)]
