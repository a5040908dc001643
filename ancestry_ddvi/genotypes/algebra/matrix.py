"""A matrix of variants by samples, made of packed genotypes block by block and never formed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from ...crew import Arrays, crew
from ..blocks import GenotypeReader, in_blocks
from ..formats.packing import PackedRows, look_up, pack
from ..store import GenotypeStore
from .devices import Device, device_of

MISSING = (0.0, 0.0, 0.0, 1.0)
"""Values that tell missing genotypes from others."""


@dataclass(frozen=True)
class GenotypeMatrix:
    """One value for each variant and sample, looked up by dosage.

    Products are float32 within a block of variants and summed in float64, each thread and process
    of the run (``crew``) taking a part of the variants. Memory: for each thread, a block of 32 MiB
    and the result; on a GPU one block of 512 MiB.

    Attributes
    ----------
    store : GenotypeReader
    rows : ndarray of int64, (variants,)
    samples : ndarray of int64, (samples,)
    levels : ndarray of float64, (variants, 4)
        Values of dosage 0, 1, 2 and of a missing genotype.
    device : str
        Where blocks are unpacked and multiplied, as torch names it.
    """

    store: GenotypeReader
    rows: np.ndarray
    samples: np.ndarray
    levels: np.ndarray
    device: str = "cpu"

    @classmethod
    def of(
        cls,
        store: GenotypeReader,
        rows: np.ndarray,
        samples: np.ndarray,
        levels: tuple[float, float, float, float],
    ) -> GenotypeMatrix:
        """With the same four values at all variants."""
        return cls(store, rows, samples, np.broadcast_to(levels, (len(rows), 4)))

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.rows), len(self.samples)

    def of_variants(self, chosen: np.ndarray | slice) -> GenotypeMatrix:
        """Some of the variants, by a mask or by number."""
        return replace(self, rows=self.rows[chosen], levels=self.levels[chosen])

    def of_samples(self, chosen: np.ndarray) -> GenotypeMatrix:
        """Some of the samples, by a mask or by number."""
        return replace(self, samples=self.samples[chosen])

    def in_memory(self) -> GenotypeMatrix:
        """The same of a store in memory that has these variants and samples alone."""
        blocks = [pack(block) for block in in_blocks(self.store, self.rows, self.samples)]
        samples = tuple(self.store.samples[i] for i in self.samples)
        variants = self.store.variants[self.rows]
        packed = PackedRows(np.concatenate(blocks))
        store = GenotypeStore("a part", samples, variants, packed, Counter(), None)
        every = np.arange(len(self.rows)), np.arange(len(self.samples))
        return GenotypeMatrix(store, *every, self.levels, self.device)

    def with_levels(self, levels: tuple[float, float, float, float]) -> GenotypeMatrix:
        """The same genotypes with the same four values at all variants."""
        return replace(self, levels=np.broadcast_to(levels, self.levels.shape))

    def lacking(self) -> np.ndarray:
        """Variants at which a sample of the store has no genotype; bool (variants,)."""
        return np.asarray(self.store.counts()[self.rows, 3] > 0)

    def observed(self) -> np.ndarray:
        """Variants observed in each sample; float64 (samples,)."""
        missing = self.of_variants(self.lacking()).with_levels(MISSING)
        return len(self.rows) - missing.transposed_times(np.ones((len(missing.rows), 1)))[:, 0]

    def call_rate(self) -> np.ndarray:
        """Share of the samples with a genotype at each variant; float64 (variants,)."""
        lacking, share = self.lacking(), np.ones(len(self.rows))
        missing = self.of_variants(lacking).with_levels(MISSING)
        found = missing.times(np.ones((len(self.samples), 1)))[:, 0]
        share[lacking] -= found / len(self.samples)
        return share

    def formed(self) -> np.ndarray:
        """All of it, of few variants; float32 (variants, samples)."""
        packed = self.store.packed[self.rows]
        values = np.empty((len(packed), 4 * packed.shape[1]), np.float32)
        look_up(packed, self.levels, values)
        count = len(self.store.samples)
        everyone = len(self.samples) == count and (self.samples == np.arange(count)).all()
        return values[:, :count] if everyone else values.take(self.samples, axis=1)

    def squares(self) -> np.ndarray:
        """Sum of squares of each sample; float64 (samples,)."""
        squared = replace(self, levels=self.levels**2)
        return squared.transposed_times(np.ones((len(self.rows), 1)))[:, 0]

    def times(self, right: np.ndarray) -> np.ndarray:
        """The product X R; float32 (variants, columns).

        Parameters
        ----------
        right : ndarray of float, (samples, columns)
        """
        parts = crew().each(partial(_times, self, right), self._shares)
        return np.concatenate([part for (part,) in parts])

    def transposed_times(self, left: np.ndarray) -> np.ndarray:
        """The product X' L; float64 (samples, columns).

        Parameters
        ----------
        left : ndarray of float, (variants, columns)
        """
        return crew().sums(partial(_transposed_times, self, left), self._shares)[0]

    def normal_times(self, right: np.ndarray) -> np.ndarray:
        """The product X' X R, in one pass over the genotypes; float64 (samples, columns).

        Parameters
        ----------
        right : ndarray of float, (samples, columns)
        """
        return crew().sums(partial(_normal_times, self, right), self._shares)[0]

    def gram(self) -> np.ndarray:
        """The product X' X, of at most a few thousand samples; float32 (samples, samples)."""
        return crew().sums(partial(_gram, self), self._shares)[0]

    @property
    def _shares(self) -> int:
        return device_of(self.device).shares

    def share(self, number: int, shares: int) -> tuple[slice, GenotypeMatrix]:
        """One of some parts of the variants, in a row, and their matrix."""
        variants = len(self.rows)
        part = slice(variants * number // shares, variants * (number + 1) // shares)
        return part, self.of_variants(part)


def _times(matrix: GenotypeMatrix, right: np.ndarray, share: int, shares: int) -> Arrays:
    _, mine = matrix.share(share, shares)
    found = np.empty((len(mine.rows), right.shape[1]), np.float32)
    work = _Work(mine)
    tall = work.tall(right)
    for part, block in work.blocks():
        found[part] = work.device.fetch(block @ tall)
    return (found,)


def _transposed_times(matrix: GenotypeMatrix, left: np.ndarray, share: int, shares: int) -> Arrays:
    here, mine = matrix.share(share, shares)
    left = left[here]
    work = _Work(mine)
    total = work.sum(left.shape[1])
    for part, block in work.blocks():
        total.add(block, work.device.send(left[part]))
    return (work.of_samples(total.value()),)


def _normal_times(matrix: GenotypeMatrix, right: np.ndarray, share: int, shares: int) -> Arrays:
    _, mine = matrix.share(share, shares)
    work = _Work(mine)
    tall, total = work.tall(right), work.sum(right.shape[1])
    for _, block in work.blocks():
        total.add(block, block @ tall)
    return (work.of_samples(total.value()),)


def _gram(matrix: GenotypeMatrix, share: int, shares: int) -> Arrays:
    """Of several shares at once where they are small: the result costs more than they do."""
    device = device_of(matrix.device)
    fitting = shares * device.variants_at_once // max(1, len(matrix.rows))
    at_once = 1 << (max(1, min(device.shares, fitting)).bit_length() - 1)
    total = np.zeros((len(matrix.samples),) * 2, np.float32)
    group, place = divmod(share, at_once)
    if place != group % at_once:  # by turns, as shares next to each other go to other processes
        return (total,)
    _, mine = matrix.share(group, shares // at_once)
    work = _Work(mine, narrow=True)
    for _, block in work.blocks():
        total += work.device.fetch(block.T @ block)
    return (total,)


class _Work:
    """One pass over a matrix.

    Where most samples of the file are in the matrix, blocks have all of them and the padding,
    and products have rows of zeros for the others. Otherwise their columns are taken.

    Parameters
    ----------
    matrix : GenotypeMatrix
    narrow : bool
        Whether blocks have the columns of the matrix and no others.
    """

    def __init__(self, matrix: GenotypeMatrix, narrow: bool = False) -> None:
        self._matrix = matrix
        self.device: Device = device_of(matrix.device)
        self._width = 4 * matrix.store.packed.shape[1]
        self._narrow = narrow or 2 * len(matrix.samples) < len(matrix.store.samples)

    def tall(self, right: np.ndarray) -> Any:
        """A matrix with a row for each sample, on the device, with rows as blocks have columns."""
        if not self._narrow:
            wide = np.zeros((self._width, right.shape[1]), np.float32)
            wide[self._matrix.samples] = right
            right = wide
        return self.device.send(right)

    def sum(self, columns: int) -> Any:
        """A sum of products from the left, of zeros."""
        rows = len(self._matrix.samples) if self._narrow else self._width
        return self.device.sum(rows, columns)

    def of_samples(self, found: np.ndarray) -> np.ndarray:
        """The rows of a sum that are samples of the matrix."""
        return found if self._narrow else found[self._matrix.samples]

    def blocks(self) -> Iterator[tuple[slice, Any]]:
        """Blocks (variants, columns) on the device, in order."""
        device = self.device
        size = max(1, min(device.variants_at_once, device.genotypes_at_once // max(self._width, 1)))
        for start in range(0, len(self._matrix.rows), size):
            part = slice(start, start + size)
            yield part, self._block(part)

    def _block(self, part: slice) -> Any:
        matrix = self._matrix
        block = self.device.look_up(matrix.store.packed, matrix.rows[part], matrix.levels[part])
        return self.device.columns(block, matrix.samples) if self._narrow else block
