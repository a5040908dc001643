"""VCF Zarr stores, written array by array after the specification."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

SAMPLES = ("a", "b", "c")
GENOTYPES = np.array(
    [
        [[0, 0], [0, 1], [1, 1]],
        [[1, 0], [-1, -1], [0, -1]],
        [[0, 0], [1, 1], [0, 1]],
        [[0, 1], [1, 1], [0, 0]],
        [[0, 1], [2, 1], [0, 0]],
        [[1, 1], [0, 1], [0, 0]],
    ],
    np.int8,
)
ALLELES = [["A", "C", ""], ["g", "t", ""], ["A", "AT", ""], ["C", "T", ""], ["A", "C", "T"],
           ["G", "A", ""]]  # fmt: skip
ARRAYS: dict[str, Any] = {
    "sample_id": list(SAMPLES),
    "contig_id": ["1", "chr2"],
    "contig_length": np.array([249250621, 243199373]),
    "filter_id": ["PASS", "q10"],
    "variant_contig": np.array([0, 0, 0, 0, 0, 1], np.int8),
    "variant_position": np.array([100, 101, 102, 103, 104, 9000], np.int32),
    "variant_id": ["rs0", ".", "rs2", "rs3", "rs4", "rs5"],
    "variant_allele": ALLELES,
    "variant_filter": np.array([[1, 0], [1, 0], [1, 0], [0, 1], [1, 0], [0, 0]], bool),
    "variant_length": np.ones(6, np.int8),
    "call_genotype": GENOTYPES,
}
DOSAGES = [[0, 1, 2], [1, -1, -1], [2, 1, 0]]
"""Of the rows that are biallelic SNPs and passed: 0, 1 and 5."""


def write_store(
    path: Path,
    arrays: Mapping[str, Any] = ARRAYS,
    zarr_format: int = 2,
    chunk: int = 2,
    fill: int | None = None,
    empty: bool = False,
) -> str:
    """Write a store, chunked by variants; its path.

    ``fill`` is the fill value of genotypes, and with ``empty`` chunks of the fill value are stored.
    """
    import zarr

    shutil.rmtree(path, ignore_errors=True)
    group = zarr.open_group(str(path), mode="w", zarr_format=zarr_format)
    for name, content in arrays.items():
        values = np.array(content, dtype=np.dtypes.StringDType()) if _is_text(content) else content
        along = (chunk,) if name.startswith(("variant_", "call_")) else ()
        chunks = (*along, *values.shape[len(along) :])
        array = group.create_array(
            name,
            shape=values.shape,
            dtype=values.dtype,
            chunks=chunks,
            fill_value=fill if name == "call_genotype" else None,
            config={"write_empty_chunks": empty},
        )
        array[:] = values
    return str(path)


def _is_text(content: Any) -> bool:
    return isinstance(content, Sequence)


def zipped(path: str | Path) -> str:
    """The store as a zip archive, without compression."""
    return shutil.make_archive(str(path), "zip", path)
