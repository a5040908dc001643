"""Reading the genotypes of a store block by block."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import numpy as np

from .variants import VariantTable

VARIANTS_AT_ONCE = 1024
GENOTYPES_AT_ONCE = 2**25


class DosageReader(Protocol):
    """Genotypes that can be read by variant, as a protocol.

    Attributes
    ----------
    samples : tuple of str
    """

    @property
    def samples(self) -> tuple[str, ...]: ...

    def dosages(self, rows: np.ndarray, samples: np.ndarray | slice | None = None) -> np.ndarray:
        """Dosages 0, 1, 2 or -1 at the given variants; int8 (variants, samples)."""


class PackedArray(Protocol):
    """Four genotypes to the byte, read when indexed, as a protocol (``formats.packing``)."""

    @property
    def shape(self) -> tuple[int, int]: ...

    def __getitem__(self, rows: slice | np.ndarray) -> np.ndarray:
        """Packed bytes of some variants; uint8 (variants, ceil(samples / 4))."""


class GenotypeReader(DosageReader, Protocol):
    """A store of genotypes and their variants, as a protocol.

    Attributes
    ----------
    variants : VariantTable
    packed : PackedArray
    """

    @property
    def packed(self) -> PackedArray: ...

    @property
    def variants(self) -> VariantTable: ...

    def counts(self) -> np.ndarray:
        """Numbers of dosage 0, 1, 2 and missing over all samples; int64 (variants, 4)."""


def in_blocks(
    store: DosageReader, rows: np.ndarray, samples: np.ndarray | None = None
) -> Iterator[np.ndarray]:
    """Dosages of ``rows``, int8 (variants, samples), at most 1,024 variants and 32 MiB at once."""
    count = len(store.samples) if samples is None else len(samples)
    size = max(1, min(VARIANTS_AT_ONCE, GENOTYPES_AT_ONCE // max(count, 1)))
    for start in range(0, len(rows), size):
        yield store.dosages(rows[start : start + size], samples)


def thin_evenly(items: np.ndarray, at_most: int) -> np.ndarray:
    """At most ``at_most`` of the items, evenly spaced, first and last included."""
    if len(items) <= at_most:
        return items
    return items[np.linspace(0, len(items) - 1, at_most).astype(np.int64)]


def positions(mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Variants and samples of the few genotypes for which a mask is true, in that order.

    As ``numpy.nonzero``, at a tenth of the time.
    """
    return np.divmod(np.flatnonzero(mask), mask.shape[1])
