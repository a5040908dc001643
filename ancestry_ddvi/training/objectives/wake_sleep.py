"""Wake-sleep: the bound on data, and the posterior on the model's own simulated data."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from torch import Tensor

from ...models.batch import Batch
from ...models.variational import Variational
from .base import Objective, Phase
from .elbo import ELBO

SLEEPS: dict[str, Callable[[Variational, Batch], Tensor]] = {
    "data": Variational.log_q_simulated,
    "latent": Variational.log_chain_from_prior,
}


class Sleep(Objective[Variational]):
    """The posterior alone, on simulated data or latents of the prior: nothing is learnt of data.

    Parameters
    ----------
    kind : str
        A name of ``SLEEPS``.
    """

    def __init__(self, kind: str = "data") -> None:
        super().__init__()
        self.log_q = SLEEPS[kind]

    def phases(self, model: Variational) -> Sequence[Phase[Batch]]:
        """One turn over all parameters but those of prior and likelihood."""
        waking = {id(p) for part in (model.prior, model.likelihood) for p in part.parameters()}
        sleepers = [p for p in model.parameters() if id(p) not in waking]
        return [Phase("sleep", sleepers, lambda batch: -self.log_q(model, batch).mean())]


class WakeSleep(Objective[Variational]):
    """The evidence lower bound plus DDVI's sleep term, in one step.

    Sleep fits q to simulated data (z, x) ~ p(z) p(x | z) by the exact log ratio on a path from r:
    L_diff of Piriyakulkij, Wang & Kuleshov (2025) with its variational weights and its top
    term, so that encoder and chain both learn. The decoder dreams and is not changed by it.
    Fantasies are observed as sharply as the rows of the batch, so q also learns how to widen.

    One optimiser takes both gradients: two that share parameters each follow their own
    momentum, and the bound on held-out samples came out a nat lower.

    Parameters
    ----------
    sleep : str
        A name of ``SLEEPS``.
    beta : float
        Of the bound, as in ``ELBO``; sleep has nothing to temper.
    """

    def __init__(self, sleep: str = "data", beta: float = 1.0) -> None:
        super().__init__()
        self.wake = ELBO(beta)
        self.sleep = Sleep(sleep)

    def phases(self, model: Variational) -> Sequence[Phase[Batch]]:
        """One turn over all parameters."""
        (wake,), (sleep,) = self.wake.phases(model), self.sleep.phases(model)

        def loss(batch: Batch) -> Tensor:
            return wake.loss(batch) + sleep.loss(batch)

        return [Phase("wake_sleep", wake.parameters, loss)]
