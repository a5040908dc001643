"""Blocks of genotypes that are unpacked and multiplied by torch, as on a GPU."""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from ..blocks import PackedArray
from ..formats.packing import CODE_TO_DOSAGE
from .devices import Sum

VARIANTS_AT_ONCE = 4096
"""Variants that are sent to the device together."""

_resident: WeakKeyDictionary[PackedArray, dict[Any, Any]] = WeakKeyDictionary()
"""Genotypes that are on a device."""


class Torch:
    """Tensors on a device of torch, where packed genotypes stay if they take half its memory.

    One thread gives a GPU its work, block after block, and waits for none before the last: what
    a block costs to start is shared by 128 Mi genotypes.

    Parameters
    ----------
    name : str
        A device, such as ``cuda:0``.
    """

    shares = 1
    genotypes_at_once = 2**27
    variants_at_once = 2**16

    def __init__(self, name: str) -> None:
        import torch

        self._torch: Any = torch
        self._device = torch.device(name)
        codes = np.arange(256)[:, None] >> np.array([0, 2, 4, 6]) & 3
        self._dosages = self._sent(CODE_TO_DOSAGE[codes].reshape(-1).astype(np.int64))

    def send(self, array: np.ndarray) -> Any:
        return self._sent(np.ascontiguousarray(array, np.float32))

    def fetch(self, array: Any) -> np.ndarray:
        return np.asarray(array.cpu().numpy())

    def look_up(self, packed: PackedArray, rows: np.ndarray, levels: np.ndarray) -> Any:
        here = self._resident(packed)
        found = self._sent(packed[rows]) if here is None else here[self._sent(rows)]
        tables = self.send(levels)[:, self._dosages].view(-1, 4)
        first = 256 * self._torch.arange(len(rows), dtype=self._torch.int32, device=self._device)
        entry = found.int() + first[:, None]
        return tables.index_select(0, entry.view(-1)).view(len(rows), -1)

    def _sent(self, array: np.ndarray) -> Any:
        """The array on the device; a GPU takes it from pinned memory, without a wait."""
        here = self._torch.from_numpy(array)
        if self._device.type != "cuda":
            return here.to(self._device)
        return here.pin_memory().to(self._device, non_blocking=True)

    def _resident(self, packed: PackedArray) -> Any:
        """All packed genotypes on the device, or None where they would take too much of it."""
        on_devices = _resident.setdefault(packed, {})
        if self._device not in on_devices:
            count, width = packed.shape
            fits = self._device.type != "cuda" or 2 * count * width < self._free()
            on_devices[self._device] = self._all(packed) if fits else None
        return on_devices[self._device]

    def _all(self, packed: PackedArray) -> Any:
        found = self._torch.empty(packed.shape, dtype=self._torch.uint8, device=self._device)
        for start in range(0, len(found), VARIANTS_AT_ONCE):
            some = slice(start, start + VARIANTS_AT_ONCE)
            found[some] = self._sent(np.array(packed[some]))
        return found

    def _free(self) -> int:
        return int(self._torch.cuda.mem_get_info(self._device)[0])

    def columns(self, block: Any, chosen: np.ndarray) -> Any:
        return block[:, self._sent(chosen)]

    def sum(self, rows: int, columns: int) -> Sum:
        zero = self._torch.zeros((rows, columns), dtype=self._torch.float64, device=self._device)
        return _TorchSum(zero)


class _TorchSum:
    """Products are added in float64 at once."""

    def __init__(self, zero: Any) -> None:
        self._total = zero

    def add(self, block: Any, right: Any) -> None:
        self._total += block.T @ right

    def value(self) -> np.ndarray:
        return np.asarray(self._total.cpu().numpy())
