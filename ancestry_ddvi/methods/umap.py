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
        Number of neighbours.
    min_dist : float
        Smallest distance of points in the embedding.
    """

    neighbours: int = 15
    min_dist: float = 0.5

    def __post_init__(self) -> None:
        super().__post_init__()
        self._at_least(2, "neighbours")
        self._at_least(0, "min_dist")

    def build(self, spec: Spec, device: torch.device) -> Transductive:
        """UMAP of unscaled scores: a component counts by its variance."""
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
