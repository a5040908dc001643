"""t-SNE of principal components, for comparison."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from ..errors import UsageProblem
from .method import Recipe, Spec
from .transductive import Transductive

MAX_DIMS = 3


@dataclass(frozen=True)
class TSNE(Recipe):
    """t-distributed stochastic neighbour embedding (van der Maaten & Hinton 2008), scikit-learn's.

    Attributes
    ----------
    perplexity : float
        Effective number of neighbours.
    """

    perplexity: float = 30.0

    def __post_init__(self) -> None:
        super().__post_init__()
        self._at_least(1, "perplexity")

    def check(self, dims: int, classes: int) -> None:
        """Check that there are at most three dimensions."""
        super().check(dims, classes)
        if dims > MAX_DIMS:
            raise UsageProblem(f"tsne has no {dims} dimensions", "Use --dims 2 or 3.")

    def build(self, spec: Spec, device: torch.device) -> Transductive:
        """t-SNE of unscaled scores: a component counts by its variance."""
        del device

        def arrange(features: np.ndarray, seed: int) -> np.ndarray:
            from sklearn import manifold

            perplexity = min(self.perplexity, (len(features) - 1) / 3)
            estimator = manifold.TSNE(
                spec.dims, perplexity=perplexity, init="pca", random_state=seed
            )
            return np.asarray(estimator.fit_transform(features))

        return Transductive(arrange)
