"""Where blocks of genotypes are unpacked and multiplied: NumPy on the CPU, torch elsewhere."""

from __future__ import annotations

from threading import local
from typing import Any, Protocol

import numpy as np

from ..formats.packing import byte_tables, look_up

FLUSH = 4096
"""Variants whose products are summed in float32 before they are added in float64."""


class Sum(Protocol):
    """A sum of products ``block.T @ right`` over blocks of variants, as a protocol."""

    def add(self, block: Any, right: Any) -> None:
        """Add one block's product."""

    def value(self) -> np.ndarray:
        """The sum; float64 (columns of blocks, columns of ``right``)."""


class Device(Protocol):
    """Arrays of one kind and what is done to them, as a protocol."""

    def send(self, array: np.ndarray) -> Any:
        """The array as float32 on the device."""

    def fetch(self, array: Any) -> np.ndarray:
        """The array as NumPy's."""

    def look_up(self, packed: np.ndarray, levels: np.ndarray) -> Any:
        """A block of values (variants, 4 * bytes), gone when its thread makes the next.

        See ``packing.byte_tables``.
        """

    def columns(self, block: Any, chosen: np.ndarray) -> Any:
        """Some columns of a block."""

    def sum(self, rows: int, columns: int) -> Sum:
        """A sum of no products yet."""


def device_of(name: str) -> Device:
    """The device that torch calls so; the CPU instead of ``mps``, which has no float64."""
    return Cpu() if name in ("cpu", "mps") else Torch(name)


_of_thread = local()


class Cpu:
    """NumPy."""

    def send(self, array: np.ndarray) -> np.ndarray:
        return np.ascontiguousarray(array, np.float32)

    def fetch(self, array: np.ndarray) -> np.ndarray:
        return array

    def look_up(self, packed: np.ndarray, levels: np.ndarray) -> np.ndarray:
        """Written where the thread's last block was: new memory costs more than the look-up."""
        count, width = packed.shape
        place: np.ndarray | None = getattr(_of_thread, "place", None)
        if place is None or place.size < 4 * width * count:
            place = _of_thread.place = np.empty(4 * width * count, np.float32)
        block = place[: 4 * width * count].reshape(count, -1)
        look_up(packed, levels, block)
        return block

    def columns(self, block: np.ndarray, chosen: np.ndarray) -> np.ndarray:
        return block.take(chosen, axis=1)

    def sum(self, rows: int, columns: int) -> Sum:
        return _CpuSum(rows, columns)


class _CpuSum:
    """Products of a few thousand variants are added in float32, and their sums in float64."""

    def __init__(self, rows: int, columns: int) -> None:
        self._product, self._recent = np.zeros((2, rows, columns), np.float32)
        self._total = np.zeros((rows, columns))
        self._variants = 0

    def add(self, block: np.ndarray, right: np.ndarray) -> None:
        np.matmul(block.T, right, out=self._product)
        self._recent += self._product
        self._variants += len(block)
        if self._variants >= FLUSH:
            self._flush()

    def value(self) -> np.ndarray:
        self._flush()
        return self._total

    def _flush(self) -> None:
        self._total += self._recent
        self._recent[:] = 0
        self._variants = 0


class Torch:
    """Tensors on a device of torch; float32 products are not rounded to fewer bits there.

    Parameters
    ----------
    name : str
        A device, such as ``cuda:0``.
    """

    def __init__(self, name: str) -> None:
        import torch

        self._torch: Any = torch
        self._device = torch.device(name)
        torch.backends.cuda.matmul.allow_tf32 = False

    def send(self, array: np.ndarray) -> Any:
        return self._torch.from_numpy(np.ascontiguousarray(array, np.float32)).to(self._device)

    def fetch(self, array: Any) -> np.ndarray:
        return np.asarray(array.cpu().numpy())

    def look_up(self, packed: np.ndarray, levels: np.ndarray) -> Any:
        tables = self.send(byte_tables(levels)).view(-1, 4)
        entry = self._torch.from_numpy(packed).to(self._device).int()
        entry += (
            256 * self._torch.arange(len(entry), dtype=entry.dtype, device=self._device)[:, None]
        )
        return tables.index_select(0, entry.view(-1)).view(len(packed), -1)

    def columns(self, block: Any, chosen: np.ndarray) -> Any:
        return block[:, self._torch.from_numpy(chosen).to(self._device)]

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
