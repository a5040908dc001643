"""Component scores as training data."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from ..genotypes.projection.scores import Scores
from ..models.batch import Batch
from ..models.modalities import ComponentScores
from .dataset import Dataset

MIN_SHARE = 0.005
"""Smallest share of variants that a thinned sample keeps in training."""


class ScoreData(Dataset):
    """Scores of samples with the precision of each, served in batches.

    Parameters
    ----------
    scores : Scores
        Of samples as ``embed`` computes them.
    device : torch.device
    labels : ndarray of int64, (samples,), optional
        Class number of each sample; -1 where it is not known.
    """

    def __init__(
        self, scores: Scores, device: torch.device, labels: np.ndarray | None = None
    ) -> None:
        self.x = torch.tensor(scores.value, dtype=torch.float32, device=device)
        self.factor = torch.tensor(scores.factor, dtype=torch.float32, device=device)
        self.label = None if labels is None else torch.tensor(labels, device=device)

    def __len__(self) -> int:
        return len(self.x)

    @property
    def modality(self) -> ComponentScores:
        """Component scores with the standard deviations of these."""
        return ComponentScores(self.scale.cpu())

    @property
    def scale(self) -> Tensor:
        """Standard deviation of each score, at least that of its noise; (features,)."""
        precision = self.factor.square().sum(-1).mean(0)
        noise = precision.clamp_min(1e-6).rsqrt()
        return torch.maximum(self.x.std(0, correction=0), noise)

    def batch(self, rows: Tensor | slice = slice(None)) -> Batch:
        """The samples ``rows``."""
        label = None if self.label is None else self.label[rows]
        return Batch(self.x[rows], self.factor[rows], label)

    def minibatch(self, size: int) -> Batch:
        """Samples drawn at random, half of them thinned to a random share of their variants.

        Keeping a share rho of a sample's variants multiplies the precision by rho and adds noise
        of (1 - rho) / rho times the covariance. Training on thinned samples teaches the posterior
        to widen with missing variants.
        """
        rows = torch.randint(len(self), (size,), device=self.x.device)
        share = torch.exp(math.log(MIN_SHARE) * torch.rand(size, device=self.x.device))
        share[: size // 2] = 1.0
        batch = self.batch(rows)
        lost = ((1 - share) / share).sqrt()[:, None]
        kept = share.sqrt()[:, None, None]
        return replace(batch, x=batch.x + lost * batch.noise(), factor=self.factor[rows] * kept)
