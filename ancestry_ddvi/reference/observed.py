"""Scores of samples with the covariance of their noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class ObservedScores:
    """What is known of the expected scores of samples.

    Attributes
    ----------
    value : ndarray of float64, (samples, kept)
    covariance : ndarray of float64, (samples, kept, kept)
        Of ``value`` about its expectation.
    thinning : ndarray of float64, (samples,)
        Number of variants of the model over the effective number observed.
    """

    value: np.ndarray
    covariance: np.ndarray
    thinning: np.ndarray

    def __len__(self) -> int:
        return len(self.value)

    def __getitem__(self, samples: np.ndarray | slice) -> ObservedScores:
        return ObservedScores(self.value[samples], self.covariance[samples], self.thinning[samples])
