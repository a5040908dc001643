"""The table of benchmarks, and how one is run: ``ddvi-ancestry benchmark NAME``."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from ..errors import UsageProblem
from ..evaluation.tables import Table
from ..methods import METHODS, recipe_class, row
from .conditional import CONDITIONAL
from .image_flows import IMAGE_FLOWS
from .images import IMAGES
from .study import Study, StudyOptions, Workspace, run
from .toys import TOY_FLOWS


@dataclass(frozen=True)
class Benchmark:
    """A row of the table.

    Attributes
    ----------
    studies : tuple of Study
        A method belongs to the first that fits its kind of recipe.
    collection : str
        The images it needs; "" for none.
    """

    studies: tuple[Study[Any, Any], ...]
    collection: str = ""

    @property
    def methods(self) -> tuple[str, ...]:
        """The methods fitted by default."""
        return tuple(method for study in self.studies for method in study.methods)

    def study_of(self, method: str) -> Study[Any, Any]:
        """The study that fits a method.

        Raises
        ------
        UsageProblem
            If there is no such method, or no study fits it.
        """
        row(method)
        for study in self.studies:
            if issubclass(recipe_class(method), study.recipe):
                return study
        kinds = tuple(study.recipe for study in self.studies)
        known = [name for name in METHODS if issubclass(recipe_class(name), kinds)]
        raise UsageProblem(
            f"this benchmark cannot fit {method}", f"Choose from {', '.join(known)}."
        )

    def plan(self, options: StudyOptions) -> list[tuple[Study[Any, Any], list[Any]]]:
        """Every study that is asked for, with its trials.

        Raises
        ------
        UsageProblem
            If a trial is not possible.
        """
        asked: dict[int, list[str]] = {}
        for method in options.methods or self.methods:
            asked.setdefault(self.studies.index(self.study_of(method)), []).append(method)
        return [
            (self.studies[i], self.studies[i].plan(replace(options, methods=tuple(methods))))
            for i, methods in asked.items()
        ]


BENCHMARKS = {
    "mnist": Benchmark((IMAGES, IMAGE_FLOWS), "mnist"),
    "cifar10": Benchmark((IMAGES, IMAGE_FLOWS), "cifar10"),
    "conditional": Benchmark((CONDITIONAL,), "mnist"),
    "toy": Benchmark((TOY_FLOWS,)),
}


def benchmark(name: str) -> Benchmark:
    """The benchmark of a name.

    Raises
    ------
    UsageProblem
        If there is none.
    """
    if name not in BENCHMARKS:
        raise UsageProblem(
            f"there is no benchmark '{name}'", f"Choose from {', '.join(BENCHMARKS)}."
        )
    return BENCHMARKS[name]


def run_all(plan: list[tuple[Study[Any, Any], list[Any]]], where: Workspace) -> dict[str, Table]:
    """Run the studies of a plan; their tables by suffix."""
    return {study.suffix: run(study, trials, where) for study, trials in plan}
