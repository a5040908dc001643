"""What a fitted method must offer for people to be drawn from it."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np


@runtime_checkable
class Generator(Protocol):
    """A density of places, and the people who go with a place; ``networks.Trained`` is one."""

    def sample_prior(self, count: int, seed: int) -> np.ndarray:
        """Places from the prior, (count, dims); the same for the same seed and count."""

    def log_prior(self, z: np.ndarray) -> np.ndarray:
        """Log density of the prior at places, in nats; (..., dims) -> (...)."""

    def imagine(self, z: np.ndarray, normal: np.ndarray) -> np.ndarray:
        """True scores of people at places, chance made of standard normals; (people, components).

        Parameters
        ----------
        z : ndarray of float64, (people, dims)
        normal : ndarray of float64, (people, components)
        """
