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

MAX_COMPONENTS = 200
"""Work space for scores grows with the square of the number of components."""

MAX_CHAIN = 1000
"""Largest number of steps of a chain, whose path is kept for every draw."""


@dataclass(frozen=True)
class Spec:
    """The data and coordinates that a method is built for.

    Attributes
    ----------
    modality : Modality
        The kind of data.
    dims : int
        Number of coordinates.
    classes : int
        Number of classes that guide the fit; 0 for none.
    """

    modality: Modality
    dims: int
    classes: int = 0


class Method(abc.ABC):
    """Is fitted to data, and then gives the posterior of the coordinates of rows.

    Attributes
    ----------
    rotatable : bool
        Whether coordinates may be rotated about the origin without changing the model.
    steps : int
        Steps of the fit, for the progress bar.
    proposals : int
        Weighted draws for each draw that the user asks for.
    """

    rotatable: bool
    steps: int
    proposals: int = 4

    @abc.abstractmethod
    def fit(self, data: Dataset, advance: Callable[[int], None]) -> list[Record]:
        """Fit to the data; ``advance`` is called with the number of steps done since the last call.

        Raises
        ------
        TrainingDiverged
        """

    @abc.abstractmethod
    def embed(self, data: Dataset, ids: Sequence[str], *, draws: int, seed: int) -> PosteriorDraws:
        """Draws from the posterior of each row.

        A row depends on its data, its ID and the seed alone, except for methods that cannot embed
        new samples.
        """

    def log_prior(self, z: np.ndarray) -> np.ndarray:
        """Log density of the prior at coordinates, (..., dims) -> (...).

        Zero where there is no prior.
        """
        return np.zeros(z.shape[:-1])

    @abc.abstractmethod
    def state(self) -> dict[str, np.ndarray]:
        """All fitted parameters; with recipe and spec they restore the method."""

    @abc.abstractmethod
    def restore(self, state: Mapping[str, np.ndarray], device: torch.device) -> None:
        """Set the fitted parameters to those that ``state`` returned.

        Raises
        ------
        Malformed
            If they are of the right shapes and cannot be meant.
        """


@dataclass(frozen=True)
class Recipe(abc.ABC):
    """All settings of one method.

    Attributes
    ----------
    components : int
        Principal components of genotypes to keep; 0 for as many as carry structure.

    Raises
    ------
    UsageProblem
        If a setting is out of its range.
    """

    components: int = 0

    def __post_init__(self) -> None:
        self._at_least(0, "components")
        self._at_most(MAX_COMPONENTS, "components")

    def _at_least(self, least: int, *names: str) -> None:
        for name in names:
            self._in_range(name, getattr(self, name) >= least, f"It must be {least} or more.")

    def _at_most(self, most: int, *names: str) -> None:
        for name in names:
            self._in_range(name, getattr(self, name) <= most, f"It must be {most:,} or less.")

    def _in_range(self, name: str, holds: bool, remedy: str) -> None:
        if not holds:
            raise UsageProblem(f"--set {name}={getattr(self, name)} is out of range", remedy)

    def _one_of(self, name: str, choices: Sequence[str]) -> None:
        if getattr(self, name) not in choices:
            raise UsageProblem(
                f"--set {name}={getattr(self, name)} is unknown",
                f"Choose from {', '.join(choices)}.",
            )

    def check(self, dims: int, classes: int) -> None:
        """Check that the method can be built so, before anything is read.

        Raises
        ------
        UsageProblem
            If the method has no so many coordinates or classes.
        """
        del classes
        if not 1 <= dims <= MAX_COMPONENTS:
            raise UsageProblem(f"--dims is {dims}", f"Give 1 to {MAX_COMPONENTS}.")

    def min_components(self, dims: int) -> int:
        """Smallest number of principal components: one more than there are coordinates."""
        return dims + 1

    def settled(self, samples: int, classes: int) -> Recipe:
        """The recipe with what it leaves to the data chosen for a number of samples.

        Parameters
        ----------
        samples, classes : int
            In the fit, and that guide it.
        """
        del samples, classes
        return self

    def refitted(self, spec: Spec, device: torch.device) -> Sequence[Method]:
        """Methods to be fitted to other samples, to see how far these move; none by default."""
        del spec, device
        return ()

    @abc.abstractmethod
    def build(self, spec: Spec, device: torch.device) -> Method:
        """The method, not yet fitted."""
