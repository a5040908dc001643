"""PLINK 2 filesets: x.pgen with x.pvar or x.pvar.zst, and x.psam beside it.

https://www.cog-genomics.org/plink/2.0/formats
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from importlib import import_module
from itertools import chain
from pathlib import Path
from sys import intern
from typing import Any

import numpy as np

from ...errors import InputUnreadable, UsageProblem
from ..variants import MISSING, Block, VariantTable
from .packing import variants_at_once
from .plink_text import genotype_file, read_lines, read_variants, split_rows
from .reading import DEFAULT, ReadOptions
from .source import GenotypeSource
from .streams import open_bytes
from .variant_filter import VariantFilter
from .vcf_header import build_in_header, check_distinct

PGEN_START = b"\x6c\x1b"

_REQUIRED = ("#CHROM", "POS", "ID", "REF", "ALT")
_HEADERLESS = {
    5: ("#CHROM", "ID", "POS", "ALT", "REF"),
    6: ("#CHROM", "ID", "CM", "POS", "ALT", "REF"),
}
_PGENLIB_MISSING = -9


class PgenSource(GenotypeSource):
    """Hard calls of a .pgen file, read with Pgenlib.

    Attributes
    ----------
    variants : VariantTable
        Every row of the .pvar.
    usable : ndarray of bool, shape (variants,)
        Rows that are biallelic SNPs that passed their filters, each once.

    Raises
    ------
    InputUnreadable
        If one of the three files is missing or malformed, or does not fit the others.
    UsageProblem
        If Pgenlib or zstandard is not installed.
    """

    def __init__(self, path: str, options: ReadOptions = DEFAULT) -> None:
        pgen = genotype_file(path, ".pgen")
        psam, pvar = pgen.with_suffix(".psam"), pgen.with_suffix(".pvar")
        if not pvar.exists() and pgen.with_suffix(".pvar.zst").exists():
            pvar = pgen.with_suffix(".pvar.zst")
        self.name, self.files = path, (pgen, pvar, psam)
        self.skipped = Counter()
        self.samples = _read_psam(psam)
        self.variants, filters, self.build_hint = _read_pvar(pvar)
        self.records = len(self.variants)
        self.usable = VariantFilter(self.skipped, options).admit_table(self.variants, filters)
        self._open().close()

    def blocks(self, variants: int = 1024) -> Iterator[Block]:
        """See ``GenotypeSource.blocks``."""
        rows = np.flatnonzero(self.usable)
        step = variants_at_once(variants, len(self.samples))
        with self._open() as reader:
            for start in range(0, len(rows), step):
                chosen = rows[start : start + step]
                yield Block(self.variants[chosen], self._dosages(reader, chosen))

    def _dosages(self, reader: Any, rows: np.ndarray) -> np.ndarray:
        dosages = np.empty((len(rows), len(self.samples)), np.int8)
        try:
            reader.read_list(rows.astype(np.uint32), dosages)
        except RuntimeError as error:
            raise _unreadable(self.files[0], error) from error
        dosages[dosages == _PGENLIB_MISSING] = MISSING
        return dosages

    def _open(self) -> Any:
        """A Pgenlib reader, which checks that the three files fit together."""
        pgenlib = _need("pgenlib")
        alleles = np.array([2 + alt.count(",") for alt in self.variants.alt], np.uintp)
        offsets = np.concatenate([np.zeros(1, np.uintp), np.cumsum(alleles, dtype=np.uintp)])
        try:
            return pgenlib.PgenReader(
                str(self.files[0]).encode(),
                raw_sample_ct=len(self.samples),
                variant_ct=len(self.variants),
                allele_idx_offsets=offsets,
            )
        except RuntimeError as error:
            raise _unreadable(self.files[0], error) from error


def _need(module: str) -> Any:
    try:
        return import_module(module)
    except ImportError as error:
        raise UsageProblem(
            f"Reading PLINK 2 files needs the Python module {module}, which is not installed",
            "Run `pip install 'ddvi-ancestry[plink2]'`.",
        ) from error


def _unreadable(pgen: Path, error: RuntimeError) -> InputUnreadable:
    return InputUnreadable(
        f"{pgen} cannot be read with the .pvar and .psam beside it: {error}",
        "It is cut short or belongs to other files; `plink2 --pfile ... --validate` shows more.",
    )


def _read_psam(psam: Path) -> tuple[str, ...]:
    """The IIDs; a file without a header line has the columns of a .fam file."""
    at = 1
    samples = []
    for _, fields in split_rows(read_lines(psam), psam, 1):
        if fields[0].startswith("##"):
            continue
        if fields[0] in ("#FID", "#IID"):
            at = int(fields[0] == "#FID")
        elif len(fields) > at:
            samples.append(fields[at])
    check_distinct(samples, str(psam))
    if not samples:
        raise InputUnreadable(f"{psam} names no samples", "Make the fileset again.")
    return tuple(samples)


def _read_pvar(pvar: Path) -> tuple[VariantTable, list[str] | None, str | None]:
    """Variants, their FILTER if the file has it, and the build of its contig lengths."""
    lines = _pvar_lines(pvar)
    meta = []
    for line in lines:
        if not line.startswith(b"##"):
            break
        meta.append(line.decode(errors="replace"))
    else:
        raise InputUnreadable(f"{pvar} lists no variants", "Make the fileset again.")
    names = _pvar_columns(line, pvar)
    body = lines if line.startswith(b"#CHROM") else chain([line], lines)
    first = len(meta) + 1 + line.startswith(b"#CHROM")
    rows = split_rows(body, pvar, len(names), first)
    filters: list[str] | None = None
    if "FILTER" in names:
        filters = []
        rows = _copying(rows, names.index("FILTER"), filters)
    variants = read_variants(rows, pvar, [names.index(name) for name in _REQUIRED])
    return variants, filters, build_in_header(meta)


def _pvar_columns(line: bytes, pvar: Path) -> Sequence[str]:
    _, fields = next(split_rows([line], pvar, 1))
    names = fields if fields[0] == "#CHROM" else _HEADERLESS.get(len(fields), ())
    if not set(names).issuperset(_REQUIRED):
        raise InputUnreadable(
            f"{pvar} does not name its columns {', '.join(_REQUIRED)}",
            "Add a header line, or make the fileset again.",
        )
    return names


def _copying(
    rows: Iterable[tuple[int, list[str]]], at: int, column: list[str]
) -> Iterator[tuple[int, list[str]]]:
    """The rows unchanged, with one of their fields appended to ``column``."""
    for number, fields in rows:
        column.append(intern(fields[at]))
        yield number, fields


def _pvar_lines(pvar: Path) -> Iterator[bytes]:
    if pvar.suffix != ".zst":
        yield from read_lines(pvar)
        return
    zstandard = _need("zstandard")
    with open_bytes(str(pvar)) as handle, zstandard.open(handle, "rb") as content:
        try:
            yield from io.BufferedReader(content)
        except zstandard.ZstdError as error:
            raise InputUnreadable(f"{pvar} is damaged: {error}", "Copy it again.") from error
