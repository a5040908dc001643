"""Weights that come with the tests, so that no test depends on how a processor rounds in training.

Training on another kind of processor gives another network, and a test of uniformity that fails on
one network in a hundred then fails on one machine in a hundred. Stored networks are the same
everywhere. After a change of a network, train them again with
``DDVI_TRAIN_TEST_WEIGHTS=1 python -m pytest tests/engine tests/models``.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import nn

FOLDER = Path(__file__).parents[1] / "weights"


def stored(name: str, module: nn.Module, train: Callable[[], object]) -> None:
    """Give a module the weights of ``tests/weights/NAME.npz``, or train it and store them there."""
    path = FOLDER / f"{name}.npz"
    if os.environ.get("DDVI_TRAIN_TEST_WEIGHTS"):
        train()
        state = {key: value.numpy() for key, value in module.state_dict().items()}
        path.parent.mkdir(exist_ok=True)
        np.savez_compressed(path, **state)
    with np.load(path) as file:
        module.load_state_dict({key: torch.tensor(file[key]) for key in file.files})
