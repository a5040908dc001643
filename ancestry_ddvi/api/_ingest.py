"""The command ingest."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..genotypes.formats.reading import VAR_FILTER, ReadOptions
from ..genotypes.store import ingest as write_store
from ..progress import SILENT, Progress
from ..resources import usable_threads
from ._common import Inputs, counter, default_prefix, paths_of
from ._places import prepare_outputs


@dataclass(frozen=True)
class Ingested:
    """What ``ingest`` wrote."""

    files: dict[str, Path]
    summary: dict[str, Any]


def ingest(
    inputs: Inputs,
    out: str | None = None,
    *,
    var_filter: str = VAR_FILTER,
    threads: int | None = None,
    progress: Progress = SILENT,
) -> Ingested:
    """Pack the genotypes of one or several files into a PLINK 1 fileset for later fits.

    Parameters
    ----------
    inputs : str, path-like, or sequence of them
        Genotype files, or "-" for a VCF on standard input.
    out : str, optional
        Prefix of the fileset; by default ``<name of the input>.genotypes``, where ``fit``
        looks for it.
    var_filter : str
        FILTER values that are no failures, besides PASS and missing, with commas between them;
        "all" reads records whatever their FILTER.
    threads : int, optional
        How many processes read a large file with an index; by default as many as the scheduler or
        the system grants.
    progress : Progress

    Raises
    ------
    DDVIError
        If something cannot be read or written.
    """
    inputs = paths_of(inputs)
    options = ReadOptions.of(var_filter, threads or usable_threads())
    prefix = out or f"{default_prefix(inputs)}.genotypes"
    prepare_outputs(prefix, "ingest", inputs)
    with progress.stage("reading", None) as advance:
        store = write_store(inputs, Path(prefix), counter(advance), options)
    files = {end: Path(f"{prefix}.{end}") for end in ("bed", "bim", "fam", "json")}
    counts = {"samples": len(store.samples), "variants": len(store.variants)}
    return Ingested(files, {**counts, "skipped_records": dict(store.skipped)})
