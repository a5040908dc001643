"""Classes inside a model: hypotheses about them, and contexts that include one."""

from __future__ import annotations

import abc
from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Hypotheses:
    """Rows of a batch, each under one class.

    Attributes
    ----------
    rows : Tensor of int64, (m,)
        Index of the row in the batch; a row may have several hypotheses.
    label : Tensor of int64, (m,), or None
        The class; None if the model has no classes.
    log_q : Tensor, (m,)
        Log probability of the class given the row; 0 where it is known. Those of a row sum to 1.
    """

    rows: Tensor
    label: Tensor | None
    log_q: Tensor


class Labels(nn.Module, abc.ABC):
    """q(label | x) on the context of x.

    Attributes
    ----------
    classes : int
        Number of classes; 0 if there are none.
    noise_vectors : int
        Standard-normal vectors that drawing a label consumes.
    """

    classes: int
    noise_vectors: int

    @abc.abstractmethod
    def hypotheses(self, context: Tensor, known: Tensor | None) -> Hypotheses:
        """All classes for rows of unknown class (-1), and the known class of the others."""

    @abc.abstractmethod
    def draw(self, context: Tensor, noise: Tensor) -> Hypotheses:
        """One class a row, drawn from q(label | x); ``noise`` is (n, noise_vectors, d)."""

    @abc.abstractmethod
    def with_class(self, context: Tensor, label: Tensor | None) -> Tensor:
        """The context together with a class; (n, width)."""

    @abc.abstractmethod
    def log_prob(self, context: Tensor, label: Tensor | None) -> Tensor:
        """Log q(label | x) of given classes; (n,)."""

    @abc.abstractmethod
    def probabilities(self, context: Tensor) -> Tensor | None:
        """q(label | x) of every class, (n, classes); None where there are no classes."""


class NoLabels(Labels):
    """No classes: one hypothesis for each row."""

    classes = 0
    noise_vectors = 0

    def hypotheses(self, context: Tensor, known: Tensor | None) -> Hypotheses:
        """Each row once."""
        del known
        rows = torch.arange(len(context), device=context.device)
        return Hypotheses(rows, None, context.new_zeros(len(context)))

    def draw(self, context: Tensor, noise: Tensor) -> Hypotheses:
        """Each row once."""
        del noise
        return self.hypotheses(context, None)

    def with_class(self, context: Tensor, label: Tensor | None) -> Tensor:
        """The context as it is."""
        del label
        return context

    def log_prob(self, context: Tensor, label: Tensor | None) -> Tensor:
        """Zero."""
        del label
        return context.new_zeros(len(context))

    def probabilities(self, context: Tensor) -> None:
        """None."""
        del context


class PredictedLabels(Labels):
    """A classifier on the context, and an embedding of each class that is added to it.

    Parameters
    ----------
    classes, context : int
    """

    noise_vectors = 1

    def __init__(self, classes: int, context: int) -> None:
        super().__init__()
        self.classes = classes
        self.head = nn.Linear(context, classes)
        self.embedding = nn.Embedding(classes, context)

    def log_probs(self, context: Tensor) -> Tensor:
        """Log q(label | x) of every class; (n, classes)."""
        logits: Tensor = self.head(context)
        return logits.log_softmax(-1)

    def hypotheses(self, context: Tensor, known: Tensor | None) -> Hypotheses:
        """All classes where the class is not known, with their probabilities."""
        if known is None:
            known = torch.full((len(context),), -1, device=context.device)
        log_q = self.log_probs(context)
        sure, open_ = (known >= 0).nonzero()[:, 0], (known < 0).nonzero()[:, 0]
        classes = torch.arange(self.classes, device=context.device)
        return Hypotheses(
            torch.cat([sure, open_.repeat_interleave(self.classes)]),
            torch.cat([known[sure], classes.repeat(len(open_))]),
            torch.cat([log_q.new_zeros(len(sure)), log_q[open_].flatten()]),
        )

    def draw(self, context: Tensor, noise: Tensor) -> Hypotheses:
        """One class for each row, by the quantile of the first normal of its noise."""
        log_q = self.log_probs(context)
        quantile = torch.special.ndtr(noise[:, 0, :1])
        label = (log_q.exp().cumsum(-1) < quantile).sum(-1).clamp_max(self.classes - 1)
        rows = torch.arange(len(context), device=context.device)
        return Hypotheses(rows, label, log_q[rows, label])

    def with_class(self, context: Tensor, label: Tensor | None) -> Tensor:
        """The context plus the embedding of the class."""
        both: Tensor = context + self.embedding(label)
        return both

    def log_prob(self, context: Tensor, label: Tensor | None) -> Tensor:
        """Log q(label | x) of given classes; (n,)."""
        assert label is not None
        return self.log_probs(context).gather(-1, label[:, None])[:, 0]

    def probabilities(self, context: Tensor) -> Tensor:
        """q(label | x) of every class; (n, classes)."""
        return self.log_probs(context).exp()
