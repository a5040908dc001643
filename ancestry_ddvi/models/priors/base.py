"""The interface of priors."""

from __future__ import annotations

import abc

from torch import Tensor, nn


class Prior(nn.Module, abc.ABC):
    """A density over latents that can be sampled.

    Attributes
    ----------
    isotropic : bool
        Whether a rotation about the origin leaves the density as it is, so that axes may be
        turned to a convenient orientation after the fit.
    """

    isotropic: bool = False

    @abc.abstractmethod
    def sample(self, n: int) -> Tensor:
        """Draw (n, d) latents."""

    @abc.abstractmethod
    def log_prob(self, z: Tensor) -> Tensor:
        """Log density of each row; (n,)."""
