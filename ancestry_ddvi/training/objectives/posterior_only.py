"""Training of the posterior alone, by any objective."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ...models.batch import Batch
from ...models.variational import Variational
from .base import Objective, Phase


class PosteriorOnly(Objective[Variational]):
    """Any objective with prior and likelihood left as they are.

    Parameters
    ----------
    base : Objective
    """

    def __init__(self, base: Objective[Variational]) -> None:
        super().__init__()
        self.base = base

    def phases(self, model: Variational) -> Sequence[Phase[Batch]]:
        """The phases of the base objective, each without the parameters of the generator."""
        frozen = {id(p) for part in (model.prior, model.likelihood) for p in part.parameters()}
        return [
            replace(phase, parameters=[p for p in phase.parameters if id(p) not in frozen])
            for phase in self.base.phases(model)
        ]
