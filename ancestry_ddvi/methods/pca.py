"""Principal components, with the standard error of each sample."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from ..artefacts.typed import require
from ..data.dataset import Dataset
from ..inference.keyed_normals import keyed_normals
from ..inference.posterior_draws import PosteriorDraws
from ..training.trainer import Record
from .method import Method, Recipe, Spec


class PCAMethod(Method):
    """The leading scores in units of their standard deviation over the cohort.

    Scores are normal about the true scores of a sample, with the covariance that comes with the
    data. Under a flat prior that is the posterior too, so draws have equal weights.
    """

    rotatable = False
    steps = 0

    def __init__(self, dims: int) -> None:
        self.dims = dims
        self.scale = np.ones(dims)

    def fit(self, data: Dataset, advance: Callable[[int], None]) -> list[Record]:
        """Compute the standard deviations of the leading scores."""
        del advance
        self.scale = data.batch().x[:, : self.dims].double().std(0).cpu().numpy()
        return []

    def embed(self, data: Dataset, ids: Sequence[str], *, draws: int, seed: int) -> PosteriorDraws:
        """Normal draws about the scores of each sample."""
        batch = data.batch()
        assert batch.factor is not None
        factor = batch.factor.double().cpu().numpy()
        mean = batch.x.double().cpu().numpy()[:, : self.dims]
        spread = np.linalg.inv(factor @ factor.swapaxes(1, 2))[:, : self.dims, : self.dims]
        noise = keyed_normals(ids, draws, (1, self.dims), seed)[:, :, 0]
        error = np.einsum("nij,nsj->nsi", np.linalg.cholesky(spread), noise)
        return PosteriorDraws((mean[:, None] + error) / self.scale)

    def state(self) -> dict[str, np.ndarray]:
        """The units."""
        return {"scale": self.scale}

    def restore(self, state: Mapping[str, np.ndarray], device: torch.device) -> None:
        """Set the units."""
        del device
        require(bool((state["scale"] > 0).all()), "weights.scale is not above 0")
        self.scale = state["scale"]


@dataclass(frozen=True)
class PCA(Recipe):
    """Principal component analysis of standardised dosages (Patterson et al. 2006)."""

    def build(self, spec: Spec, device: torch.device) -> PCAMethod:
        """The leading ``dims`` scores."""
        del device
        return PCAMethod(spec.dims)
