"""The table of methods: name, recipe, and the settings that differ from its defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import UsageProblem

if TYPE_CHECKING:
    from .method import Recipe


class MethodEntry(NamedTuple):
    """A row of the table.

    Attributes
    ----------
    recipe : str
        Module and class, "package.module:Class", imported on first use; a leading dot stands for
        this package.
    summary : str
        One line, for ``ddvi-ancestry methods``.
    settings : mapping of str to object
        Settings that differ from the defaults of the class.
    embeds_new_samples : bool
        Whether samples that were not in the fit can be embedded.
    gives_sd : bool
        Whether it gives posterior standard deviations.
    uses_labels : bool
        Whether known classes can guide the fit.
    """

    recipe: str
    summary: str
    settings: Mapping[str, Any] = {}
    embeds_new_samples: bool = True
    gives_sd: bool = True
    uses_labels: bool = True


METHODS: dict[str, MethodEntry] = {
    "ddvi": MethodEntry(".ddvi:DDVI", "denoising diffusion variational inference"),
    "ddvi-simple": MethodEntry(
        ".ddvi:DDVI",
        "simplified ddvi: unconditional chain, latent-space sleep",
        {
            "chain": "unconditional",
            "sleep": "latent",
            "schedule": "cosine",
            "belief": "network",
        },
    ),
    "ddvi-no-sleep": MethodEntry(
        ".ddvi:DDVI",
        "ddvi without sleep: the bound alone",
        {"sleep": "none", "belief": "network"},
    ),
    "vae": MethodEntry(".vae:VAE", "variational autoencoder, Gaussian posterior"),
    "iwae": MethodEntry(
        ".vae:VAE", "vae with an importance-weighted bound of 8 draws", {"importance": 8}
    ),
    "iaf-vae": MethodEntry(".iaf_vae:IAFVAE", "inverse autoregressive flow posterior"),
    "h-iaf-vae": MethodEntry(
        ".h_iaf_vae:HierarchicalIAFVAE",
        "hierarchical posterior of two inverse autoregressive flows",
    ),
    "aae": MethodEntry(".aae:AAE", "adversarial autoencoder", gives_sd=False),
    "inflationary-flow": MethodEntry(
        ".inflationary_flow:InflationaryFlow",
        "inflationary flow: an invertible map of all components",
        uses_labels=False,
    ),
    "outsourced": MethodEntry(
        ".outsourced:Outsourced",
        "outsourced diffusion sampling of another method's posterior",
    ),
    "pca": MethodEntry(
        ".pca:PCA",
        "principal components, with the standard error of each sample",
        uses_labels=False,
    ),
    "umap": MethodEntry(
        ".umap:UMAP",
        "UMAP of principal components",
        embeds_new_samples=False,
        gives_sd=False,
        uses_labels=False,
    ),
    "tsne": MethodEntry(
        ".tsne:TSNE",
        "t-SNE of principal components",
        embeds_new_samples=False,
        gives_sd=False,
        uses_labels=False,
    ),
}


def row(name: str) -> MethodEntry:
    """The row of a method.

    Raises
    ------
    UsageProblem
        If there is no method of that name.
    """
    if name not in METHODS:
        raise UsageProblem(f"there is no method '{name}'", f"Choose from {', '.join(METHODS)}.")
    return METHODS[name]


def recipe_class(name: str) -> type[Recipe]:
    """The class of a method's recipe, imported.

    Raises
    ------
    UsageProblem
        If there is no method of that name.
    """
    module, attribute = row(name).recipe.split(":")
    kind: type[Recipe] = getattr(import_module(module, __name__), attribute)
    return kind


def recipe(name: str) -> Recipe:
    """The recipe of a method with the settings of its row.

    Raises
    ------
    UsageProblem
        If there is no method of that name.
    """
    return replace(recipe_class(name)(), **row(name).settings)
