"""VCF Zarr: a folder x.vcz, or a zip archive of one, as of vcf2zarr and sgkit.

https://github.com/sgkit-dev/vcf-zarr-spec
"""

from __future__ import annotations

import logging
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from itertools import product
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import DDVIError, InputUnreadable, UsageProblem, quoted
from ..variants import MISSING
from .bcf_calls import DIPLOID, HAPLOID, copies
from .fields import LIKELIHOOD_FIELDS
from .reading import DEFAULT, ReadOptions
from .record_source import RecordSource
from .records import Row, each_call
from .variant_filter import printable
from .vcf_header import build_in_header, check_distinct

log = logging.getLogger(__name__)

ZIP_START = b"PK\x03\x04"
_MARKS = (".zgroup", ".zmetadata", "zarr.json")
"""Files, one of which is in the folder of every Zarr group."""

_CALLS = ("call_genotype", *(f"call_{field}" for field in LIKELIHOOD_FIELDS))
_METADATA = frozenset({".zarray", ".zattrs", ".zgroup", "zarr.json", ""})
_REQUIRED = ("variant_position", "variant_contig", "contig_id", "variant_allele", "sample_id")
_COMPLETE = ("variant_position", "variant_allele", "contig_id", "sample_id")
_TEXT = "OSTU"
_KINDS = {
    "sample_id": (1, _TEXT),
    "contig_id": (1, _TEXT),
    "filter_id": (1, _TEXT),
    "variant_contig": (1, "iu"),
    "variant_position": (1, "iu"),
    "variant_length": (1, "iu"),
    "variant_id": (1, _TEXT),
    "variant_allele": (2, _TEXT),
    "variant_filter": (2, "b"),
    "call_genotype": (3, "i"),
    "call_genotype_mask": (3, "b"),
}
"""Dimensions of the arrays that are read, and the kinds of their type as NumPy has them."""

_SPECIFICATION = "Make it again from the VCF, with `vcf2zarr convert`."
_BLOSC_HEADER = 16
_BYTES_AT_ONCE = 1 << 27
_ROWS_AT_ONCE = 1 << 14
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
        self._store = _Store.opened(Path(path))
        self.samples = self._store.samples
        self.records = self._store.variants
        self.build_hint = self._store.build_hint
        found = [field for field in LIKELIHOOD_FIELDS if f"call_{field}" in self._store.arrays]
        self.likelihood_fields = frozenset(found)

    def _contents(self) -> Iterator[_Content]:
        yield _Content(self._store)


@dataclass(frozen=True)
class _Store:
    """The arrays of a store, which fit each other.

    Attributes
    ----------
    path : Path
    arrays : dict of str to zarr.Array
    """

    path: Path
    arrays: dict[str, Any]

    @classmethod
    def opened(cls, path: Path) -> _Store:
        """Open a store and check the shapes of its arrays.

        Raises
        ------
        InputUnreadable, UsageProblem
        """
        zarr = _zarr()
        if path.is_file() and not _is_zarr(path):
            raise InputUnreadable(
                f"{path} is a zip archive, and not one of a VCF Zarr store",
                "Unpack it and give the genotype file in it.",
            )
        with _readable(path, "the store"):
            store = zarr.storage.ZipStore(path, mode="r") if path.is_file() else str(path)
            arrays = dict(zarr.open_group(store, mode="r").arrays())
        found = cls(path, arrays)
        found._check()
        return found

    def _check(self) -> None:
        absent = [name for name in _REQUIRED if name not in self.arrays]
        if absent:
            raise InputUnreadable(
                f"{self.path} is no whole VCF Zarr store: it has no array {absent[0]}",
                _SPECIFICATION,
            )
        for name, array in self.arrays.items():
            self._check_shape(name, array)
        self._check_chunks()
        if not self.samples:
            raise InputUnreadable(f"{self.path} names no samples", _SPECIFICATION)
        check_distinct(self.samples, str(self.path))

    def _check_shape(self, name: str, array: Any) -> None:
        """Check that an array has its type, and the variants and the samples of the others."""
        expected: tuple[int, ...] = ()
        if name.startswith("variant_"):
            expected = (self.variants,)
        elif name.startswith("call_"):
            expected = (self.variants, self.arrays["sample_id"].shape[0])
        if name == "variant_filter":
            expected += (len(self.filters),)
        elif name == "call_genotype_mask" and "call_genotype" in self.arrays:
            expected = self.arrays["call_genotype"].shape
        dimensions, kinds = _KINDS.get(name, (array.ndim, array.dtype.kind))
        if array.shape[: len(expected)] != expected or array.ndim != dimensions:
            raise InputUnreadable(
                f"{self.path}: the array {name} has the shape {array.shape}, which does not fit "
                "the others",
                _SPECIFICATION,
            )
        if array.dtype.kind not in kinds:
            raise InputUnreadable(
                f"{self.path}: the array {name} has the type {array.dtype}, which is not that of "
                "the specification",
                _SPECIFICATION,
            )

    def _check_chunks(self) -> None:
        """Check that no chunk is lost of arrays that are never of one value alone.

        Of others a chunk that holds nothing but the fill value, 0 by default, need not be there.
        """
        for name in (*_COMPLETE, "call_genotype"):
            if name not in self.arrays:
                continue
            array = self.arrays[name]
            pieces = zip(array.shape, array.shards or array.chunks, strict=True)
            all_of_it = prod(-(-length // max(1, piece)) for length, piece in pieces)
            absent = all_of_it - _stored(self.path, name)
            if absent and name in _COMPLETE:
                raise InputUnreadable(
                    f"{self.path}: {absent:,} of {all_of_it:,} chunks of {name} are absent",
                    "Copy it again; of a zip archive, look whether it is whole.",
                )
            if absent and not (array.metadata.fill_value or 0) < 0:
                log.warning(
                    "%s: %d of %d chunks of genotypes are not stored, which stands for homozygous "
                    "reference calls.",
                    self.path,
                    absent,
                    all_of_it,
                )

    @property
    def variants(self) -> int:
        """Rows of the arrays."""
        return int(self.arrays["variant_position"].shape[0])

    @cached_property
    def samples(self) -> tuple[str, ...]:
        return self._texts("sample_id")

    @cached_property
    def contigs(self) -> tuple[str, ...]:
        return self._texts("contig_id")

    @cached_property
    def filters(self) -> tuple[str, ...]:
        return self._texts("filter_id") if "filter_id" in self.arrays else ()

    @cached_property
    def build_hint(self) -> str | None:
        """The build whose contig lengths it has."""
        if "contig_length" not in self.arrays:
            return None
        lengths = self.read("contig_length").reshape(-1).tolist()
        pairs = zip(self.contigs, lengths, strict=False)
        return build_in_header(f"##contig=<ID={name},length={n}>" for name, n in pairs)

    def _texts(self, name: str) -> tuple[str, ...]:
        return tuple(map(_text, self.read(name).tolist()))

    def read(self, name: str, rows: slice = slice(None)) -> np.ndarray:
        """Some rows of an array.

        Raises
        ------
        InputUnreadable
            If they are damaged.
        """
        with _readable(self.path, f"the array {name}"):
            self._check_lengths(name, rows)
            return np.asarray(self.arrays[name][rows])

    def _check_lengths(self, name: str, rows: slice) -> None:
        """Check that chunks by Blosc have the length that they state: it reads on behind the end.

        A zip archive has checksums.

        Raises
        ------
        InputUnreadable
        """
        array = self.arrays[name]
        if self.path.is_file() or array.shards or "blosc" not in str(array.compressors).lower():
            return
        start, stop, _ = rows.indices(array.shape[0])
        first = array.chunks[0]
        others = (range(-(-n // c)) for n, c in zip(array.shape[1:], array.chunks[1:], strict=True))
        for place in product(range(start // first, -(-stop // first)), *others):
            file = self.path / name / array.metadata.encode_chunk_key(place)
            if file.exists():
                _check_blosc(file)

    def parts(self) -> Iterator[slice]:
        """The variants in runs of whole chunks, or of fewer if there are very many samples."""
        genotypes = self.arrays.get("call_genotype", self.arrays["variant_position"])
        chunk = max(1, min(int(genotypes.chunks[0]), _ROWS_AT_ONCE))
        called = [array for name, array in self.arrays.items() if name in _CALLS]
        width = max(1, sum(prod(a.shape[1:]) * a.dtype.itemsize for a in called))
        step = max(1, min(chunk, _BYTES_AT_ONCE // width))
        for first in range(0, self.variants, chunk):
            last = min(first + chunk, self.variants)
            for start in range(first, last, step):
                yield slice(start, min(start + step, last))


class _Part:
    """Some rows of the arrays; those of calls are read when asked for."""

    def __init__(self, store: _Store, rows: slice) -> None:
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
                    _SPECIFICATION,
                )
            ref, *alts = [_text(allele) for allele in alleles[i].tolist() if allele] or ["."]
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
        return _text(self.values("variant_id")[row]) if self.has("variant_id") else "."


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

    def __init__(self, store: _Store) -> None:
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


def is_store(path: Path) -> bool:
    """Whether a folder is a Zarr group."""
    return any((path / mark).is_file() for mark in _MARKS)


def _text(value: Any) -> str:
    """An element of an array of text, which may be of bytes."""
    return value.decode(errors="surrogateescape") if isinstance(value, bytes) else str(value)


def _stored(path: Path, array: str) -> int:
    """How many chunks of an array are stored."""
    if path.is_dir():
        names = [found.name for found in (path / array).rglob("*") if found.is_file()]
    else:
        with zipfile.ZipFile(path) as archive:
            there = (name for name in archive.namelist() if name.startswith(f"{array}/"))
            names = [name.rpartition("/")[2] for name in there]
    return sum(name not in _METADATA for name in names)


def _check_blosc(chunk: Path) -> None:
    """Check the length of a chunk, bytes 12 to 15 of its header.

    https://github.com/Blosc/c-blosc/blob/main/README_CHUNK_FORMAT.rst

    Raises
    ------
    InputUnreadable
    """
    with chunk.open("rb") as handle:
        header = handle.read(_BLOSC_HEADER)
    size = chunk.stat().st_size
    if len(header) < _BLOSC_HEADER or int.from_bytes(header[12:16], "little") != size:
        raise InputUnreadable(f"{chunk} is cut short or damaged", "Copy the store again.")


def _is_zarr(path: Path) -> bool:
    """Whether a zip archive holds a Zarr group."""
    try:
        with zipfile.ZipFile(path) as archive:
            return not set(_MARKS).isdisjoint(archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise InputUnreadable(
            f"{path} is a damaged zip archive: {quoted(str(error))}", "Copy it again."
        ) from error


def _zarr() -> Any:
    try:
        return import_module("zarr")
    except ImportError as error:
        raise UsageProblem(
            "Reading VCF Zarr needs the Python module zarr, which is not installed",
            "Run `pip install 'ddvi-ancestry[vcz]'`.",
        ) from error


@contextmanager
def _readable(path: Path, what: str) -> Iterator[None]:
    """Whatever the library and its codecs raise of damaged data becomes one sentence.

    Raises
    ------
    InputUnreadable
    """
    try:
        yield
    except DDVIError:
        raise
    except Exception as error:  # codecs, JSON, zip and zarr have no common class of errors
        said = " ".join(str(error).split()) or type(error).__name__
        raise InputUnreadable(
            f"{path}: {what} cannot be read: {quoted(said)}", "It is damaged; copy it again."
        ) from error
