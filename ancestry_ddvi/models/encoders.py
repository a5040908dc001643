"""What a network is shown of the data before it guesses the latents."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .batch import Batch
from .nets import MLP


class ScoreEncoder(nn.Module):
    """Context from scores and their precision.

    The network sees scores shrunk towards the cohort by their own uncertainty, and that
    uncertainty: the posterior mean and standard deviation under independent normal scores with
    the cohort's variances. With few variants the input is the cohort's centre and a wide bar, not
    a wild number.

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
        self.activate = nn.SiLU()

    def forward(self, batch: Batch) -> Tensor:
        """Context of each row; (n, width)."""
        assert batch.factor is not None
        precision = batch.factor @ batch.factor.mT
        covariance = torch.linalg.inv(precision + torch.diag(self.scale**-2))
        evidence = torch.einsum("nij,nj->ni", precision, batch.x)
        mean = torch.einsum("nij,nj->ni", covariance, evidence) / self.scale
        spread = covariance.diagonal(dim1=-2, dim2=-1).sqrt() / self.scale
        context: Tensor = self.activate(self.net(torch.cat([mean, spread.log()], -1)))
        return context
