"""BCF records to dosages, through cyvcf2."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ...errors import InputUnreadable
from ..variants import MISSING, Block
from .packing import variants_at_once
from .variant_filter import Variant, VariantFilter, table

_PAD = -2
_HTSLIB_DEFAULT = 3


@contextmanager
def quiet_htslib() -> Iterator[None]:
    """Keep htslib from writing to standard error."""
    from cyvcf2.cyvcf2 import set_htslib_log_level

    set_htslib_log_level(0)
    try:
        yield
    finally:
        usual = os.environ.get("CYVCF2_HTSLIB_LOG_LEVEL", "")
        set_htslib_log_level(int(usual) if usual.isdigit() else _HTSLIB_DEFAULT)


def htslib_records(path: str) -> Generator[Any, None, None]:
    """Records of a file, as cyvcf2 reads them.

    Raises
    ------
    InputUnreadable
        If the file is damaged; the message gives the last record that was whole.
    """
    from cyvcf2 import VCF

    where = "its header"
    try:
        for record in VCF(path):
            yield record
            where = f"the record after {record.CHROM}:{record.POS}"
    except Exception as error:  # cyvcf2 raises the base class for damaged files
        raise InputUnreadable(
            f"{path} is damaged or cut short in {where}",
            "Copy it again; `bcftools view` shows more.",
        ) from error


def admitted(variant_filter: VariantFilter, record: Any) -> Variant | None:
    """The variant of a record of cyvcf2; None where the filter leaves it out."""
    alleles = variant_filter.admit(
        record.CHROM, record.POS, record.REF, ",".join(record.ALT), record.FILTER or "PASS"
    )
    return Variant(record.CHROM, record.POS, record.ID or ".", *alleles) if alleles else None


class BcfRecords:
    """Records of a file that htslib reads.

    Attributes
    ----------
    haploid_calls : int
        Calls of one allele so far in the variants kept; their dosage is missing.
    """

    def __init__(self, path: str, samples: int, variant_filter: VariantFilter) -> None:
        self._path = path
        self._samples = samples
        self._variant_filter = variant_filter
        self.haploid_calls = 0

    def blocks(self, variants: int) -> Iterator[Block]:
        """Blocks of at most ``variants`` admitted records.

        Raises
        ------
        InputUnreadable
            If the file is damaged; the message gives the last record that was whole.
        """
        rows: list[Variant] = []
        size = variants_at_once(variants, self._samples)
        dosages = np.empty((size, self._samples), np.int8)
        with quiet_htslib():
            for record in htslib_records(self._path):
                row = self._admit(record)
                if row:
                    dosages[len(rows)] = self._dosage(record.genotype.array())
                    rows.append(row)
                if len(rows) == size:
                    yield Block(table(rows), dosages.copy())
                    rows = []
        if rows:
            yield Block(table(rows), dosages[: len(rows)])

    def _admit(self, record: Any) -> Variant | None:
        if "GT" not in record.FORMAT:
            self._variant_filter.skipped["without GT"] += 1
            return None
        return admitted(self._variant_filter, record)

    def _dosage(self, alleles: np.ndarray) -> np.ndarray:
        """int8 (samples,) from cyvcf2's array (samples, ploidy + 1), with the phase last.

        In it, -1 is a missing allele and -2 pads calls of lower ploidy.
        """
        first, second = alleles[:, 0], alleles[:, 1]
        if alleles.shape[1] == 2:
            second = np.full_like(first, _PAD)
        self.haploid_calls += int(((second == _PAD) & (first >= 0)).sum())
        # Both alleles are 0 or 1 exactly if only the lowest bit is set in either.
        observed = (first | second) & ~1 == 0
        observed &= (alleles[:, 2:-1] == _PAD).all(axis=1)
        dosage: np.ndarray = np.where(observed, first + second, MISSING).astype(np.int8)
        return dosage
