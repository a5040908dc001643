"""Wake-sleep: the bound on data, then the posterior on the model's own fantasies."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ..models.batch import Batch
from ..models.variational import Variational
from .base import Objective, Phase


class Sleep(Objective):
    """Fit q to fantasies (z, x) ~ p(z) p(x | z) by the exact log ratio on a path from r.

    DDVI's L_diff (Piriyakulkij, Wang & Kuleshov 2025) without dropping its variational
    weights or its top term, so that encoder and chain both learn. The decoder stays as it is.
    Fantasies are observed as sharply as the rows of the batch, so q also learns how to widen.
    """

    def phases(self, model: Variational) -> Sequence[Phase]:
        """One turn over the encoder and the posterior."""

        def loss(batch: Batch) -> Tensor:
            with torch.no_grad():
                z = model.prior.sample(len(batch))
                fantasy = model.likelihood.fantasy(batch, z)
                path = model.posterior.complete(z)
            return -model.posterior.log_q(z, path, model.encoder(fantasy)).mean()

        parameters = [*model.posterior.parameters(), *model.encoder.parameters()]
        return [Phase("sleep", parameters, loss)]


class WakeSleep(Objective):
    """A wake objective, then sleep."""

    def __init__(self, wake: Objective) -> None:
        super().__init__()
        self.wake = wake
        self.sleep = Sleep()

    def phases(self, model: Variational) -> Sequence[Phase]:
        """The wake turns, then the sleep turn."""
        return [*self.wake.phases(model), *self.sleep.phases(model)]
