"""The variational autoencoder with an inverse autoregressive flow."""

from __future__ import annotations

import abc
from dataclasses import dataclass

from ..models.posteriors.gaussian import Gaussian
from ..models.posteriors.iaf import IAF
from .method import Spec
from .networks import BoundRecipe


@dataclass(frozen=True)
class FlowRecipe(BoundRecipe, abc.ABC):
    """Settings of posteriors made of inverse autoregressive flows.

    Attributes
    ----------
    flows : int
        Steps of the flow, the order of coordinates reversed at every other.
    flow_width : int
        Hidden width of each step's network.
    """

    flows: int = 4
    flow_width: int = 64

    def __post_init__(self) -> None:
        super().__post_init__()
        self._at_least(1, "flows", "flow_width")

    def flow(self, spec: Spec) -> IAF:
        """One stack of flows on its own diagonal normal."""
        gaussian = Gaussian(spec.dims, self.context(spec))
        return IAF(gaussian, self.context(spec), self.flow_width, self.flows)


@dataclass(frozen=True)
class IAFVAE(FlowRecipe):
    """Variational autoencoder with inverse autoregressive flows (Kingma et al. 2016)."""

    def posterior(self, spec: Spec) -> IAF:
        """Flows on a diagonal normal."""
        return self.flow(spec)
