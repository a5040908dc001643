"""Where blocks of genotypes are unpacked and multiplied; here by NumPy on the CPU."""

from __future__ import annotations

from threading import local
from typing import Any, Protocol

import numpy as np

from ...crew import SHARES
from ..blocks import PackedArray
from ..formats.packing import look_up

FLUSH = 4096
"""Variants whose products are summed in float32 before they are added in float64."""


class Sum(Protocol):
    """A sum of products ``block.T @ right`` over blocks of variants, as a protocol."""

    def add(self, block: Any, right: Any) -> None:
        """Add one block's product."""

    def value(self) -> np.ndarray:
        """The sum; float64 (columns of blocks, columns of ``right``)."""


class Device(Protocol):
    """Arrays of one kind and what is done to them, as a protocol.

    Attributes
    ----------
    shares : int
        Shares of a process, as many as can be done side by side.
    genotypes_at_once, variants_at_once : int
        Largest block.
    """

    shares: int
    genotypes_at_once: int
    variants_at_once: int

    def send(self, array: np.ndarray) -> Any:
        """The array as float32 on the device."""

    def fetch(self, array: Any) -> np.ndarray:
        """The array as NumPy's."""

    def look_up(self, packed: PackedArray, rows: np.ndarray, levels: np.ndarray) -> Any:
        """A block of values (variants, 4 * bytes), gone when its thread makes the next.

        See ``packing.byte_tables``.
        """

    def columns(self, block: Any, chosen: np.ndarray) -> Any:
        """Some columns of a block."""

    def sum(self, rows: int, columns: int) -> Sum:
        """A sum of no products yet."""


def device_of(name: str) -> Device:
    """The device that torch calls so; the CPU instead of ``mps``, which has no float64."""
    if name in ("cpu", "mps"):
        return Cpu()
    from .tensors import Torch

    return Torch(name)


_of_thread = local()


class Cpu:
    """NumPy; a block of 32 MiB for each thread."""

    shares = SHARES
    genotypes_at_once = 2**23
    variants_at_once = 2048

    def send(self, array: np.ndarray) -> np.ndarray:
        return np.ascontiguousarray(array, np.float32)

    def fetch(self, array: np.ndarray) -> np.ndarray:
        return array

    def look_up(self, packed: PackedArray, rows: np.ndarray, levels: np.ndarray) -> np.ndarray:
        """Written where the thread's last block was: new memory costs more than the look-up."""
        found = packed[rows]
        count, width = found.shape
        place: np.ndarray | None = getattr(_of_thread, "place", None)
        if place is None or place.size < 4 * width * count:
            place = _of_thread.place = np.empty(4 * width * count, np.float32)
        block = place[: 4 * width * count].reshape(count, -1)
        look_up(found, levels, block)
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
