"""Recipes and what they build: a model, and the stages that train it."""

from __future__ import annotations

import abc
import math
from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from ..errors import UsageProblem
from ..models.variational import Variational
from ..training.trainer import Stage


@dataclass(frozen=True)
class Built:
    """A model and the stages that train it, in order.

    Attributes
    ----------
    model : Variational
    stages : sequence of Stage
    scale : Tensor, (features,)
        What ``Recipe.build`` was given; with the recipe enough to build the networks again.
    """

    model: Variational
    stages: Sequence[Stage]
    scale: Tensor


@dataclass(frozen=True)
class Recipe(abc.ABC):
    """All settings of one method.

    Attributes
    ----------
    width : int
        Hidden width of the decoder.
    encoder_width : int
        Hidden width of the encoder, and width of its context.
    steps : int
        Training steps in all.
    batch : int
        People per step.
    learning_rate : float
        Adam's rate at the start; it ends a hundred times smaller.
    components : int
        Principal components to keep; 0 for as many as pass the Tracy-Widom test.

    Raises
    ------
    UsageProblem
        If a setting is out of its range.
    """

    width: int = 256
    encoder_width: int = 128
    steps: int = 3000
    batch: int = 256
    learning_rate: float = 0.004
    components: int = 0

    def __post_init__(self) -> None:
        self._at_least(1, "width", "encoder_width", "steps", "batch")
        self._at_least(0, "components")
        if not 0 < self.learning_rate < math.inf:
            raise UsageProblem(
                f"--set learning_rate={self.learning_rate} cannot be meant", "Give it above 0."
            )

    def _at_least(self, least: int, *names: str) -> None:
        for name in names:
            if getattr(self, name) < least:
                raise UsageProblem(
                    f"--set {name}={getattr(self, name)} cannot be meant",
                    f"Give {least} or more.",
                )

    @abc.abstractmethod
    def build(self, scale: Tensor, dims: int) -> Built:
        """Networks for scores of these standard deviations and ``dims`` latent dimensions."""
