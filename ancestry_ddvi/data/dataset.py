"""The interface of data that a method can be fitted to."""

from __future__ import annotations

import abc

from torch import Tensor

from ..models.batch import Batch
from ..models.modalities import Modality


class Dataset(abc.ABC):
    """Rows of one kind of data, on a device."""

    @property
    @abc.abstractmethod
    def modality(self) -> Modality:
        """The kind of data: it builds encoders and likelihoods."""

    @abc.abstractmethod
    def __len__(self) -> int:
        """How many rows there are."""

    @abc.abstractmethod
    def batch(self, rows: Tensor | slice = slice(None)) -> Batch:
        """The given rows, the same in each call."""

    @abc.abstractmethod
    def minibatch(self, size: int) -> Batch:
        """Rows drawn at random, for training."""
