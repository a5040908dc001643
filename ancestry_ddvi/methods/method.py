"""Methods, and the recipes that make them."""

from __future__ import annotations

import abc
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from ..data.dataset import Dataset
from ..errors import UsageProblem
from ..inference.posterior_draws import PosteriorDraws
from ..models.modalities import Modality
from ..training.trainer import Record


@dataclass(frozen=True)
class Spec:
    """What a method is to be made for.

    Attributes
    ----------
    modality : Modality
        The kind of data.
    dims : int
        Number of coordinates.
    classes : int
        Classes that some rows are known to belong to; 0 where none are to be used.
    """

    modality: Modality
    dims: int
    classes: int = 0


class Method(abc.ABC):
    """Something that is fitted to data and then says where rows are.

    Attributes
    ----------
    rotatable : bool
        Whether coordinates may be rotated about the origin without a change of meaning.
    steps : int
        Steps of the fit, for the progress bar.
    proposals : int
        Draws to propose and weight for each draw that is asked for.
    """

    rotatable: bool
    steps: int
    proposals: int = 4

    @abc.abstractmethod
    def fit(self, data: Dataset, advance: Callable[[int], None]) -> list[Record]:
        """Learn from the data; ``advance`` is told of steps done.

        Raises
        ------
        TrainingDiverged
        """

    @abc.abstractmethod
    def embed(self, data: Dataset, ids: Sequence[str], *, draws: int, seed: int) -> PosteriorDraws:
        """Where rows are, and how firmly."""

    def log_prior(self, z: np.ndarray) -> np.ndarray:
        """Log density of what is believed of a place beforehand, (..., dims) -> (...).

        Zero where nothing is.
        """
        return np.zeros(z.shape[:-1])

    @abc.abstractmethod
    def state(self) -> dict[str, np.ndarray]:
        """Everything learnt; with recipe and spec enough to place rows again."""

    @abc.abstractmethod
    def restore(self, state: Mapping[str, np.ndarray], device: torch.device) -> None:
        """Take over what ``state`` gave."""


@dataclass(frozen=True)
class Recipe(abc.ABC):
    """All settings of one method.

    Attributes
    ----------
    components : int
        Principal components of genotypes to keep; 0 for as many as pass the Tracy-Widom test.

    Raises
    ------
    UsageProblem
        If a setting is out of its range.
    """

    components: int = 0

    def __post_init__(self) -> None:
        self._at_least(0, "components")

    def _at_least(self, least: int, *names: str) -> None:
        for name in names:
            if getattr(self, name) < least:
                raise UsageProblem(
                    f"--set {name}={getattr(self, name)} cannot be meant",
                    f"Give {least} or more.",
                )

    def _one_of(self, name: str, choices: Sequence[str]) -> None:
        if getattr(self, name) not in choices:
            raise UsageProblem(
                f"--set {name}={getattr(self, name)} is not a choice",
                f"Choose from {', '.join(choices)}.",
            )

    def check(self, dims: int, classes: int) -> None:
        """See that the method can be made so, before anything is read.

        Raises
        ------
        UsageProblem
            If it has no such coordinates or classes.
        """
        del classes
        if dims < 1:
            raise UsageProblem(f"--dims is {dims}", "Give 1 or more.")

    def fewest_components(self, dims: int) -> int:
        """Principal components it takes at least: one that the coordinates leave over."""
        return dims + 1

    @abc.abstractmethod
    def build(self, spec: Spec, device: torch.device) -> Method:
        """The method, not yet fitted."""
