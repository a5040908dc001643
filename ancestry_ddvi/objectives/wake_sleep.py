"""Wake-sleep: the bound on data, and the posterior on the model's own fantasies."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from torch import Tensor

from ..models.batch import Batch
from ..models.variational import Variational
from .base import Objective, Phase
from .elbo import ELBO

SLEEPS: dict[str, Callable[[Variational, Batch], Tensor]] = {
    "data": Variational.dream,
    "latent": Variational.doze,
}


class WakeSleep(Objective[Variational]):
    """The evidence lower bound plus DDVI's sleep term, in one step.

    Sleep fits q to fantasies (z, x) ~ p(z) p(x | z) by the exact log ratio on a path from r:
    L_diff of Piriyakulkij, Wang & Kuleshov (2025) with its variational weights and its top
    term, so that encoder and chain both learn. The decoder dreams and is not changed by it.
    Fantasies are observed as sharply as the rows of the batch, so q also learns how to widen.

    One optimiser takes both gradients: two that share parameters each follow their own
    momentum, and the bound on held-out people came out a nat lower.

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
        self.sleep = SLEEPS[sleep]

    def phases(self, model: Variational) -> Sequence[Phase]:
        """One turn over all parameters."""
        (wake,) = self.wake.phases(model)

        def loss(batch: Batch) -> Tensor:
            return wake.loss(batch) - self.sleep(model, batch).mean()

        return [Phase("wake_sleep", wake.parameters, loss)]
