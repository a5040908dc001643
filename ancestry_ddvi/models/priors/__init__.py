"""What is believed of a row's place before any of its data is seen."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from ...errors import UsageProblem
from . import shapes
from .base import Prior
from .gaussian import StandardNormal
from .mixture import Mixture


class PriorEntry(NamedTuple):
    """A row of the table.

    Attributes
    ----------
    make : callable
        From dimensions, classes (0: the prior's own number) and the number after the colon.
    number : float or None
        That number where it is not given; None where the name takes none.
    meaning : str
        What the number is, and what it may be.
    dims : tuple of int
        Fewest and most dimensions.
    partitioned : bool
        Whether it has a partition for each class.
    """

    make: Callable[[int, int, float], Prior]
    number: float | None = None
    meaning: str = ""
    dims: tuple[int, int] = (1, 64)
    partitioned: bool = True


_COUNT = "a number from 2 to 200"
_SD = "a standard deviation from 0.01 to 1"

PRIORS: dict[str, PriorEntry] = {
    "normal": PriorEntry(lambda dims, *_: StandardNormal(dims), partitioned=False),
    "mixture": PriorEntry(
        lambda dims, classes, clusters: Mixture(dims, classes or int(clusters)), 20, _COUNT
    ),
    "ring": PriorEntry(shapes.ring, 10, _COUNT, (2, 2)),
    "pinwheel": PriorEntry(shapes.pinwheel, 10, _COUNT, (2, 2)),
    "swiss-roll": PriorEntry(shapes.swiss_roll, 0.1, _SD, (2, 64)),
    "square": PriorEntry(shapes.square, 0.06, _SD, (2, 4)),
}
_RANGES = {_COUNT: (2.0, 200.0), _SD: (0.01, 1.0)}


def prior(text: str, dims: int, classes: int = 0) -> Prior:
    """The prior that ``NAME`` or ``NAME:NUMBER`` says.

    Parameters
    ----------
    text : str
        A name of ``PRIORS``, with a number where it takes one: "mixture:12", "square:0.02".
    dims : int
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
    if classes and (not row.partitioned or (name == "square" and dims > 2)):
        fitting = ", ".join(other for other, r in PRIORS.items() if r.partitioned)
        raise UsageProblem(f"prior {name} has no partitions for classes", f"Choose from {fitting}.")
    return row.make(dims, classes, _number(name, row, number) if colon else row.number or 0)


def _number(name: str, row: PriorEntry, text: str) -> float:
    """The number after the colon.

    Raises
    ------
    UsageProblem
        If the prior takes none, or not this one.
    """
    if row.number is None:
        raise UsageProblem(f"prior {name} takes no number", f"Write --prior {name}.")
    least, most = _RANGES[row.meaning]
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not least <= value <= most or (row.meaning == _COUNT and value % 1):
        raise UsageProblem(
            f"--prior {name}:{text} cannot be meant",
            f"The number is {row.meaning}, as in {name}:{row.number:g}.",
        )
    return value
