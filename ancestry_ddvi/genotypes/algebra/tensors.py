"""Blocks of genotypes that are unpacked and multiplied by torch, as on a GPU."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any, ClassVar
from weakref import WeakKeyDictionary

import numpy as np

from ..blocks import PackedArray
from ..formats.packing import byte_tables
from .devices import Sum

VARIANTS_AT_ONCE = 4096
"""Variants that are sent to the device together."""


class Torch:
    """Tensors on a device of torch, where packed genotypes stay if they take half its memory.

    Parameters
    ----------
    name : str
        A device, such as ``cuda:0``.
    """

    def __init__(self, name: str) -> None:
        import torch

        self._torch: Any = torch
        self._device = torch.device(name)

    def send(self, array: np.ndarray) -> Any:
        return self._sent(np.ascontiguousarray(array, np.float32))

    def fetch(self, array: Any) -> np.ndarray:
        return np.asarray(array.cpu().numpy())

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """No thread rounds float32 products to fewer bits before the last one is done."""
        torch, busy = self._torch, _Shared
        with busy.lock:
            if not busy.threads:
                busy.precision = torch.get_float32_matmul_precision()
                torch.set_float32_matmul_precision("highest")
            busy.threads += 1
        try:
            yield
        finally:
            with busy.lock:
                busy.threads -= 1
                if not busy.threads:
                    torch.set_float32_matmul_precision(busy.precision)

    def look_up(self, packed: PackedArray, rows: np.ndarray, levels: np.ndarray) -> Any:
        here = self._resident(packed)
        found = self._sent(packed[rows]) if here is None else here[self._sent(rows)]
        tables = self.send(byte_tables(levels)).view(-1, 4)
        first = 256 * self._torch.arange(len(rows), dtype=self._torch.int32, device=self._device)
        entry = found.int() + first[:, None]
        return tables.index_select(0, entry.view(-1)).view(len(rows), -1)

    def _sent(self, array: np.ndarray) -> Any:
        return self._torch.from_numpy(array).to(self._device)

    def _resident(self, packed: PackedArray) -> Any:
        """All packed genotypes on the device, or None where they would take too much of it."""
        with _Shared.lock:
            on_devices = _Shared.resident.setdefault(packed, {})
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
        return block[:, self._torch.from_numpy(chosen).to(self._device)]

    def sum(self, rows: int, columns: int) -> Sum:
        zero = self._torch.zeros((rows, columns), dtype=self._torch.float64, device=self._device)
        return _TorchSum(zero)


class _Shared:
    """What all threads share: how many are at work, and genotypes that are on a device."""

    lock = Lock()
    threads = 0
    precision = "highest"
    resident: ClassVar[WeakKeyDictionary[PackedArray, dict[Any, Any]]] = WeakKeyDictionary()


class _TorchSum:
    """Products are added in float64 at once."""

    def __init__(self, zero: Any) -> None:
        self._total = zero

    def add(self, block: Any, right: Any) -> None:
        self._total += block.T @ right

    def value(self) -> np.ndarray:
        return np.asarray(self._total.cpu().numpy())
