"""The interface of priors."""

from __future__ import annotations

import abc
from collections.abc import Sequence

import torch
from torch import Tensor, nn

SPREAD_SEED = 7


def even_normals(n: int, dims: int) -> Tensor:
    """Points whose distribution is standard normal, more even than by chance; (n, dims)."""
    engine = torch.quasirandom.SobolEngine(dims, scramble=True, seed=SPREAD_SEED)  # type: ignore[no-untyped-call]
    quantile = engine.draw(n, dtype=torch.float64).clamp(1e-7, 1 - 1e-7)
    normal: Tensor = torch.special.ndtri(quantile)
    return normal.to(torch.get_default_dtype())


class Prior(nn.Module, abc.ABC):
    """A density of latents that can be sampled, as a whole or by partition.

    Attributes
    ----------
    isotropic : bool
        Whether the density is invariant to rotations about the origin, so that coordinates may be
        rotated after the fit.
    learnt : bool
        Whether its shape is learnt: its axes then mean nothing, and coordinates may be rotated too.
    """

    isotropic: bool = False
    learnt: bool = False

    @abc.abstractmethod
    def sample(self, n: int, label: Tensor | None = None) -> Tensor:
        """Draw (n, d) latents, each from its partition if ``label``, (n,), is given."""

    @abc.abstractmethod
    def log_prob(self, z: Tensor, label: Tensor | None = None) -> Tensor:
        """Log density of each row, log p(z) or log p(z | label), in nats; (n,)."""

    def as_published(self, n: int) -> Tensor:
        """Draw (n, d) latents from the distribution in the DDVI paper that this one replaces."""
        return self.sample(n)

    def spread(self, n: int) -> Tensor:
        """Latents that stand for the density, (n, d): even if possible, the same in each call."""
        with torch.random.fork_rng():
            torch.manual_seed(SPREAD_SEED)
            return self.sample(n)

    def ladder(self) -> Sequence[Prior]:
        """Densities between a standard normal and this one, in order; none by default.

        Each has the partitions of this one. Latents of a fit follow from one density to the next.
        """
        return ()

    def log_class(self) -> Tensor:
        """Log probability of each partition, (classes,); a single one by default."""
        return torch.zeros(1)

    def responsibilities(self, z: Tensor) -> Tensor | None:
        """Probabilities of learnt clusters at each latent, (n, clusters); None without clusters."""
        del z
        return None
