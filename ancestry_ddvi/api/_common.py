"""What the commands share."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import UsageProblem
from ..genotypes.formats.registry import without_suffixes
from ..outputs import output

if TYPE_CHECKING:
    from ..artefacts.model import Model
    from ..inference.targets import GroupTarget
    from ..methods.method import Method
    from ..methods.networks import NetworkMethod


Inputs = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]
"""One path, or several."""


def paths_of(inputs: Inputs) -> tuple[str, ...]:
    """The paths, also where one is given by itself."""
    several = (inputs,) if isinstance(inputs, str | os.PathLike) else inputs
    return tuple(os.fspath(path) for path in several)


def default_prefix(inputs: Inputs, model: str | None = None) -> str:
    """The input's name without folder and suffix; for ``embed``, with the model's after it."""
    first = paths_of(inputs)[0]
    name = "stdin" if first == "-" else without_suffixes(Path(first).name)
    return name if model is None else f"{name}.in.{stem_of(model)}"


def stem_of(model: str) -> str:
    """The name of a model without folder and suffix."""
    return Path(model).name.removesuffix(".ddvi")


def counted(samples: int) -> str:
    """A number of samples in words."""
    return f"{samples:,} sample{'s' * (samples != 1)}"


def scores_beside(coords: str) -> Path:
    """``X.pcs.tsv`` of ``X.coords.tsv``."""
    return output("pcs").path(coords.removesuffix(".tsv").removesuffix(".coords"))


def counter(advance: Callable[[int], None]) -> Callable[[int, int | None], None]:
    """Turn "so many done in all" into "so many more done"."""
    before = 0

    def done(count: int, total: int | None) -> None:
        nonlocal before
        del total
        advance(count - before)
        before = count

    return done


def generator_of(method: Method, fitted: Model, name: str) -> NetworkMethod:
    """The method of a model, if it has a generator.

    Raises
    ------
    UsageProblem
    """
    from ..methods.networks import NetworkMethod

    if not isinstance(method, NetworkMethod):
        raise UsageProblem(
            f"{name} is a model of {fitted.record.options.method}, which has no generator",
            "Fit a method that has one, such as ddvi, vae or inflationary-flow.",
        )
    return method


def targets_of(fitted: Model, asked: Sequence[str]) -> list[GroupTarget]:
    """The groups of a model that are asked for; empty if none are.

    Raises
    ------
    UsageProblem
        If the model knows no groups, or not these.
    """
    from ..inference.targets import targets

    if not asked:
        return []
    if fitted.record.groups is None:
        raise UsageProblem(
            "the model knows no groups", "Leave out --population, or fit with --labels."
        )
    return targets(fitted.record.groups, asked, fitted.rotation)
