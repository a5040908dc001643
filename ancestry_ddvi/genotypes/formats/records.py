"""From the records of VCF and BCF files to rows: SNPs, and reference calls at targets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

import numpy as np

from ..variants import MISSING
from .fields import LIKELIHOOD_FIELDS, NOTHING, as_half, triples
from .ploidy import HAPLOID_REF
from .reading import Targets
from .variant_filter import SYMBOLIC, Variant, VariantFilter, is_reference

MIN_GQ = 10
"""Calls of reference blocks of lower GQ are missing. Calls of SNPs have no such limit, so a high
one here would leave too few reference calls."""

MIN_DP = 5
"""Without GQ, calls of reference blocks of lower MIN_DP or DP are missing."""

_BASES = frozenset("ACGT")


class Record(Protocol):
    """One record of a VCF or BCF file.

    Attributes
    ----------
    chromosome, id, ref : str
    position : int
        1-based; 0 is a telomere.
    alts : tuple of str
        The ALT column as written; empty or (".",) where there is none.
    filters : str
        FILTER values with ";" between them.
    end : int
        The last position that the record covers: INFO END, or the end of REF.
    has_gt : bool
        Whether GT is in FORMAT.
    """

    @property
    def chromosome(self) -> str: ...
    @property
    def position(self) -> int: ...
    @property
    def id(self) -> str: ...
    @property
    def ref(self) -> str: ...
    @property
    def alts(self) -> tuple[str, ...]: ...
    @property
    def filters(self) -> str: ...
    @property
    def end(self) -> int: ...
    @property
    def has_gt(self) -> bool: ...

    def calls(self, alt_index: int) -> np.ndarray:
        """Copies of an ALT allele, from index 1, in diploid calls of it and REF; int8 (samples,).

        Every other call is ``MISSING``.
        """

    def haploid(self, alt_index: int) -> np.ndarray:
        """Copies of an ALT allele in calls of one allele; int8 (samples,), others ``MISSING``."""

    def numbers(self, field: str) -> np.ndarray | None:
        """A numeric FORMAT field, float64 (samples, values); NaN where missing.

        None if the record does not have it.
        """


R = TypeVar("R", bound="Record")


class Row(NamedTuple, Generic[R]):
    """A variant, and the record and the index of the ALT allele that it is read from.

    With the index 0 nothing is read: the record was left out, and what it covers is not absent.
    """

    variant: Variant
    record: R
    alt: int

    @property
    def is_reference(self) -> bool:
        """Whether it is a site at which only homozygous reference calls are read."""
        return self.variant.alt == "."


class RecordRows(Generic[R]):
    """The rows of records.

    Parameters
    ----------
    variant_filter : VariantFilter
        With targets in its options, reference calls become rows too.
    needs_calls : bool
        Leave out records without GT.
    left_out : callable, optional
        Called with each record that makes no row.
    """

    def __init__(
        self,
        variant_filter: VariantFilter,
        needs_calls: bool = True,
        left_out: Callable[[R], None] = lambda record: None,
    ) -> None:
        self._filter = variant_filter
        self._targets = variant_filter.options.targets
        self._needs_calls, self._left_out = needs_calls, left_out

    def of(self, records: Iterable[R]) -> Iterator[Row[R]]:
        """Rows in the order of the records."""
        needs_calls, admit, targets = self._needs_calls, self._filter.admit, self._targets
        for record in records:
            if needs_calls and not record.has_gt:
                self._filter.skipped["without GT"] += 1
            elif targets and is_reference(record.alts):
                yield from self._reference_rows(record, targets)
                continue
            elif snp := admit(record.ref, record.alts, record.filters):
                ref, alt, index = snp
                variant = Variant(record.chromosome, record.position, record.id, ref, alt)
                yield Row(variant, record, index)
                continue
            self._left_out(record)
            if targets:
                yield from self._unread_rows(record, targets)

    def _unread_rows(self, record: R, targets: Targets) -> Iterator[Row[R]]:
        """One row without calls for each target that a record covers that was left out."""
        end = max(record.end, record.position + len(record.ref) - 1)
        for position in targets.within(record.chromosome, record.position, end):
            yield Row(Variant(record.chromosome, position, ".", ".", "."), record, 0)

    def _reference_rows(self, record: R, targets: Targets) -> list[Row[R]]:
        """One row for each target that a record without an ALT allele covers."""
        at = targets.within(record.chromosome, record.position, record.end)
        if record.id in targets.ids and record.position not in at:
            at = [record.position, *at]
        if at and self._filter.passes(record.filters):
            return [Row(_reference_at(record, position), record, 1) for position in at]
        self._filter.leave_out(record.ref, record.alts, record.filters if at else "PASS")
        self._left_out(record)
        return list(self._unread_rows(record, targets)) if at else []


def _reference_at(record: Record, position: int) -> Variant:
    """The site of a record at a position that it covers; REF is "." where it is not written."""
    base = record.ref[position - record.position : position - record.position + 1].upper()
    name = record.id if position == record.position else "."
    return Variant(record.chromosome, position, name, base if base in _BASES else ".", ".")


def each_call(rows: Sequence[Row[Any]], samples: int) -> np.ndarray:
    """Dosages of rows, int8 (rows, samples), record by record; see ``Ploidy`` for the codes."""
    dosages = np.empty((len(rows), samples), np.int8)
    for i, row in enumerate(rows):
        dosages[i] = row.record.calls(row.alt)
        alleles = row.record.haploid(row.alt)
        dosages[i] = np.where(alleles < 0, dosages[i], HAPLOID_REF - alleles)
    return dosages


def keep_reference(rows: Sequence[Row[Any]], dosages: np.ndarray) -> None:
    """Leave at reference rows only homozygous reference calls that are reliable, in place."""
    for i, row in enumerate(rows):
        if row.is_reference:
            reference = (dosages[i] == 0) | (dosages[i] == HAPLOID_REF)
            dosages[i, ~(reference & _reliable(row.record))] = MISSING


def _reliable(record: Record) -> np.ndarray | bool:
    """Which calls of a reference block are of sufficient quality: bool (samples,).

    Calls of blocks without GQ, MIN_DP and DP are used as they are, like those of other records.
    """
    if SYMBOLIC.isdisjoint(record.alts) and record.end <= record.position + len(record.ref) - 1:
        return True
    reliable: np.ndarray | bool = True
    for field, least in (("DP", MIN_DP), ("MIN_DP", MIN_DP), ("GQ", MIN_GQ)):
        numbers = record.numbers(field)
        if numbers is not None:
            known = numbers[:, 0]
            reliable = np.where(np.isnan(known), reliable, known >= least)
    return reliable


def soft_values(
    row: Row[Any], fields: Sequence[str], samples: int
) -> tuple[np.ndarray, np.ndarray]:
    """The best likelihoods, probabilities or dosages of each sample at a row.

    Parameters
    ----------
    row : Row
    fields : sequence of str
        Those to look for, of ``LIKELIHOOD_FIELDS``.
    samples : int

    Returns
    -------
    values : ndarray of float16, (samples, 3)
        See ``triples``; NaN where there is nothing.
    found_in : ndarray of uint8, (samples,)
        Index of the field in ``LIKELIHOOD_FIELDS``, ``NOTHING`` where there is none.
    """
    values, found_in = np.empty((0, 3), np.float16), np.full(samples, NOTHING, np.uint8)
    fields = fields if row.alt else ()
    alts = len(row.record.alts)
    for code, field in enumerate(LIKELIHOOD_FIELDS):
        if field not in fields or (row.is_reference and (field == "DS" or not _has_alt(row))):
            continue
        numbers = row.record.numbers(field)
        found = triples(field, numbers, alts, row.alt) if numbers is not None else None
        if found is None:
            continue
        new = (found_in == NOTHING) & ~np.isnan(found[:, 0])
        found_in[new] = code
        if not len(values):
            values = as_half(found)
        else:
            values[new] = as_half(found[new])
        if not (found_in == NOTHING).any():
            break
    return values if len(values) else np.full((samples, 3), np.nan, np.float16), found_in


def _has_alt(row: Row[Any]) -> bool:
    return not SYMBOLIC.isdisjoint(row.record.alts)
