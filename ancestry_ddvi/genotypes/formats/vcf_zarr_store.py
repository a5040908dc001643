"""The arrays of a VCF Zarr store: they are whole, and fit each other."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import DDVIError, InputUnreadable, UsageProblem, quoted
from .vcf_header import build_in_header, check_distinct
from .vcf_zarr_chunks import (
    CALLS,
    absent_as_missing,
    check_complete,
    check_contigs,
    check_filters,
    check_lengths,
)

ZIP_START = b"PK\x03\x04"
_MARKS = (".zgroup", ".zmetadata", "zarr.json")
"""Files, one of which is in the folder of every Zarr group."""

_REQUIRED = ("variant_position", "variant_contig", "contig_id", "variant_allele", "sample_id")
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

SPECIFICATION = "Make it again from the VCF, with `vcf2zarr convert`."
_BYTES_AT_ONCE = 1 << 27
_ROWS_AT_ONCE = 1 << 14


@dataclass(frozen=True)
class VczStore:
    """The arrays of a store, which fit each other.

    Attributes
    ----------
    path : Path
    arrays : dict of str to zarr.Array
    """

    path: Path
    arrays: dict[str, Any]

    @classmethod
    def opened(cls, path: Path) -> VczStore:
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
        cls(path, arrays)._check()
        calls = {n: absent_as_missing(path, n, array) for n, array in arrays.items() if n in CALLS}
        return cls(path, arrays | calls)

    def _check(self) -> None:
        absent = [name for name in _REQUIRED if name not in self.arrays]
        if absent:
            raise InputUnreadable(
                f"{self.path} is no whole VCF Zarr store: it has no array {absent[0]}",
                SPECIFICATION,
            )
        for name, array in self.arrays.items():
            self._check_shape(name, array)
        check_complete(self.path, self.arrays)
        check_contigs(self.path, self.arrays["variant_contig"], self.read)
        if not self.samples:
            raise InputUnreadable(f"{self.path} names no samples", SPECIFICATION)
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
                SPECIFICATION,
            )
        if array.dtype.kind not in kinds:
            raise InputUnreadable(
                f"{self.path}: the array {name} has the type {array.dtype}, which is not that of "
                "the specification",
                SPECIFICATION,
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

    def check_filters(self, passing: frozenset[str]) -> None:
        """Check that FILTER is known wherever a record can have failed one.

        Raises
        ------
        InputUnreadable
        """
        if "variant_filter" in self.arrays and not passing.issuperset(self.filters):
            check_filters(self.path, self.arrays["variant_filter"])

    @cached_property
    def build_hint(self) -> str | None:
        """The build whose contig lengths it has."""
        if "contig_length" not in self.arrays:
            return None
        lengths = self.read("contig_length").reshape(-1).tolist()
        pairs = zip(self.contigs, lengths, strict=False)
        return build_in_header(f"##contig=<ID={name},length={n}>" for name, n in pairs)

    def _texts(self, name: str) -> tuple[str, ...]:
        return tuple(map(text, self.read(name).tolist()))

    def read(self, name: str, rows: slice = slice(None)) -> np.ndarray:
        """Some rows of an array.

        Raises
        ------
        InputUnreadable
            If they are damaged.
        """
        with _readable(self.path, f"the array {name}"):
            check_lengths(self.path, name, self.arrays[name], rows)
            return np.asarray(self.arrays[name][rows])

    def parts(self) -> Iterator[slice]:
        """The variants in runs of whole chunks, or of fewer if there are very many samples."""
        genotypes = self.arrays.get("call_genotype", self.arrays["variant_position"])
        chunk = max(1, min(int(genotypes.chunks[0]), _ROWS_AT_ONCE))
        called = [array for name, array in self.arrays.items() if name in CALLS]
        width = max(1, sum(prod(a.shape[1:]) * a.dtype.itemsize for a in called))
        step = max(1, min(chunk, _BYTES_AT_ONCE // width))
        for first in range(0, self.variants, chunk):
            last = min(first + chunk, self.variants)
            for start in range(first, last, step):
                yield slice(start, min(start + step, last))


def is_store(path: Path) -> bool:
    """Whether a folder is a Zarr group."""
    return any((path / mark).is_file() for mark in _MARKS)


def text(value: Any) -> str:
    """An element of an array of text, which may be of bytes."""
    return value.decode(errors="surrogateescape") if isinstance(value, bytes) else str(value)


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
