"""The table of methods: a name, and where its recipe lives."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from ..errors import UsageProblem

if TYPE_CHECKING:
    from .method import Recipe

METHODS: dict[str, str] = {
    "ddvi": "ddvi:DDVI",
    "vae": "vae:VAE",
}
"""Name of a method -> module and class of its recipe, imported when asked for."""


def recipe_class(name: str) -> type[Recipe]:
    """The recipe of a method.

    Raises
    ------
    UsageProblem
        If there is no method of that name.
    """
    if name not in METHODS:
        raise UsageProblem(f"there is no method '{name}'", f"Choose from {', '.join(METHODS)}.")
    module, attribute = METHODS[name].split(":")
    found: type[Recipe] = getattr(import_module(f".{module}", __name__), attribute)
    return found
