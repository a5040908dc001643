"""A row of the table of filters: its options, what it keeps, and the function that decides."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from math import inf
from typing import TYPE_CHECKING, Any

from ....errors import UsageProblem

if TYPE_CHECKING:
    from ..log import Kept, QCLog
    from . import Filters

Keep = Callable[["QCLog", "Filters"], "Kept | None"]
"""What a filter does: from what is left of the cohort, and ``Filters``, to what it keeps.

None where the filter is not asked for; then it has no row in the QC log.
"""


@dataclass(frozen=True)
class Option:
    """A threshold or a switch: a keyword of ``Filters`` and an option of the command line.

    Attributes
    ----------
    name : str
        The keyword.
    default : float, bool or None
        A bool makes the option a switch, and giving it on the command line changes the default.
    help : str
        One sentence for ``--help``.
    metavar : str
        The unit of a threshold, in capitals.
    flag : str
        The option of the command line; by default the keyword with dashes.
    highest : float
        The largest threshold; the smallest is 0.
    unset : str
        What a default of None means, in words.
    usual, extra_chr : float or bool, optional
        What the default means, and what it means with ``--allow-extra-chr``.
    """

    name: str
    default: float | bool | None
    help: str
    metavar: str = ""
    flag: str = ""
    highest: float = inf
    unset: str = ""
    usual: float | None = None
    extra_chr: float | bool | None = None

    def __post_init__(self) -> None:
        if self.usual is not None and not self.unset:
            words = f"{self.usual:g}, or {self.extra_chr:g} with --allow-extra-chr"
            object.__setattr__(self, "unset", words)
        if not self.flag:
            object.__setattr__(self, "flag", f"--{self.name.replace('_', '-')}")

    @property
    def is_switch(self) -> bool:
        """Whether the option takes no value."""
        return isinstance(self.default, bool)

    def used(self, chosen: Any, allow_extra_chr: bool) -> Any:
        """The value that the filter takes; None if that is for ``unset`` to say."""
        if chosen != self.default:
            return chosen
        if allow_extra_chr and self.extra_chr is not None:
            return self.extra_chr
        return chosen if self.usual is None else self.usual

    def check(self, value: Any) -> None:
        """Check that a threshold is in range.

        Raises
        ------
        UsageProblem
        """
        if self.is_switch or value is None or 0 <= value <= self.highest:
            return
        limits = "of 0 or more" if self.highest == inf else f"from 0 to {self.highest:g}"
        raise UsageProblem(f"{self.flag} is {value}", f"Give a number {limits}.")


@dataclass(frozen=True)
class Filter:
    """A row of the table of filters.

    Attributes
    ----------
    keep : callable
        See ``Keep``.
    keeps : str
        What it keeps, for the table in docs/filters.md.
    why : str
        Why, for the same table.
    remedy : str
        What to do where it keeps too little, as an imperative sentence.
    options : tuple of Option
    takes_most : bool
        Whether it is usual that it takes most of the variants, as of whole genomes.
    """

    keep: Keep
    keeps: str
    why: str
    remedy: str
    options: tuple[Option, ...] = ()
    takes_most: bool = False


def imported(name: str) -> Keep:
    """The function at "module:function" of this package, imported when called.

    So the table can be read for ``--help`` without loading NumPy.
    """
    module, attribute = name.split(":")

    def keep(log: QCLog, filters: Filters) -> Kept | None:
        function: Keep = getattr(import_module(f".{module}", __package__), attribute)
        return function(log, filters)

    return keep
