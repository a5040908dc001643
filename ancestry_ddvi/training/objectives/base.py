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
B = TypeVar("B")


@dataclass(frozen=True)
class Phase(Generic[B]):
    """One optimiser's part of a training step.

    Attributes
    ----------
    name : str
    parameters : sequence of Parameter
    loss : callable
        From what a step is given, mostly a Batch, to a scalar Tensor.
    repeats : int
        Optimiser steps per training step.
    """

    name: str
    parameters: Sequence[nn.Parameter]
    loss: Callable[[B], Tensor]
    repeats: int = 1


class Objective(nn.Module, abc.ABC, Generic[M]):
    """What a model is trained by.

    It is a module, so that networks of its own follow the model to its device.
    """

    @abc.abstractmethod
    def phases(self, model: M) -> Sequence[Phase[Batch]]:
        """The phases of one training step, in order."""
