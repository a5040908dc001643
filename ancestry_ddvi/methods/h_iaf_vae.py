"""The variational autoencoder with an auxiliary latent and two flows."""

from __future__ import annotations

from dataclasses import dataclass

from ..models.posteriors.hierarchical import Hierarchical
from .iaf_vae import FlowRecipe
from .method import Spec


@dataclass(frozen=True)
class HierarchicalIAFVAE(FlowRecipe):
    """Auxiliary latent y ~ q(y | x), then z ~ q(z | x, y), both by flows; r(y | z) = N(0, I).

    The H-AEVB baseline of Piriyakulkij, Wang & Kuleshov (2025), after Maaloe et al. (2016).
    """

    def posterior(self, spec: Spec) -> Hierarchical:
        """A flow under a flow."""
        upper, lower = self.flow(spec), self.flow(spec)
        return Hierarchical(upper, lower, self.context(spec), self.flow_width)
