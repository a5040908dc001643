"""The interface of priors."""

from __future__ import annotations

import abc
from collections.abc import Sequence

import torch
from torch import Tensor, nn


class Prior(nn.Module, abc.ABC):
    """A density over latents that can be sampled, whole or by partition.

    Attributes
    ----------
    isotropic : bool
        Whether a rotation about the origin leaves the density as it is, so that axes may be
        rotated to a convenient rotation after the fit.
    """

    isotropic: bool = False

    @abc.abstractmethod
    def sample(self, n: int, label: Tensor | None = None) -> Tensor:
        """Draw (n, d) latents, each from the partition ``label`` says, (n,), if it does."""

    @abc.abstractmethod
    def log_prob(self, z: Tensor, label: Tensor | None = None) -> Tensor:
        """Log density of each row, log p(z) or log p(z | label), in nats; (n,)."""

    def as_published(self, n: int) -> Tensor:
        """Draw (n, d) latents as the DDVI paper does where this density is a blurred one."""
        return self.sample(n)

    def ladder(self) -> Sequence[Prior]:
        """Densities on the way from a standard normal to this one; none where it is short.

        Each has the partitions of this one. A fit that climbs them takes its latents along.
        """
        return ()

    def log_class(self) -> Tensor:
        """Log probability of each partition, (classes,); a single one by default."""
        return torch.zeros(1)

    def responsibilities(self, z: Tensor) -> Tensor | None:
        """Probabilities of learnt clusters at each place, (n, clusters); None without any."""
        del z
        return None
