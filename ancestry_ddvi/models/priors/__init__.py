"""The table of priors: densities of the latents before any data is seen."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from ...errors import UsageProblem
from .adaptive import make_adaptive
from .base import Prior
from .gaussian import make_normal
from .mixture import make_mixture
from .pinwheel import make_pinwheel
from .ring import make_ring
from .square import make_square
from .swiss_roll import make_swiss_roll

NO_DIMS = (0, 0)


class Parameter(NamedTuple):
    """The number that may follow the name of a prior, as in "mixture:12".

    Attributes
    ----------
    default : float
    least, most : float
        Range of values, both included.
    whole : bool
        Whether only whole numbers are valid.
    meaning : str
        Used in error messages: "a number", "a standard deviation".
    """

    default: float
    least: float
    most: float
    whole: bool = False
    meaning: str = "a number"

    def read(self, text: str) -> float | None:
        """The number, or None if the text is not one or the value is out of range."""
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        valid = self.least <= value <= self.most and not (self.whole and value % 1)
        return value if valid else None

    def __str__(self) -> str:
        return f"{self.meaning} from {self.least:g} to {self.most:g}"


class PriorEntry(NamedTuple):
    """A row of the table.

    Attributes
    ----------
    make : callable
        Takes dimensions, classes (0 for the prior's own number) and the parameter; returns a Prior.
    parameter : Parameter or None
        None if the name takes no number; ``make`` is then given 0.
    dims : tuple of int
        Smallest and largest number of dimensions.
    class_dims : tuple of int, optional
        The same, where the prior has one partition for each class; by default ``dims``.
    """

    make: Callable[[int, int, float], Prior]
    parameter: Parameter | None = None
    dims: tuple[int, int] = (1, 64)
    class_dims: tuple[int, int] | None = None

    def has_partitions(self, dims: int) -> bool:
        """Whether classes can guide a fit in so many dimensions."""
        least, most = self.class_dims or self.dims
        return least <= dims <= most


_PARTS = Parameter(10, 2, 200, whole=True)
_SD = Parameter(0.1, 0.01, 1, meaning="a standard deviation")

PRIORS: dict[str, PriorEntry] = {
    "normal": PriorEntry(make_normal, class_dims=NO_DIMS),
    "adaptive": PriorEntry(make_adaptive, _PARTS._replace(default=20), class_dims=NO_DIMS),
    "mixture": PriorEntry(make_mixture, _PARTS._replace(default=20)),
    "ring": PriorEntry(make_ring, _PARTS, (2, 2)),
    "pinwheel": PriorEntry(make_pinwheel, _PARTS, (2, 2)),
    "swiss-roll": PriorEntry(make_swiss_roll, _SD, (2, 64)),
    "square": PriorEntry(make_square, _SD._replace(default=0.06), (2, 4), class_dims=(2, 2)),
}


def prior(text: str, dims: int, classes: int = 0) -> Prior:
    """The prior named by ``NAME`` or ``NAME:NUMBER``.

    Parameters
    ----------
    text : str
        A name of ``PRIORS``, with a number where it takes one: "mixture:12", "square:0.02".
    dims : int
        Latent dimensions.
    classes : int
        Partitions wanted; 0 for the prior's own number.

    Raises
    ------
    UsageProblem
        If there is no such prior, or not with this number, in these dimensions, or with classes.
    """
    name, colon, number = text.partition(":")
    if name not in PRIORS:
        raise UsageProblem(f"there is no prior '{name}'", f"Choose from {', '.join(PRIORS)}.")
    row = PRIORS[name]
    least, most = row.dims
    if not least <= dims <= most:
        allowed = f"{least}" if least == most else f"{least} to {most}"
        raise UsageProblem(f"prior {name} has no {dims} dimensions", f"Use --dims {allowed}.")
    if classes and not row.has_partitions(dims):
        fitting = ", ".join(other for other, r in PRIORS.items() if r.has_partitions(dims))
        raise UsageProblem(f"prior {name} has no partitions for classes", f"Choose from {fitting}.")
    return row.make(dims, classes, _number(name, row.parameter, number if colon else None))


def _number(name: str, parameter: Parameter | None, text: str | None) -> float:
    """The number after the colon, or its default.

    Raises
    ------
    UsageProblem
        If the prior takes no number, or not this one.
    """
    if text is None:
        return parameter.default if parameter else 0.0
    if parameter is None:
        raise UsageProblem(f"prior {name} takes no number", f"Write --prior {name}.")
    value = parameter.read(text)
    if value is None:
        raise UsageProblem(
            f"--prior {name}:{text} is not valid",
            f"The number is {parameter}, as in {name}:{parameter.default:g}.",
        )
    return value
