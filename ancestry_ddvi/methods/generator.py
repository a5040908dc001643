"""What a fitted method must offer for samples to be drawn from it."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np


@runtime_checkable
class Generator(Protocol):
    """A density of latents, and the samples who go with them; ``networks.NetworkMethod`` is one.

    Attributes
    ----------
    latents : int
        Of which the leading ones are the coordinates; mostly there are no others.
    """

    @property
    def latents(self) -> int: ...

    def sample_prior(self, count: int, seed: int) -> np.ndarray:
        """Draws from the prior, (count, latents); the same for the same seed and count."""

    def log_prior(self, z: np.ndarray) -> np.ndarray:
        """Log density of the prior, in nats; (..., latents) -> (...)."""

    def decode_scores(self, z: np.ndarray, normal: np.ndarray) -> np.ndarray:
        """True scores of samples at latents; (samples, components).

        Parameters
        ----------
        z : ndarray of float64, (samples, latents)
        normal : ndarray of float64, (samples, components)
            Standard normals, from which the residual is made.
        """
