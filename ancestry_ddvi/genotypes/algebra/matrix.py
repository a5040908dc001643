"""A matrix of variants by samples, made of packed genotypes block by block and never formed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol

import numpy as np

from ...crew import Arrays, crew
from ..blocks import GenotypeReader, in_blocks
from ..formats.packing import PackedRows, pack
from ..store import GenotypeStore
from .devices import Device, device_of

GENOTYPES_AT_ONCE = 2**23
"""Genotypes in a block: 32 MiB of float32."""

VARIANTS_AT_ONCE = 2048


class PackedReader(GenotypeReader, Protocol):
    """A store whose packed rows can be read, as a protocol.

    Attributes
    ----------
    packed : PackedRows
    """

    @property
    def packed(self) -> PackedRows: ...


@dataclass(frozen=True)
class GenotypeMatrix:
    """One value for each variant and sample, looked up by dosage.

    Products are float32 within a block of variants and summed in float64, each process of the run
    (``crew``) taking a part of the variants. The next block is read and unpacked while one is
    multiplied. Memory: two blocks of 32 MiB and the result.

    Attributes
    ----------
    store : PackedReader
    rows : ndarray of int64, (variants,)
    samples : ndarray of int64, (samples,)
    levels : ndarray of float64, (variants, 4)
        Values of dosage 0, 1, 2 and of a missing genotype.
    device : str
        Where blocks are unpacked and multiplied, as torch names it.
    """

    store: PackedReader
    rows: np.ndarray
    samples: np.ndarray
    levels: np.ndarray
    device: str = "cpu"

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.rows), len(self.samples)

    def of_variants(self, chosen: np.ndarray) -> GenotypeMatrix:
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

    def missing(self) -> GenotypeMatrix:
        """The same genotypes, 1 where missing and 0 elsewhere, at variants that lack any."""
        lacking = self.store.counts()[self.rows, 3] > 0
        indicator = np.broadcast_to([0.0, 0.0, 0.0, 1.0], self.levels.shape)
        return replace(self, levels=indicator).of_variants(lacking)

    def observed(self) -> np.ndarray:
        """Variants observed in each sample; float64 (samples,)."""
        missing = self.missing()
        return len(self.rows) - missing.transposed_times(np.ones((len(missing.rows), 1)))[:, 0]

    def call_rate(self) -> np.ndarray:
        """Share of the samples with a genotype at each variant; float64 (variants,)."""
        lacking = self.store.counts()[self.rows, 3] > 0
        share = np.ones(len(self.rows))
        missing = self.missing().times(np.ones((len(self.samples), 1)))[:, 0]
        share[lacking] -= missing / len(self.samples)
        return share

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
        parts = crew().each(partial(_times, self, right))
        return np.concatenate([part for (part,) in parts])

    def transposed_times(self, left: np.ndarray) -> np.ndarray:
        """The product X' L; float64 (samples, columns).

        Parameters
        ----------
        left : ndarray of float, (variants, columns)
        """
        return crew().sums(partial(_transposed_times, self, left))[0]

    def normal_times(self, right: np.ndarray) -> np.ndarray:
        """The product X' X R, in one pass over the genotypes; float64 (samples, columns).

        Parameters
        ----------
        right : ndarray of float, (samples, columns)
        """
        return crew().sums(partial(_normal_times, self, right))[0]

    def gram(self) -> np.ndarray:
        """The product X' X, of at most a few thousand samples; float64 (samples, samples)."""
        return crew().sums(partial(_gram, self))[0]

    def share(self, number: int, shares: int) -> tuple[slice, GenotypeMatrix]:
        """One of some parts of the variants, in a row, and their matrix."""
        variants = len(self.rows)
        part = slice(variants * number // shares, variants * (number + 1) // shares)
        return part, replace(self, rows=self.rows[part], levels=self.levels[part])


def _times(matrix: GenotypeMatrix, right: np.ndarray, share: int, shares: int) -> Arrays:
    _, mine = matrix.share(share, shares)
    found = np.empty((len(mine.rows), right.shape[1]), np.float32)
    with _Work(mine) as work:
        tall = work.tall(right)
        for part, block in work.blocks():
            found[part] = work.device.fetch(block @ tall)
    return (found,)


def _transposed_times(matrix: GenotypeMatrix, left: np.ndarray, share: int, shares: int) -> Arrays:
    here, mine = matrix.share(share, shares)
    left = left[here]
    with _Work(mine) as work:
        total = work.sum(left.shape[1])
        for part, block in work.blocks():
            total.add(block, work.device.send(left[part]))
        return (work.of_samples(total.value()),)


def _normal_times(matrix: GenotypeMatrix, right: np.ndarray, share: int, shares: int) -> Arrays:
    _, mine = matrix.share(share, shares)
    with _Work(mine) as work:
        tall, total = work.tall(right), work.sum(right.shape[1])
        for _, block in work.blocks():
            total.add(block, block @ tall)
        return (work.of_samples(total.value()),)


def _gram(matrix: GenotypeMatrix, share: int, shares: int) -> Arrays:
    _, mine = matrix.share(share, shares)
    total = np.zeros((len(mine.samples),) * 2)
    with _Work(mine, narrow=True) as work:
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
        self._pool = ThreadPoolExecutor(1)

    def __enter__(self) -> _Work:
        return self

    def __exit__(self, *failure: object) -> None:
        self._pool.shutdown(cancel_futures=True)

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
        """Blocks (variants, columns) on the device in order, each read during the one before."""
        size = max(1, min(VARIANTS_AT_ONCE, GENOTYPES_AT_ONCE // max(self._width, 1)))
        pending: list[tuple[slice, Future[Any]]] = []
        for start in range(0, len(self._matrix.rows), size):
            part = slice(start, start + size)
            pending.append((part, self._pool.submit(self._block, part)))
            if len(pending) > 1:
                yield pending[0][0], pending.pop(0)[1].result()
        for part, block in pending:
            yield part, block.result()

    def _block(self, part: slice) -> Any:
        matrix = self._matrix
        packed = matrix.store.packed[matrix.rows[part]]
        block = self.device.look_up(packed, matrix.levels[part])
        return self.device.columns(block, matrix.samples) if self._narrow else block
