"""Encoders: from data to the context of a posterior."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .batch import Batch
from .nets import MLP, zero_init


class ScoreEncoder(nn.Module):
    """Context from scores and their precision.

    The inputs are the posterior means and standard deviations of scores under independent normal
    priors with the variances of the cohort. With few variants they approach the mean and the
    standard deviations of the cohort. The context has a linear part, so that a map can start from a
    linear one.

    Parameters
    ----------
    scale : Tensor, (features,)
        Standard deviation of each score over the cohort.
    width : int
        Of the hidden layers and of the context.
    """

    scale: Tensor

    def __init__(self, scale: Tensor, width: int) -> None:
        super().__init__()
        self.register_buffer("scale", scale.clone())
        self.net = MLP(2 * len(scale), width, width)
        self.linear = zero_init(nn.Linear(2 * len(scale), width))
        self.activate = nn.SiLU()

    def forward(self, batch: Batch) -> Tensor:
        """Context of each row; (n, width)."""
        return self.context(self.inputs(batch))

    def inputs(self, batch: Batch) -> Tensor:
        """What the networks are given, which no training changes; (n, 2 features)."""
        assert batch.factor is not None
        precision = batch.factor @ batch.factor.mT
        covariance = torch.linalg.inv(precision + torch.diag(self.scale**-2))
        evidence = torch.einsum("nij,nj->ni", precision, batch.x)
        mean = torch.einsum("nij,nj->ni", covariance, evidence) / self.scale
        spread = covariance.diagonal(dim1=-2, dim2=-1).sqrt() / self.scale
        return torch.cat([mean, spread.log()], -1)

    def context(self, inputs: Tensor) -> Tensor:
        """Context from ``inputs``; (n, width)."""
        context: Tensor = self.activate(self.net(inputs)) + self.linear(inputs)
        return context
