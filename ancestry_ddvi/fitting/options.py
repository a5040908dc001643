"""What the user chose of a fit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from ..artefacts.record import ModelOptions
from ..errors import UsageProblem
from ..genotypes.qc.filters import Filters
from ..methods import recipe as recipe_of
from ..methods import row
from ..methods.method import Recipe
from ..methods.settings import with_settings


@dataclass(frozen=True)
class FitOptions:
    """Everything that decides what a fit of given genotypes gives.

    Attributes
    ----------
    method : str
        A name of ``methods.METHODS``.
    dims : int
        Number of coordinates.
    seed : int
    filters : Filters
    settings : mapping of str to str
        Settings of the method's recipe.
    classes : tuple of str
        Names of the classes that guide the fit; none by default.
    """

    method: str = "ddvi"
    dims: int = 2
    seed: int = 42
    filters: Filters = field(default_factory=Filters)
    settings: Mapping[str, str] = field(default_factory=dict)
    classes: tuple[str, ...] = ()

    @property
    def recipe(self) -> Recipe:
        """The method's recipe with the settings applied.

        Raises
        ------
        UsageProblem
            If the method or a setting is unknown, or the method cannot be guided by classes.
        """
        chosen = with_settings(recipe_of(self.method), self.settings)
        if self.classes and not row(self.method).uses_labels:
            raise UsageProblem(
                f"{self.method} cannot be guided by labels", "Leave out --semi-supervised."
            )
        chosen.check(self.dims, len(self.classes))
        return chosen

    def recorded(self, recipe: Recipe) -> ModelOptions:
        """The same with every setting of the recipe that was used, as the model keeps it."""
        return ModelOptions(
            method=self.method,
            dims=self.dims,
            seed=self.seed,
            filters=self.filters.as_json(),
            settings=asdict(recipe),
            classes=self.classes,
        )
