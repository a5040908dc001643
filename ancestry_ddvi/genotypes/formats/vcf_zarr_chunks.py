"""Chunks of VCF Zarr arrays that are not stored, and chunks that are cut short.

Zarr does not store a chunk of nothing but the fill value, and vcf2zarr makes use of that: a lost
file looks the same.
"""

from __future__ import annotations

import logging
import zipfile
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from itertools import product
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import InputUnreadable
from .fields import LIKELIHOOD_FIELDS
from .reading import ANY_FILTER

log = logging.getLogger(__name__)

CALLS = ("call_genotype", *(f"call_{field}" for field in LIKELIHOOD_FIELDS))
_COMPLETE = ("variant_position", "variant_allele", "contig_id", "sample_id", "filter_id")
"""Arrays of which no chunk is 0 or empty throughout."""

_STORE_ALL = "ZARR_ARRAY__WRITE_EMPTY_CHUNKS=True vcf2zarr convert"
_BLOSC_HEADER = 16


def absent_chunks(path: Path, name: str, array: Any) -> tuple[int, int]:
    """How many chunks of an array are not stored, and how many it has; shards count as chunks."""
    pieces = zip(array.shape, array.shards or array.chunks, strict=True)
    every = prod(-(-length // max(1, piece)) for length, piece in pieces)
    return max(0, every - _stored(path, name)), every


def check_complete(path: Path, arrays: dict[str, Any]) -> None:
    """Check that no chunk is lost of arrays of which every chunk is stored.

    So it must be of calls whose absent chunks cannot be read as missing.

    Raises
    ------
    InputUnreadable
    """
    calls = (name for name in CALLS if name in arrays and not _can_be_missing(arrays[name]))
    for name in (*_COMPLETE, *calls):
        absent, every = absent_chunks(path, name, arrays[name]) if name in arrays else (0, 0)
        if absent:
            raise InputUnreadable(
                f"{path}: {absent:,} of {every:,} chunks of {name} are absent",
                "Copy it again; of a zip archive, look whether it is whole.",
            )


def check_filters(path: Path, array: Any) -> None:
    """Check that all chunks of ``variant_filter`` are stored.

    Raises
    ------
    InputUnreadable
    """
    absent, every = absent_chunks(path, "variant_filter", array)
    if absent:
        raise InputUnreadable(
            f"{path}: {absent:,} of {every:,} chunks of variant_filter are not stored: either "
            "their records have FILTER . throughout, or they are lost",
            f"Make it again with `{_STORE_ALL}`, or give --var-filter {ANY_FILTER}.",
        )


def check_contigs(path: Path, array: Any, read: Callable[[str], np.ndarray]) -> None:
    """Check that chunks of ``variant_contig`` that are not stored can be of the first contig.

    They are read as 0. In a VCF with an index each contig is one run of sorted records.

    Parameters
    ----------
    path : Path
    array : zarr.Array
    read : callable
        Reads an array by its name.

    Raises
    ------
    InputUnreadable
        If others stand before one of the first contig, or its positions are not sorted.
    """
    absent, every = absent_chunks(path, "variant_contig", array)
    if not absent:
        return
    first = np.flatnonzero(read("variant_contig") == 0)
    positions = read("variant_position")[first]
    if (first != np.arange(len(first))).any() or (positions[1:] < positions[:-1]).any():
        raise InputUnreadable(
            f"{path}: {absent:,} of {every:,} chunks of variant_contig are not stored, and not "
            "all of them can be of the first contig",
            f"Copy it again, or make it again with `{_STORE_ALL}`.",
        )


def absent_as_missing(path: Path, name: str, array: Any) -> Any:
    """An array of calls whose absent chunks are missing values instead of reference calls.

    A warning says how many there are.
    """
    if not _can_be_missing(array):
        return array
    absent, every = absent_chunks(path, name, array)
    fill = array.metadata.fill_value
    if absent and (fill is None or fill >= 0):
        log.warning(
            "%s: %d of %d chunks of %s are not stored, and read as missing. If none is lost, they "
            "are reference calls, which `%s` stores.",
            path,
            absent,
            every,
            name,
            _STORE_ALL,
        )
    missing = array.dtype.type(np.nan if array.dtype.kind == "f" else -1)
    zarr, metadata = import_module("zarr"), replace(array.metadata, fill_value=missing)
    return zarr.Array(zarr.AsyncArray(metadata=metadata, store_path=array.store_path))


def _can_be_missing(array: Any) -> bool:
    """Whether chunks can be absent: of a shard not alone, and unsigned numbers are all values."""
    return not array.shards and array.dtype.kind in "if"


def _stored(path: Path, array: str) -> int:
    """How many chunks of an array are stored; hidden files are metadata, or of file managers."""
    if path.is_dir():
        names = [found.name for found in (path / array).rglob("*") if found.is_file()]
    else:
        with zipfile.ZipFile(path) as archive:
            there = (name for name in archive.namelist() if name.startswith(f"{array}/"))
            names = [name.rpartition("/")[2] for name in there]
    return sum(name[:1] not in ("", ".") and name != "zarr.json" for name in names)


def check_lengths(path: Path, name: str, array: Any, rows: slice) -> None:
    """Check that chunks by Blosc have the length that they state: it reads on behind the end.

    A zip archive has checksums.

    Raises
    ------
    InputUnreadable
    """
    if path.is_file() or array.shards or "blosc" not in str(array.compressors).lower():
        return
    start, stop, _ = rows.indices(array.shape[0])
    first = array.chunks[0]
    others = (range(-(-n // c)) for n, c in zip(array.shape[1:], array.chunks[1:], strict=True))
    for place in product(range(start // first, -(-stop // first)), *others):
        file = path / name / array.metadata.encode_chunk_key(place)
        if file.exists():
            _check_blosc(file)


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
