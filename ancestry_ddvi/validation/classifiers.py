"""Classifiers of grey images, and their calibration."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from ..training.objectives.base import Phase
from ..training.trainer import optimise

BATCH, RATES = 128, (3e-3, 1e-5)


def cnn_classifier(height: int, width: int, classes: int) -> nn.Sequential:
    """Two convolutions of stride two; from pixels (n, height * width) to logits."""
    left = -(-height // 4) * -(-width // 4)
    return nn.Sequential(
        nn.Unflatten(1, (1, height, width)),
        nn.Conv2d(1, 8, 3, 2, 1),
        nn.SiLU(),
        nn.Conv2d(8, 16, 3, 2, 1),
        nn.SiLU(),
        nn.Flatten(),
        nn.Linear(16 * left, 64),
        nn.SiLU(),
        nn.Linear(64, classes),
    )


def train_classifier(net: nn.Module, pixels: Tensor, label: Tensor, steps: int) -> None:
    """Train a classifier by cross entropy, and freeze its weights.

    Parameters
    ----------
    net : nn.Module
        From (n, features) to logits.
    pixels : Tensor, (n, features)
        Between 0 and 1.
    label : Tensor of int64, (n,)
    steps : int
        Minibatches of ``BATCH`` rows.

    Raises
    ------
    TrainingDiverged
    """

    def minibatch(step: int) -> Tensor:
        return torch.randint(len(label), (BATCH,), device=label.device)

    def loss(rows: Tensor) -> Tensor:
        return nn.functional.cross_entropy(net(pixels[rows]), label[rows])

    optimise([Phase("classifier", list(net.parameters()), loss)], steps, RATES, minibatch)
    net.requires_grad_(False).eval()


def fit_temperature(logits: Tensor, label: Tensor) -> float:
    """The number by which logits are divided so that their log loss is least (Guo et al. 2017).

    Parameters
    ----------
    logits : Tensor, (n, classes)
    label : Tensor of int64, (n,)
    """
    from scipy.optimize import minimize_scalar

    logits = logits.double()

    def loss(log_scale: float) -> float:
        return float(nn.functional.cross_entropy(logits / math.exp(log_scale), label))

    return math.exp(minimize_scalar(loss, bounds=(-3, 3), method="bounded").x)
