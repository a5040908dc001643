"""A point: the output of a deterministic encoder."""

from __future__ import annotations

from torch import Tensor, nn

from ..batch import Draw
from .base import Posterior


class Point(Posterior):
    """z = m(x), with no density and no uncertainty.

    Parameters
    ----------
    dims, context : int
        Latent dimensions and width of the context.
    """

    def __init__(self, dims: int, context: int) -> None:
        super().__init__()
        self.head = nn.Linear(context, dims)
        self.noise_shape = (1, dims)

    def rsample(self, context: Tensor, noise: Tensor) -> Draw:
        """The point; the noise is not used."""
        del noise
        return Draw(self.head(context), (), None)
