"""The interfaces of posteriors."""

from __future__ import annotations

import abc

from torch import Tensor, nn

from ..batch import Draw


class Posterior(nn.Module, abc.ABC):
    """A function of a context and standard normals; it does not depend on x otherwise.

    Attributes
    ----------
    noise_shape : tuple of int
        (standard-normal vectors one draw consumes, latent dimensions).
    """

    noise_shape: tuple[int, int]

    @abc.abstractmethod
    def rsample(self, context: Tensor, noise: Tensor) -> Draw:
        """A differentiable draw for each row; ``noise`` is (n, *noise_shape)."""


class DensityPosterior(Posterior):
    """A posterior with a density, at its own draws and at others."""

    @abc.abstractmethod
    def log_q(self, z: Tensor, path: tuple[Tensor, ...], context: Tensor) -> Tensor:
        """Log q(z, path | context) - log r(path | z) of a given draw; (n,)."""

    def log_chain(self, z: Tensor, path: tuple[Tensor, ...], context: Tensor) -> Tensor:
        """The part of ``log_q`` below the top of a chain, or all of it; (n,)."""
        return self.log_q(z, path, context)

    @abc.abstractmethod
    def complete(self, z: Tensor) -> tuple[Tensor, ...]:
        """A path for z, drawn from r(path | z)."""
