"""Semi-supervised training: the classifier inside a model learns from rows of known class."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from torch import Tensor

from ...models.batch import Batch
from ...models.latent import LatentModel
from ...models.variational import Variational
from .base import Objective, Phase


class SemiSupervised(Objective[Variational]):
    """Any objective plus the classification of rows whose class is known.

    The bounds of the model condition on a known class, and average over all classes of a row
    without one, weighted by q(label | x) (Kingma et al. 2014). Known classes do not train
    q(label | x) in them; equation 9 of that paper adds alpha E[log q(label | x)].

    Parameters
    ----------
    base : Objective
    alpha : float
        Weight of a known row's classification, in units of a row's bound.
    """

    def __init__(self, base: Objective[Variational], alpha: float) -> None:
        super().__init__()
        self.base = base
        self.alpha = alpha

    def phases(self, model: Variational) -> Sequence[Phase[Batch]]:
        """The turns of the base objective, each with the classification added."""
        return [replace(phase, loss=self._added(model, phase)) for phase in self.base.phases(model)]

    def _added(self, model: Variational, phase: Phase[Batch]) -> Callable[[Batch], Tensor]:
        def loss(batch: Batch) -> Tensor:
            return phase.loss(batch) + self.alpha * classification(model, batch)

        return loss


def classification(model: LatentModel, batch: Batch) -> Tensor:
    """Sum of -log q(label | x) of rows with a known class, over the number of all; a scalar."""
    assert batch.label is not None
    known = batch[batch.label >= 0]
    if not len(known):
        return batch.x.new_zeros(())
    return -model.labels.log_prob(model.encoder(known), known.label).sum() / len(batch)
