"""Methods that arrange the samples they are given, and cannot place any sample else."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch

from ..data.dataset import Dataset
from ..inference.posterior_draws import PosteriorDraws
from ..training.trainer import Record
from .method import Method

Arrange = Callable[[np.ndarray, int], np.ndarray]
"""From features (samples, features) and a seed to places (samples, dims)."""


class Transductive(Method):
    """An arrangement of every sample at once: no model is learnt and no uncertainty is claimed."""

    rotatable = True
    steps = 0

    def __init__(self, arrange: Arrange) -> None:
        self.arrange = arrange

    def fit(self, data: Dataset, advance: Callable[[int], None]) -> list[Record]:
        """Nothing is learnt before samples are placed."""
        del data, advance
        return []

    def embed(self, data: Dataset, ids: Sequence[str], *, draws: int, seed: int) -> PosteriorDraws:
        """Arrange these samples, each with the others in view."""
        del ids, draws
        places = self.arrange(data.batch().x.double().cpu().numpy(), seed)
        return PosteriorDraws(places.astype(np.float64)[:, None])

    def state(self) -> dict[str, np.ndarray]:
        """Nothing: what would be kept are samples' own places."""
        return {}

    def restore(self, state: Mapping[str, np.ndarray], device: torch.device) -> None:
        """Nothing to take over."""
        del state, device
