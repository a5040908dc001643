"""Fully connected layers, Fourier features and initialisations."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable


class MLP(nn.Module):
    """Fully connected layers with SiLU between them.

    Parameters
    ----------
    inputs, outputs, width : int
    depth : int
        Number of hidden layers.
    """

    def __init__(self, inputs: int, outputs: int, width: int, depth: int = 2) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for i in range(depth):
            layer = nn.Linear(width, width) if i else first_layer(inputs, width)
            layers += [layer, nn.SiLU()]
        self.hidden = nn.Sequential(*layers)
        self.head = nn.Linear(width, outputs)
        nn.init.zeros_(self.head.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, inputs) to (n, outputs)."""
        out: Tensor = self.head(self.hidden(x))
        return out


FEW = 4
"""Inputs of a layer for which products with a matrix of as many columns are slow."""


def first_layer(inputs: int, outputs: int) -> nn.Linear:
    """A linear layer, with gradients that suit few inputs."""
    return (FewInputs if inputs <= FEW else nn.Linear)(inputs, outputs)


class FewInputs(nn.Linear):
    """A linear layer whose gradients are computed transposed: several times faster in BLAS."""

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, inputs) to (n, outputs)."""
        out: Tensor = _FewInputs.apply(x, self.weight, self.bias)  # type: ignore[no-untyped-call]
        return out


class _FewInputs(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        ctx.save_for_backward(x, weight)
        return torch.addmm(bias, x, weight.mT)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        x, weight = ctx.saved_tensors
        by_x = gradient @ weight.mT.contiguous().mT
        return by_x, (x.mT @ gradient).mT, gradient.sum(0)


class FourierFeatures(nn.Module):
    """Random Fourier features: z, sin(w z) and cos(w z) for fixed random frequencies w.

    With two latents, images change quickly with each. Plain networks learn such high frequencies
    slowly (Tancik et al. 2020, section 4).

    Parameters
    ----------
    dims, count : int
        Latents, and frequencies.
    spread : float
        Standard deviation of the frequencies, in waves per unit.
    """

    frequency: Tensor

    def __init__(self, dims: int, count: int, spread: float) -> None:
        super().__init__()
        self.outputs = dims + 2 * count
        self.register_buffer("frequency", 2 * math.pi * spread * torch.randn(dims, count))

    def forward(self, z: Tensor) -> Tensor:
        """Map (n, dims) to (n, outputs)."""
        angle = z @ self.frequency
        return torch.cat([z, angle.sin(), angle.cos()], -1)


def kaiming_init(net: nn.Sequential) -> nn.Sequential:
    """The layers with weights that keep signals at their size (He et al. 2015).

    With the default initialisation, five layers reduce differences between images to a hundredth.
    """
    for layer in net:
        if isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
    return net


def zero_init(layer: nn.Linear) -> nn.Linear:
    """The layer with weights and bias at zero, for a correction that starts at zero."""
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer
