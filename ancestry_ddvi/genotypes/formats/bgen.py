"""BGEN files, versions 1.1 to 1.3, of genotype probabilities.

https://www.chg.ox.ac.uk/~gav/bgen_format/
"""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import DDVIError, InputUnreadable, UsageProblem, quoted
from ..variants import MISSING
from .plink_text import decoded, genotype_file, of_width, read_lines, read_table
from .reading import DEFAULT, ReadOptions
from .record_source import RecordSource
from .records import Row, each_call
from .variant_filter import printable
from .vcf_header import check_distinct

START = re.compile(rb".{16}bgen", re.DOTALL)

HARD_CALL = 0.1
"""A genotype is called if its dosage of ALT, from 0 to 2, is within this of a whole number, as by
--hard-call-threshold of plink2, and its probability within this of 1: an unknown genotype has the
dosage 1 as well."""

_SUM_TOLERANCE = 0.05
"""How far the stored probabilities of a genotype may be from a sum of 1."""

_ROUNDING = 1e-6
_HAPLOID, _DIPLOID = 1, 2
_NO_SAMPLES = "Put the .sample file beside it, under the same name, as {}."
_DAMAGED = "It is damaged or cut short; copy it again."


class BgenSource(RecordSource):
    """Biallelic SNPs of a .bgen file; the first allele is REF.

    Probabilities are those of GP, and calls are made of them (``HARD_CALL``). Sample IDs are those
    in the file, or else of the .sample file beside it. See ``RecordSource``.

    Raises
    ------
    InputUnreadable
        If the file is damaged, or names no samples.
    UsageProblem
        If bgen is not installed.
    """

    likelihood_fields = frozenset({"GP"})

    def __init__(self, path: str, options: ReadOptions = DEFAULT) -> None:
        self._path = genotype_file(path, ".bgen")
        self.name, self.files, self._options = path, (self._path,), options
        self.skipped = Counter()
        with _opened(self._path) as reader, _readable(self._path):
            self.records = int(reader.header.nvariants)
            number = int(reader.header.nsamples)
            named = bool(reader.header.has_sample_ids)
            self.samples = tuple(reader.samples) if named else ()
        if not named:
            beside = self._path.with_suffix(".sample")
            self.samples = _read_samples(beside, self._path)
            self.files = (self._path, beside)
        if len(self.samples) != number:
            raise InputUnreadable(
                f"{self._path} has {number:,} samples, and {len(self.samples):,} have an ID",
                "Give the .sample file that belongs to it.",
            )
        check_distinct(self.samples, str(self.files[-1]))

    def _contents(self) -> Iterator[_Content]:
        with _opened(self._path) as reader:
            yield _Content(self._path, reader, len(self.samples))


class _Record:
    """A variant; its probabilities are read when asked for. See ``records.Record``."""

    filters = "PASS"
    has_gt = True

    def __init__(self, path: Path, variant: Any, samples: int) -> None:
        self._path, self._variant, self._samples = path, variant, samples
        self.chromosome: str = variant.chrom or "0"
        self.position: int = variant.pos
        self.id = printable((variant.rsid or variant.varid).encode())
        self.ref, *alts = [allele or "." for allele in variant.alleles] or ["."]
        self.alts = tuple(alts)
        self.end = self.position + len(self.ref) - 1
        self._read: tuple[np.ndarray, np.ndarray] | None = None

    def calls(self, alt_index: int) -> np.ndarray:
        return self._called(_DIPLOID)

    def haploid(self, alt_index: int) -> np.ndarray:
        return self._called(_HAPLOID)

    def numbers(self, field: str) -> np.ndarray | None:
        if field != "GP" or len(self.alts) != 1:
            return None
        probabilities, ploidy = self._probabilities()
        return np.where(ploidy[:, None] == _DIPLOID, probabilities, np.nan)

    def _called(self, ploidy: int) -> np.ndarray:
        """Copies of ALT of samples of a ploidy, where they are certain; int8 (samples,)."""
        if len(self.alts) != 1:
            return np.full(self._samples, MISSING, np.int8)
        probabilities, found = self._probabilities()
        copies = probabilities @ np.arange(3.0)
        with np.errstate(invalid="ignore"):
            whole = np.rint(copies)
            certain = np.abs(copies - whole) <= HARD_CALL * ploidy / _DIPLOID + _ROUNDING
            certain &= probabilities.max(axis=1) >= 1 - HARD_CALL - _ROUNDING
            called = np.where(certain & (found == ploidy), whole, MISSING)
        return np.asarray(called, np.int8)

    def _probabilities(self) -> tuple[np.ndarray, np.ndarray]:
        """Of 0, 1 and 2 copies of ALT, float64 (samples, 3), NaN where missing; and ploidies."""
        if self._read is None:
            with _readable(self._path):
                stored = np.asarray(self._variant.probabilities, np.float64)
                ploidy = np.asarray(self._variant.ploidy)
                phased = bool(self._variant.is_phased)
            self._read = _of_three(stored, ploidy, phased, self._path, self._samples), ploidy
        return self._read


def _of_three(
    stored: np.ndarray, ploidy: np.ndarray, phased: bool, path: Path, samples: int
) -> np.ndarray:
    """Probabilities of 0, 1 and 2 copies of the second of two alleles: float64 (samples, 3).

    Parameters
    ----------
    stored : ndarray of float64, (samples, columns)
        Of genotypes; or, of phased ones, of both alleles on each haplotype.
    ploidy : ndarray of int, (samples,)
    phased : bool
    path : Path
    samples : int

    Raises
    ------
    InputUnreadable
        If they are of other numbers of samples or genotypes.
    """
    if len(stored) != samples or len(ploidy) != samples or stored.ndim != _DIPLOID:
        raise InputUnreadable(f"{path}: a variant has other samples than the file", _DAMAGED)
    wide = np.full((samples, 4), np.nan)
    wide[:, : min(4, stored.shape[1])] = stored[:, :4]
    if phased:
        first, second = _sound(wide[:, :2]), _sound(wide[:, 2:])
        both = first[:, :, None] * second[:, None, :]
        found = np.stack([both[:, 0, 0], both[:, 0, 1] + both[:, 1, 0], both[:, 1, 1]], axis=1)
    else:
        found, first = _sound(wide[:, :3]), _sound(wide[:, :2])
    single = ploidy == _HAPLOID
    found[single] = np.column_stack([first, np.zeros(samples)])[single]
    found[(ploidy != _HAPLOID) & (ploidy != _DIPLOID)] = np.nan
    return found


def _sound(values: np.ndarray) -> np.ndarray:
    """Probabilities scaled to a sum of 1, NaN where they are not near one.

    The last of them is the rest, which rounding may take below 0.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        negative = values.min(axis=1, keepdims=True) < -_ROUNDING
        values = np.clip(values, 0, None)
        total = values.sum(axis=1, keepdims=True)
        near = ~negative & (np.abs(total - 1) <= _SUM_TOLERANCE)
        return np.where(near, values / total, np.nan)


class _Content:
    """The variants of a file; see ``record_source.Content``."""

    def __init__(self, path: Path, reader: Any, samples: int) -> None:
        self._path, self._reader, self._samples = path, reader, samples

    def records(self) -> Iterator[_Record]:
        """The variants, of which there have to be as many as the file says.

        Raises
        ------
        InputUnreadable
        """
        number, expected = 0, int(self._reader.header.nvariants)
        rest = iter(self._reader)
        while True:
            with _readable(self._path):
                variant = next(rest, None)
                record = variant and _Record(self._path, variant, self._samples)
            if record is None:
                break
            number += 1
            yield record
        if number != expected:
            raise InputUnreadable(
                f"{self._path} has {number:,} variants where its header says {expected:,}", _DAMAGED
            )

    def dosages(self, rows: Sequence[Row[Any]]) -> np.ndarray:
        return each_call(rows, self._samples)

    def check(self, record: _Record) -> None:
        pass

    def weight(self, record: _Record) -> int:
        return 32 * self._samples


def _read_samples(path: Path, bgen: Path) -> tuple[str, ...]:
    """Sample IDs of a .sample file: its second column, or both where that repeats.

    https://www.cog-genomics.org/plink/2.0/formats#sample

    Raises
    ------
    InputUnreadable
        If it is missing or malformed.
    """
    if not path.exists():
        raise InputUnreadable(f"{bgen} names no samples", _NO_SAMPLES.format(path.name))
    table = read_table(path, read_lines(path))
    rows = list(of_width(table, 3))
    if len(rows) < 3 or rows[0][1][0] != b"ID_1" or set(rows[1][1][:3]) != {b"0"}:
        raise InputUnreadable(
            f"{path} is not a .sample file: it needs the lines `ID_1 ID_2 missing` and `0 0 0`, "
            "and one for each sample",
            "Write it again, such as by plink2 --export bgen-1.2.",
        )
    pairs = [tuple(decoded(word, path, number) for word in row[:2]) for number, row in rows[2:]]
    ids = tuple(second for _, second in pairs)
    return ids if len(set(ids)) == len(ids) else tuple("_".join(pair) for pair in pairs)


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """A reader of a file.

    Raises
    ------
    InputUnreadable, UsageProblem
    """
    try:
        library = import_module("bgen")
    except ImportError as error:
        raise UsageProblem(
            "Reading BGEN files needs the Python module bgen, which is not installed",
            "Run `pip install 'ddvi-ancestry[bgen]'`.",
        ) from error
    with _readable(path):
        reader = library.BgenReader(str(path), delay_parsing=True)
    try:
        yield reader
    finally:
        reader.close()


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Whatever the library raises of damaged data becomes one sentence.

    It logs to the root logger, which would get a handler by that, and print what others log.

    Raises
    ------
    InputUnreadable
    """
    root, nowhere = logging.getLogger(), logging.NullHandler()
    root.addHandler(nowhere)
    try:
        yield
    except DDVIError:
        raise
    except Exception as error:  # of C++, of decompression and of text, without a common class
        said = " ".join(str(error).split()) or type(error).__name__
        raise InputUnreadable(f"{path} cannot be read: {quoted(said)}", _DAMAGED) from error
    finally:
        root.removeHandler(nowhere)
