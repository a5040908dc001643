"""UMAP of principal components, for comparison."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import torch

from .method import Recipe, Spec
from .transductive import Transductive


@dataclass(frozen=True)
class UMAP(Recipe):
    """Uniform manifold approximation and projection (McInnes et al. 2018), by umap-learn.

    Attributes
    ----------
    neighbours : int
        Size of the neighbourhoods that are kept.
    min_dist : float
        How close points may come.
    """

    neighbours: int = 15
    min_dist: float = 0.5

    def __post_init__(self) -> None:
        super().__post_init__()
        self._at_least(2, "neighbours")
        self._at_least(0, "min_dist")

    def build(self, spec: Spec, device: torch.device) -> Transductive:
        """Scores as they are: their spread is the weight of each component."""
        del device

        def arrange(features: np.ndarray, seed: int) -> np.ndarray:
            with warnings.catch_warnings():  # of a part we do not use, and that a seed means
                warnings.simplefilter("ignore")  # one thread
                import umap

                estimator = umap.UMAP(
                    n_components=spec.dims,
                    n_neighbors=min(self.neighbours, len(features) - 1),
                    min_dist=self.min_dist,
                    random_state=seed,
                )
                return np.asarray(estimator.fit_transform(features))

        return Transductive(arrange)
