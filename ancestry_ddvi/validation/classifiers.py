"""Classifiers of grey images: one whose word is a reward, and one that knows nothing of it."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

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
    """Train a classifier by cross entropy, and leave it with its weights fixed.

    Parameters
    ----------
    net : nn.Module
        From (n, features) to logits.
    pixels : Tensor, (n, features)
        Between 0 and 1.
    label : Tensor of int64, (n,)
    steps : int
        In minibatches of ``BATCH``.
    """
    optimiser = torch.optim.Adam(net.parameters(), RATES[0])
    falling = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps, RATES[1])
    for _ in range(steps):
        rows = torch.randint(len(label), (BATCH,), device=label.device)
        loss = nn.functional.cross_entropy(net(pixels[rows]), label[rows])
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        falling.step()
    net.requires_grad_(False).eval()


def temperature(logits: Tensor, label: Tensor) -> float:
    """The number that logits are to be divided by for their log loss to be least (Guo et al. 2017).

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
