"""The table of methods: a name, where its recipe lives, and the settings it starts from."""

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
        Module and class, imported when asked for.
    summary : str
        One line for samples.
    settings : mapping of str to object
        What differs from the defaults of the class.
    embeds_new_samples : bool
        Whether it can place a new sample without fitting again.
    error_bars : bool
        Whether it says how sure a place is.
    uses_labels : bool
        Whether known classes can guide the fit.
    """

    recipe: str
    summary: str
    settings: Mapping[str, Any] = {}
    embeds_new_samples: bool = True
    error_bars: bool = True
    uses_labels: bool = True


METHODS: dict[str, MethodEntry] = {
    "ddvi": MethodEntry("ddvi:DDVI", "denoising diffusion variational inference"),
    "ddvi-simple": MethodEntry(
        "ddvi:DDVI",
        "its simplified form: a chain that sees no data, latent-space sleep",
        {"chain": "unconditional", "sleep": "latent", "schedule": "cosine"},
    ),
    "ddvi-no-sleep": MethodEntry("ddvi:DDVI", "its ablation: the bound alone", {"sleep": "none"}),
    "vae": MethodEntry("vae:VAE", "variational autoencoder, Gaussian posterior"),
    "iwae": MethodEntry(
        "vae:VAE", "the same, importance-weighted bound of 8 draws", {"importance": 8}
    ),
    "iaf-vae": MethodEntry("iaf_vae:IAFVAE", "inverse autoregressive flow posterior"),
    "h-iaf-vae": MethodEntry(
        "h_iaf_vae:HierarchicalIAFVAE", "hierarchical posterior of two such flows"
    ),
    "aae": MethodEntry("aae:AAE", "adversarial autoencoder", error_bars=False),
    "inflationary-flow": MethodEntry(
        "inflationary_flow:InflationaryFlow",
        "inflationary flow: a unique and invertible map of all components",
        uses_labels=False,
    ),
    "outsourced": MethodEntry(
        "outsourced:Outsourced",
        "outsourced diffusion sampling: the exact posterior of another method's generator",
    ),
    "pca": MethodEntry(
        "pca:PCA", "principal components with the noise of each sample", uses_labels=False
    ),
    "umap": MethodEntry(
        "umap:UMAP",
        "UMAP of principal components",
        embeds_new_samples=False,
        error_bars=False,
        uses_labels=False,
    ),
    "tsne": MethodEntry(
        "tsne:TSNE",
        "t-SNE of principal components",
        embeds_new_samples=False,
        error_bars=False,
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


def recipe(name: str) -> Recipe:
    """The recipe of a method with the settings of its row.

    Raises
    ------
    UsageProblem
        If there is no method of that name.
    """
    chosen = row(name)
    module, attribute = chosen.recipe.split(":")
    kind: type[Recipe] = getattr(import_module(f".{module}", __name__), attribute)
    return replace(kind(), **chosen.settings)
