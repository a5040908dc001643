"""VCF Zarr: a folder x.vcz, or a zip archive of one, as of vcf2zarr and sgkit.

https://github.com/sgkit-dev/vcf-zarr-spec
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import InputUnreadable
from ..variants import MISSING
from .bcf_calls import DIPLOID, HAPLOID, copies
from .fields import LIKELIHOOD_FIELDS
from .reading import DEFAULT, ReadOptions
from .record_source import RecordSource
from .records import Row, each_call
from .variant_filter import printable
from .vcf_zarr_store import SPECIFICATION, VczStore, text

_MAX_ALLELES = 62
"""The largest allele whose code in BCF is a byte."""

_END, _MANY_ALLELES = -2, 1 << 20
_MAX_POSITION = 2**31 - 1


class VczSource(RecordSource):
    """Biallelic SNPs of a VCF Zarr store that passed their filters.

    Read as the records of the VCF are, see ``RecordSource``, some rows of the arrays at a time. An
    allele below 0 and a masked genotype are missing; -2 ends a call of fewer alleles.

    Parameters
    ----------
    path : str
        A folder or a zip archive.
    options : ReadOptions

    Raises
    ------
    InputUnreadable
        If an array is absent or damaged, or does not fit the others.
    UsageProblem
        If zarr is not installed.
    """

    def __init__(self, path: str, options: ReadOptions = DEFAULT) -> None:
        self.name, self.files, self._options = path, (Path(path),), options
        self.skipped = Counter()
        self._store = VczStore.opened(Path(path))
        if options.passing is not None:
            self._store.check_filters(options.passing | {"PASS"})
        self.samples = self._store.samples
        self.records = self._store.variants
        self.build_hint = self._store.build_hint
        found = [field for field in LIKELIHOOD_FIELDS if f"call_{field}" in self._store.arrays]
        self.likelihood_fields = frozenset(found)

    def _contents(self) -> Iterator[_Content]:
        yield _Content(self._store)


class _Part:
    """Some rows of the arrays; those of calls are read when asked for."""

    def __init__(self, store: VczStore, rows: slice) -> None:
        self._store, self._rows = store, rows
        self._values: dict[str, np.ndarray] = {}
        self.samples = len(store.samples)

    def has(self, name: str) -> bool:
        """Whether there is such an array."""
        return name in self._store.arrays

    def values(self, name: str) -> np.ndarray:
        """The rows of an array."""
        if name not in self._values:
            self._values[name] = self._store.read(name, self._rows)
        return self._values[name]

    @cached_property
    def alleles(self) -> np.ndarray:
        """Codes of alleles as in BCF: (rows, samples, ploidy)."""
        found = self.values("call_genotype")
        if self.has("call_genotype_mask"):
            masked = self.values("call_genotype_mask") & (found > MISSING)
            found = np.where(masked, MISSING, found) if masked.any() else found
        if found.max(initial=0) > _MAX_ALLELES or found.dtype != np.int8:
            found = found.clip(_END, _MANY_ALLELES).astype(np.int32)
        return np.asarray(2 * found + 2)

    def records(self) -> Iterator[_Record]:
        """The rows as records.

        Raises
        ------
        InputUnreadable
            If a row has no contig or no position.
        """
        contigs, alleles = self._store.contigs, self.values("variant_allele")
        positions = self.values("variant_position").tolist()
        numbers = self.values("variant_contig").tolist()
        ends = self._ends(positions)
        for i, (position, number) in enumerate(zip(positions, numbers, strict=True)):
            if not 0 <= number < len(contigs) or not 0 <= position <= _MAX_POSITION:
                raise InputUnreadable(
                    f"{self._store.path}: row {self._rows.start + i} has contig {number} of "
                    f"{len(contigs)} and position {position}",
                    SPECIFICATION,
                )
            ref, *alts = [text(allele) for allele in alleles[i].tolist() if allele] or ["."]
            yield _Record(
                self, i, contigs[number], position, ref, tuple(alts), max(ends[i], position)
            )

    def _ends(self, positions: list[int]) -> list[int]:
        """The last position of each row, 0 where it is not told."""
        if not self.has("variant_length"):
            return [0] * len(positions)
        lengths = self.values("variant_length").tolist()
        return [p + n - 1 for p, n in zip(positions, lengths, strict=True)]

    def filters(self, row: int) -> str:
        """FILTER of a row, as in VCF."""
        if not self.has("variant_filter"):
            return "PASS"
        failed = np.flatnonzero(self.values("variant_filter")[row])
        return ";".join(self._store.filters[i] for i in failed)

    def name(self, row: int) -> str:
        """ID of a row."""
        return text(self.values("variant_id")[row]) if self.has("variant_id") else "."


@dataclass(slots=True)
class _Record:
    """A row of the arrays; see ``records.Record``."""

    _part: _Part
    _row: int
    chromosome: str
    position: int
    ref: str
    alts: tuple[str, ...]
    end: int

    @property
    def id(self) -> str:
        return printable(self._part.name(self._row).encode(errors="surrogateescape"))

    @property
    def filters(self) -> str:
        return self._part.filters(self._row) or "."

    @property
    def has_gt(self) -> bool:
        return self._part.has("call_genotype")

    def calls(self, alt_index: int) -> np.ndarray:
        return self._copies(alt_index, DIPLOID)

    def haploid(self, alt_index: int) -> np.ndarray:
        return self._copies(alt_index, HAPLOID)

    def _copies(self, alt_index: int, ploidy: int) -> np.ndarray:
        if not self.has_gt:
            return np.full(self._part.samples, MISSING, np.int8)
        return copies(np.ascontiguousarray(self._part.alleles[self._row]), alt_index, ploidy)

    def numbers(self, field: str) -> np.ndarray | None:
        if not self._part.has(f"call_{field}"):
            return None
        values = self._part.values(f"call_{field}")[self._row]
        if values.dtype.kind not in "iuf":
            return None
        values = values.reshape(self._part.samples, -1)
        with np.errstate(invalid="ignore"):  # a missing number is a signalling NaN
            found = values.astype(np.float64)
        if values.dtype.kind == "i":
            found[values < 0] = np.nan
        return None if np.isnan(found).all() else found


class _Content:
    """The records of a store; see ``record_source.Content``."""

    def __init__(self, store: VczStore) -> None:
        self._store = store

    def records(self) -> Iterator[_Record]:
        for rows in self._store.parts():
            yield from _Part(self._store, rows).records()

    def dosages(self, rows: Sequence[Row[Any]]) -> np.ndarray:
        return each_call(rows, len(self._store.samples))

    def check(self, record: _Record) -> None:
        pass

    def weight(self, record: _Record) -> int:
        return 0
