"""The interface of objectives: what to minimise, over which parameters, how often."""

from __future__ import annotations

import abc
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from torch import Tensor, nn

from ...models.batch import Batch
from ...models.latent import LatentModel

M = TypeVar("M", bound=LatentModel)


@dataclass(frozen=True)
class Phase:
    """One optimiser's turn.

    Attributes
    ----------
    name : str
    parameters : sequence of Parameter
    loss : callable from Batch to a scalar Tensor
    repeats : int
        Turns per batch.
    """

    name: str
    parameters: Sequence[nn.Parameter]
    loss: Callable[[Batch], Tensor]
    repeats: int = 1


class Objective(nn.Module, abc.ABC, Generic[M]):
    """A module, so that what it owns follows the model to its device."""

    @abc.abstractmethod
    def phases(self, model: M) -> Sequence[Phase]:
        """The turns of one training step, in order."""
