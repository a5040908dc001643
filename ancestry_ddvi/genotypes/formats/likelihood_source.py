"""Genotype likelihoods, probabilities and dosages in VCF and BCF files."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import InputUnreadable
from ..variants import Block
from .fields import triples
from .packing import variants_at_once
from .source import GenotypeSource
from .streams import check_bgzf_end, inflated, lines, open_bytes
from .variant_filter import Variant, VariantFilter, table
from .vcf_header import BCF_START, VcfHeader, bcf_header_lines, read_header

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


def file_header(path: str) -> VcfHeader:
    """The header of a VCF or BCF file, which must not be cut short.

    Raises
    ------
    InputUnreadable
        See ``check_bgzf_end`` and ``read_header``.
    """
    check_bgzf_end(Path(path))
    with open_bytes(path) as handle:
        pieces = inflated(handle, path)
        first = next(filter(None, pieces), b"")
        content = chain([first], pieces)
        if first.startswith(BCF_START):
            return read_header(bcf_header_lines(content, path), path)
        return read_header(lines(content), path)


def values_of(record: Any, variant: Variant, field: str) -> np.ndarray | None:
    """See ``triples``; ``variant`` is the one that the record was admitted as."""
    if field not in record.FORMAT:
        return None
    alts = [alt.upper() for alt in record.ALT]
    return triples(field, record.format(field), len(alts), alts.index(variant.alt) + 1)


class LikelihoodSource(GenotypeSource):
    """One field of a VCF or BCF file, at the wanted SNPs.

    Blocks hold ``triples`` instead of dosages, float16 (variants, samples, 3), with a relative
    error below 0.001 and a smallest number of 6e-8.

    Attributes
    ----------
    snps : int
        SNPs read so far, wanted or not.
    """

    def __init__(self, path: str, field: str, wanted: Callable[[Variant], bool]) -> None:
        header = file_header(path)
        self.name, self.files = path, (Path(path),)
        self.samples, self.build_hint = header.samples, header.build_hint
        self.skipped = Counter()
        self.snps = 0
        self._field, self._wanted = field, wanted

    def blocks(self, variants: int = 1024) -> Iterator[Block]:
        """See ``GenotypeSource.blocks``."""
        self.skipped.clear()
        size = variants_at_once(variants, 3 * len(self.samples))
        with quiet_htslib():
            found = self._found()
            while some := list(islice(found, size)):
                rows, values = zip(*some, strict=True)
                yield Block(table(rows), np.stack(values))

    def _found(self) -> Iterator[tuple[Variant, np.ndarray]]:
        variant_filter, self.snps = VariantFilter(self.skipped), 0
        for record in htslib_records(self.name):
            variant = admitted(variant_filter, record)
            if variant is None:
                continue
            self.snps += 1
            if self._wanted(variant):
                values = values_of(record, variant, self._field)
                if values is None:
                    values = np.full((len(self.samples), 3), np.nan)
                yield variant, values.astype(np.float16)
