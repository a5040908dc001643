"""The variational autoencoder with a Gaussian posterior."""

from __future__ import annotations

from dataclasses import dataclass

from ..models.posteriors.gaussian import Gaussian
from .method import Spec
from .networks import BoundRecipe


@dataclass(frozen=True)
class VAE(BoundRecipe):
    """Variational autoencoder (Kingma & Welling 2014) with a Gaussian posterior."""

    def posterior(self, spec: Spec) -> Gaussian:
        """Diagonal normal."""
        return Gaussian(spec.dims, self.context(spec))
