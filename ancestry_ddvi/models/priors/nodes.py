"""Densities on curves: many small normals strung along them."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ..normal import HALF_LOG_2PI
from .base import Prior

PARTS = 10
"""Partitions of a shape if no other number is asked for."""

RUNGS, NOISIEST = 12, 4.0
"""Of the ladder: how many, and the noise of the first in units of the signal."""

UNLIKELY = -1e4
"""Log weight of nodes of other partitions: nothing, but with a gradient."""


class Nodes(Prior):
    """A curve blurred by normal noise: sum_i w_i N(z; node_i, s^2 I).

    Nodes no further apart than 1.4 times their blur make a density that differs from that of a
    continuous curve by less than one in a thousand. Sampling picks a node and adds the noise, so
    sampler and density agree exactly. Each node belongs to one partition.

    Parameters
    ----------
    nodes : Tensor, (nodes, d)
    weight : Tensor, (nodes,)
        Sum to 1.
    part : Tensor of int64, (nodes,)
        The partition of each node.
    sd : float
        Standard deviation of the blur.
    """

    nodes: Tensor
    log_weight: Tensor
    part: Tensor

    def __init__(self, nodes: Tensor, weight: Tensor, part: Tensor, sd: float) -> None:
        super().__init__()
        self.sd = sd
        self.classes = int(part.max()) + 1
        self.register_buffer("nodes", nodes.float(), persistent=False)
        self.register_buffer("log_weight", weight.double().log().float(), persistent=False)
        self.register_buffer("part", part, persistent=False)

    def ladder(self) -> list[Nodes]:
        """The density noised as a diffusion would, ``RUNGS`` times, less and less."""
        ratios = torch.logspace(math.log10(NOISIEST), math.log10(self.sd), RUNGS)
        return [self._noised(float(ratio)) for ratio in ratios]

    def _noised(self, ratio: float) -> Nodes:
        """The density of a z + b e, e standard normal, b / a = ``ratio`` and a^2 + b^2 = 1."""
        signal = 1 / (1 + ratio**2)
        sd = math.sqrt(signal * self.sd**2 + 1 - signal)
        return Nodes(signal**0.5 * self.nodes, self.log_weight.exp(), self.part, sd)

    def log_class(self) -> Tensor:
        """Log weight of the nodes of each partition; (classes,)."""
        return self._of_partition(torch.arange(self.classes)).logsumexp(-1)

    def sample(self, n: int, label: Tensor | None = None) -> Tensor:
        """Draw (n, d) latents."""
        log_weight = self.log_weight.expand(n, -1) if label is None else self._of_partition(label)
        node = torch.multinomial(log_weight.softmax(-1), 1)[:, 0]
        mean = self.nodes[node]
        return mean + self.sd * torch.randn_like(mean)

    def log_prob(self, z: Tensor, label: Tensor | None = None) -> Tensor:
        """Log density of each row; (n,)."""
        log_weight = self.log_weight if label is None else self._of_partition(label)
        apart = (z[:, None] - self.nodes.to(z)).square().sum(-1)
        total = (log_weight - apart / (2 * self.sd**2)).logsumexp(-1)
        constant = z.shape[-1] * (math.log(self.sd) + HALF_LOG_2PI)
        whole = total - constant
        return whole if label is None else whole - self.log_class().to(z)[label]

    def _of_partition(self, label: Tensor) -> Tensor:
        """Log weights, those of other partitions all but nothing; (n, nodes)."""
        other = self.part != label.to(self.part.device)[:, None]
        return self.log_weight + UNLIKELY * other


def midpoints(parts: int, least: int) -> Tensor:
    """Midpoints of ``least`` or more equal cells of (0, 1), none across a border of ``parts``."""
    count = parts * math.ceil(least / parts)
    return (torch.arange(count, dtype=torch.float64) + 0.5) / count


def equal_weights(nodes: Tensor) -> Tensor:
    """The same weight for each node; (nodes,), summing to 1."""
    return torch.full((len(nodes),), 1 / len(nodes), dtype=torch.float64)
