"""Methods that embed all samples jointly and cannot embed new samples."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch

from ..data.dataset import Dataset
from ..inference.posterior_draws import PosteriorDraws
from ..training.trainer import Record
from .method import Method

Arrange = Callable[[np.ndarray, int], np.ndarray]
"""From features (samples, features) and a seed to coordinates (samples, dims)."""


class Transductive(Method):
    """A joint embedding: there is no model for new samples, and no uncertainty."""

    rotatable = True
    steps = 0

    def __init__(self, arrange: Arrange) -> None:
        self.arrange = arrange

    def fit(self, data: Dataset, advance: Callable[[int], None]) -> list[Record]:
        """Nothing is fitted before ``embed``."""
        del data, advance
        return []

    def embed(self, data: Dataset, ids: Sequence[str], *, draws: int, seed: int) -> PosteriorDraws:
        """Embed these samples jointly."""
        del ids, draws
        coordinates = self.arrange(data.batch().x.double().cpu().numpy(), seed)
        return PosteriorDraws(coordinates.astype(np.float64)[:, None])

    def state(self) -> dict[str, np.ndarray]:
        """Empty: the coordinates of the samples in the fit are not kept."""
        return {}

    def restore(self, state: Mapping[str, np.ndarray], device: torch.device) -> None:
        """Nothing to restore."""
        del state, device
