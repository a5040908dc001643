"""VCF, compressed VCF and BCF files, and VCF on standard input."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from ...errors import InputUnreadable, UsageProblem
from ..variants import Block
from .bcf import BcfRecords
from .reading import DEFAULT, ReadOptions
from .source import GenotypeSource
from .streams import STANDARD_INPUT, check_bgzf_end, display_name, inflated, lines, open_bytes
from .variant_filter import VariantFilter
from .vcf_header import BCF_START, NEEDS_GT, VcfHeader, bcf_header_lines, read_header
from .vcf_text import VcfText

log = logging.getLogger(__name__)


class VcfSource(GenotypeSource):
    """Biallelic SNPs of a VCF, VCF.gz or BCF file that passed their filters, each once.

    The dosage of a call with two observed alleles, each REF or ALT, is the number of copies of
    ALT; half calls, haploid calls and calls of other ploidies are missing. The symbolic allele
    of a gVCF is ignored and reference blocks are skipped. A pipe can be read only once.

    Parameters
    ----------
    path : str
        A file, a named pipe, or "-" for VCF on standard input.

    Raises
    ------
    InputUnreadable
        If the file is cut short, or its header does not declare genotypes of distinct samples.
    """

    def __init__(self, path: str, options: ReadOptions = DEFAULT) -> None:
        self.name = display_name(path)
        self.skipped = Counter()
        self._path, self._options = path, options
        self._reader: VcfText | BcfRecords | None = None
        self._pipe: tuple[BinaryIO, Iterator[bytes]] | None = None
        self._is_pipe = path == STANDARD_INPUT or not Path(path).is_file()
        if self._is_pipe:
            handle = open_bytes(path)
            header, body = self._start(handle)
            self._pipe = (handle, body or iter(()))
        else:
            self.files = (Path(path),)
            check_bgzf_end(Path(path))
            with open_bytes(path) as handle:
                header, body = self._start(handle)
            self._is_bcf = body is None
        header.check_calls(self.name)
        self.samples, self.build_hint = header.samples, header.build_hint
        self._first_line = header.lines + 1

    @property
    def haploid_calls(self) -> int:
        """Calls of one allele in the variants read so far; their dosage is missing."""
        return self._reader.haploid_calls if self._reader else 0

    def blocks(self, variants: int = 1024) -> Iterator[Block]:
        """See ``GenotypeSource.blocks``."""
        self.skipped.clear()
        found = False
        for block in self._blocks(variants):
            found = True
            yield block
        if self.haploid_calls:
            log.info("%s: %d haploid calls are set to missing", self.name, self.haploid_calls)
        if self.skipped["without GT"] and not found:
            raise InputUnreadable(
                f"{self.name} holds no hard calls: no SNP in it has the FORMAT field GT", NEEDS_GT
            )

    def _blocks(self, variants: int) -> Iterator[Block]:
        variant_filter = VariantFilter(self.skipped, self._options)
        if not self._is_pipe and self._is_bcf:
            self._reader = BcfRecords(self._path, len(self.samples), variant_filter)
            yield from self._reader.blocks(variants)
            return
        self._reader = VcfText(self.name, len(self.samples), variant_filter)
        if self._is_pipe:
            yield from self._reader.blocks(self._rest_of_pipe(), self._first_line, variants)
            return
        with open_bytes(self._path) as handle:
            _, body = self._start(handle)
            yield from self._reader.blocks(body or (), self._first_line, variants)

    def _start(self, handle: BinaryIO) -> tuple[VcfHeader, Iterator[bytes] | None]:
        """The header, and the lines after it if the file is text."""
        pieces = filter(None, inflated(handle, self.name))
        first = next(pieces, b"")
        if not first:
            raise InputUnreadable(f"{self.name} is empty", "Give a VCF file.")
        pieces_again = chain([first], pieces)
        if first.startswith(BCF_START):
            if self._is_pipe:
                raise InputUnreadable(
                    f"{self.name} holds BCF, which is read from files only",
                    "Give the path of the file, or pipe it through `bcftools view`.",
                )
            return read_header(bcf_header_lines(pieces_again, self.name), self.name), None
        body = lines(pieces_again)
        return read_header(body, self.name), body

    def _rest_of_pipe(self) -> Iterator[bytes]:
        if self._pipe is None:
            raise UsageProblem(f"{self.name} can be read only once", "Write it to a file first.")
        (handle, body), self._pipe = self._pipe, None
        yield from body
        if self._path != STANDARD_INPUT:
            handle.close()
