"""Points in the order of a Hilbert curve, along which neighbours are near each other."""

from __future__ import annotations

import torch
from torch import Tensor

BITS = 12
"""Cells along each axis, as a power of two."""


def hilbert_order(points: Tensor) -> Tensor:
    """Rows of the points in the order of the curve (Skilling 2004); (n, d) -> int64 (n,)."""
    least, most = points.amin(0), points.amax(0)
    scaled = (points - least) / (most - least).clamp_min(1e-12)
    cell = list((scaled * (2**BITS - 1)).long().unbind(1))
    _rotate(cell)
    _gray(cell)
    code = torch.zeros_like(cell[0])
    for bit in reversed(range(BITS)):
        for axis in cell:
            code = (code << 1) | (axis >> bit & 1)
    return code.argsort(stable=True)


def _rotate(cell: list[Tensor]) -> None:
    """Undo the rotations and reflections of sub-cubes, in place."""
    for bit in reversed(range(1, BITS)):
        below = (1 << bit) - 1
        for i, axis in enumerate(cell):
            far = (axis >> bit & 1).bool()
            swapped = torch.where(far, 0, (cell[0] ^ axis) & below)
            cell[0] = torch.where(far, cell[0] ^ below, cell[0] ^ swapped)
            if i:
                cell[i] = axis ^ swapped


def _gray(cell: list[Tensor]) -> None:
    """Gray code of the rotated cells, in place."""
    for i in range(1, len(cell)):
        cell[i] = cell[i] ^ cell[i - 1]
    flip = torch.zeros_like(cell[0])
    for bit in reversed(range(1, BITS)):
        flip = torch.where((cell[-1] >> bit & 1).bool(), flip ^ ((1 << bit) - 1), flip)
    for i in range(len(cell)):
        cell[i] = cell[i] ^ flip
