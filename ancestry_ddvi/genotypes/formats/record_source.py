"""Sources whose files are made of records, as VCF is: from records to blocks."""

from __future__ import annotations

import abc
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Protocol

import numpy as np

from ...errors import InputUnreadable
from ..variants import MISSING, Block
from .fields import FIELDS, GT, NOTHING, one_hot
from .packing import variants_at_once
from .ploidy import Called, Ploidy
from .reading import NEEDS_GT, ReadOptions
from .records import R, RecordRows, Row, keep_reference, soft_values
from .source import GenotypeSource, LikelihoodBlock
from .streams import TEXT_AT_ONCE
from .variant_filter import VariantFilter, table


class Content(Protocol[R]):
    """An opened file, whose records can be read once."""

    def records(self) -> Iterator[R]: ...

    def dosages(self, rows: Sequence[Row[R]]) -> np.ndarray:
        """Dosages of rows, int8 (rows, samples); see ``Ploidy`` for the codes."""

    def check(self, record: R) -> None:
        """Check a record whose calls are not read."""

    def weight(self, record: R) -> int:
        """Bytes of a record that stay in memory until its block is made."""


class RecordSource(GenotypeSource):
    """Biallelic SNPs that passed their filters, of a file made of records.

    The dosage of a call with two observed alleles, each REF or ALT, is the number of copies of
    ALT; half calls and calls of more than two alleles are missing, and for calls of one allele see
    ``Ploidy``. Symbolic alleles of a gVCF are ignored. With targets, reference calls there are
    read too; see ``ReadOptions``.
    """

    _options: ReadOptions

    @abc.abstractmethod
    def _contents(self) -> Iterator[Content[Any]]:
        """The file, opened; once."""

    def _records(self, content: Content[Any]) -> Iterator[Any]:
        """The records to read."""
        return content.records()

    def _check_ploidy(self, ploidy: Ploidy) -> None:
        """Called when all is read."""

    def blocks(self, variants: int = 1024) -> Iterator[Block]:
        """See ``GenotypeSource.blocks``."""
        found = False
        for called in self._settled(variants, ()):
            found = True
            yield Block(called.variants, called.dosages)
        self._check_calls(found)

    def _check_calls(self, found: bool) -> None:
        """Refuse a file whose SNPs all lack GT."""
        if self.skipped["without GT"] and not found:
            raise InputUnreadable(
                f"{self.name} holds no hard calls: no SNP in it has the FORMAT field GT", NEEDS_GT
            )

    def likelihoods(
        self, fields: Sequence[str] = FIELDS, variants: int = 1024
    ) -> Iterator[LikelihoodBlock]:
        """See ``GenotypeSource.likelihoods``; with targets, at these alone."""
        for called in self._settled(variants, fields):
            values, found_in = called.soft
            from_calls = (found_in == NOTHING) & (called.dosages >= 0)
            values[from_calls] = one_hot(called.dosages[from_calls])
            found_in[from_calls] = FIELDS.index(GT)
            yield LikelihoodBlock(called.variants, values, found_in)

    def _settled(self, variants: int, fields: Sequence[str]) -> Iterator[Called]:
        """Blocks of calls and, if fields are given, of the best of these fields."""
        self.skipped.clear()
        self.unwanted = 0
        for content in self._contents():
            blocks = self._blocks(content, variants, fields)
            ploidy = Ploidy(self.name, self.samples)
            yield from ploidy.settled(blocks)
            self._check_ploidy(ploidy)

    def _blocks(
        self, content: Content[Any], variants: int, fields: Sequence[str]
    ) -> Iterator[Called]:
        variant_filter = VariantFilter(self.skipped, self._options)
        rows = RecordRows(variant_filter, not fields, content.check).of(self._records(content))
        if fields and self._options.targets:
            rows = self._wanted(rows, content)
        size = variants_at_once(variants, (3 if fields else 1) * len(self.samples))
        for some in _batches(rows, size, content):
            yield self._called(some, content, fields)

    def _wanted(self, rows: Iterable[Row[Any]], content: Content[Any]) -> Iterator[Row[Any]]:
        """The rows that are targets; the others are counted."""
        targets = self._options.targets
        for row in rows:
            if row.is_reference or targets is None or targets.wants(row.variant):
                yield row
            else:
                self.unwanted += 1
                content.check(row.record)

    def _called(
        self, rows: Sequence[Row[Any]], content: Content[Any], fields: Sequence[str]
    ) -> Called:
        samples = len(self.samples)
        variants = table([row.variant for row in rows])
        dosages = np.full((len(rows), samples), MISSING, np.int8)
        read = [i for i, row in enumerate(rows) if row.alt]
        if read and (not fields or GT in fields):
            dosages[read] = content.dosages([rows[i] for i in read])
            keep_reference(rows, dosages)
        if not fields:
            return Called(variants, dosages)
        soft = [soft_values(row, fields, samples) for row in rows]
        values, found_in = (np.stack(parts) for parts in zip(*soft, strict=True))
        return Called(variants, dosages, (values, found_in))


def _batches(
    rows: Iterable[Row[Any]], size: int, content: Content[Any]
) -> Iterator[list[Row[Any]]]:
    """Rows in lists of at most ``size``, and of half a MiB of text."""
    batch: list[Row[Any]] = []
    weight, weigh = 0, content.weight
    for row in rows:
        batch.append(row)
        weight += weigh(row.record)
        if len(batch) == size or weight > TEXT_AT_ONCE:
            yield batch
            batch, weight = [], 0
    if batch:
        yield batch
