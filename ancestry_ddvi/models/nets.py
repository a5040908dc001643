"""Networks, and only networks."""

from __future__ import annotations

from torch import Tensor, nn


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
            layers += [nn.Linear(inputs if i == 0 else width, width), nn.SiLU()]
        self.hidden = nn.Sequential(*layers)
        self.head = nn.Linear(width, outputs)
        nn.init.zeros_(self.head.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, inputs) to (n, outputs)."""
        out: Tensor = self.head(self.hidden(x))
        return out


def silent(layer: nn.Linear) -> nn.Linear:
    """The layer with its weights at zero: a correction that starts by correcting nothing."""
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer
