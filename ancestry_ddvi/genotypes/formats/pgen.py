"""PLINK 2 filesets: x.pgen with x.pvar or x.pvar.zst, and x.psam beside it.

https://www.cog-genomics.org/plink/2.0/formats
"""

from __future__ import annotations

import io
import os
import re
from collections import Counter
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import InputUnreadable, UsageProblem, quoted
from ..variants import MISSING, Block
from .packing import as_seen, variants_at_once
from .plink_rows import given_rows
from .plink_text import genotype_file, read_lines, read_samples, read_variants
from .reading import DEFAULT, ReadOptions
from .source import GenotypeSource
from .streams import open_bytes

PGEN_START = b"\x6c\x1b"

_PGENLIB_MISSING = -9
_BARE_NUMBER = re.compile(r"error \d+$")


class PgenSource(GenotypeSource):
    """Hard calls of a .pgen file, read with Pgenlib.

    Attributes
    ----------
    given : GivenRows
        Rows of the .pvar that are given: biallelic SNPs that passed their filters, and monomorphic
        rows at targets. The others are counted in ``skipped``.

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
        self.samples = read_samples(psam)
        listed = read_variants(pvar, _pvar_lines(pvar))
        self.build_hint, self.records = listed.build_hint, len(listed.variants)
        # ALT holds every allele but one; pgenlib has to know where those of a row start.
        alleles = [2 + alt.count(",") for alt in listed.variants.alt]
        self._offsets = np.cumsum([0, *alleles], dtype=np.uintp)
        self.given = given_rows(listed, options, self.skipped)
        self._open().close()

    def blocks(self, variants: int = 1024) -> Iterator[Block]:
        """See ``GenotypeSource.blocks``."""
        given = self.given
        step = variants_at_once(variants, len(self.samples))
        with self._open() as reader:
            for start in range(0, len(self._offsets) - 1, step):
                dosages = self._dosages(reader, start, min(start + step, len(self._offsets) - 1))
                part = slice(*np.searchsorted(given.rows, [start, start + step]))
                if len(rows := given.rows[part] - start):
                    seen = as_seen(dosages[rows], given.alleles[part])
                    yield Block(given.variants[part], seen)

    def _dosages(self, reader: Any, start: int, stop: int) -> np.ndarray:
        """Of all records in a range, also of those left out, so that damage in them is found."""
        dosages = np.empty((stop - start, len(self.samples)), np.int8)
        try:
            reader.read_range(start, stop, dosages)
        except RuntimeError as error:
            raise _unreadable(self.files[0], error) from error
        dosages[dosages == _PGENLIB_MISSING] = MISSING
        return dosages

    def _open(self) -> Any:
        """A Pgenlib reader, which checks that the three files fit together."""
        pgenlib = _need("pgenlib")
        try:
            return pgenlib.PgenReader(
                os.fsencode(self.files[0]),
                raw_sample_ct=len(self.samples),
                variant_ct=self.records,
                allele_idx_offsets=self._offsets,
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
    """Pgenlib's own sentence, which it may give as bytes, or as a bare number of an error."""
    said = error.args[0] if error.args else ""
    text = said.decode(errors="replace") if isinstance(said, bytes) else str(said)
    why = "a record is damaged" if _BARE_NUMBER.search(text) else quoted(text.strip())
    return InputUnreadable(
        f"{pgen} cannot be read with the .pvar and .psam beside it: {why}",
        "It is damaged, cut short or belongs to other files; `plink2 --pfile ... --validate` "
        "shows more.",
    )


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
