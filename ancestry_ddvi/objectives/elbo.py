"""The evidence lower bound."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ..models.batch import Batch
from ..models.variational import Variational
from .base import Objective, Phase


class ELBO(Objective):
    """The mean path-wise log weight, one draw per row.

    Parameters
    ----------
    beta : float
        Weight of the divergence. Above 1 the likelihood is tempered: noise of standard
        deviation sqrt(beta) times the natural one, under which only coarse structure pays.
        Only 1 gives the bound itself.
    """

    def __init__(self, beta: float = 1.0) -> None:
        super().__init__()
        self.beta = beta

    def phases(self, model: Variational) -> Sequence[Phase]:
        """One turn over all parameters of the model."""

        def loss(batch: Batch) -> Tensor:
            noise = torch.randn(len(batch), *model.noise_shape, device=batch.x.device)
            draw = model.encode(batch, noise)
            return -model.log_weight(batch, draw, self.beta).mean() / self.beta

        return [Phase("elbo", list(model.parameters()), loss)]
