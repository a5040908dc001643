"""Known classes: the classifier inside a model learns from those who have one."""

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

    The bounds of the model already take a known class for given and weigh all classes of a row
    without one by q(label | x) (Kingma et al. 2014). What they never do is train_classifier q(label | x)
    a known class; their equation 9 adds alpha E[log q(label | x)].

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

    def phases(self, model: Variational) -> Sequence[Phase]:
        """The turns of the base objective, each with the classification added."""
        return [replace(phase, loss=self._added(model, phase)) for phase in self.base.phases(model)]

    def _added(self, model: Variational, phase: Phase) -> Callable[[Batch], Tensor]:
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
