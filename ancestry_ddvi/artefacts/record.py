"""The record of a model: how it was made, what it says of itself, and the plain JSON of both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from ..reference.groups import Groups
from ..reference.out_of_panel import OutOfPanelTest
from .typed import LATER


@dataclass(frozen=True)
class ModelOptions:
    """What the user chose, enough to fit the model again.

    Attributes
    ----------
    method : str
        A name of ``methods.METHODS``.
    dims : int
        Number of coordinates.
    seed : int
    filters : mapping from name to threshold
    settings : mapping from name to value
        Every setting of the method's recipe.
    classes : tuple of str
        Names of the classes that guided the fit; none by default.
    """

    method: str
    dims: int
    seed: int
    filters: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    classes: tuple[str, ...] = ()


@dataclass(frozen=True)
class ModelRecord:
    """What a model file says of itself besides its arrays.

    Attributes
    ----------
    options : ModelOptions
    scale : tuple of float
        Standard deviation of each kept component in the training data.
    counts : mapping
        Samples and variants at every step of quality control.
    bounds : mapping
        Mean evidence lower bounds of held-out samples, in nats; empty where there are none.
    calibration : mapping, optional
        Coverage of the intervals and the temperature that it led to.
    out_of_panel : OutOfPanelTest, optional
        What samples of the reference panel are like; None for a method that cannot embed others.
    groups : Groups, optional
        The labelled groups, if labels were given.
    assignment : sequence of mapping
        Accuracy, calibration error and reliability of the groups on held-out samples, one for
        each level.
    privacy : mapping
        Areas under the curve of telling who was in the reference panel.
    training : sequence of mapping
        Losses in the course of training.
    versions : mapping from library to version
    card : mapping of str to str
        The model card.
    limits : mapping of str to sequence of two numbers
        What the figure of the fit shows of each coordinate and component, by its name, rounded
        outwards; empty where it is not known.
    """

    options: ModelOptions
    scale: tuple[float, ...]
    counts: Mapping[str, Any] = field(default_factory=dict)
    bounds: Mapping[str, Any] = field(default_factory=dict)
    calibration: Mapping[str, Any] | None = None
    out_of_panel: OutOfPanelTest | None = None
    groups: Groups | None = None
    assignment: Sequence[Mapping[str, Any]] = ()
    privacy: Mapping[str, float | None] = field(default_factory=dict)
    training: Sequence[Mapping[str, Any]] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    card: Mapping[str, str] = field(default_factory=dict)
    limits: Mapping[str, tuple[float, float]] = field(default_factory=dict, metadata={LATER: True})

    def as_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        plain = {name: getattr(self, name) for name in _PLAIN}
        return plain | {
            "options": asdict(self.options),
            "scale": list(self.scale),
            "out_of_panel": self.out_of_panel and self.out_of_panel.as_json(),
            "groups": self.groups and self.groups.as_json(),
            "assignment": list(self.assignment),
            "training": list(self.training),
        }


_PLAIN = ("counts", "bounds", "calibration", "privacy", "versions", "card", "limits")
