"""Genotypes as the methods read them: packed, indexed by site, made once and reused."""

from __future__ import annotations

import hashlib
import json
import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InputUnreadable, NothingLeft, OutputUnwritable, UsageProblem
from ..storage import whole
from .opening import open_sources
from .packing import PackedRows, genotype_counts, pack, packed_width, unpack
from .plink import PlinkSource, write_plink
from .source import Block, GenotypeSource, SiteTable

log = logging.getLogger(__name__)

FORMAT = 1
"""Raised when stores written before can no longer be used."""

Progress = Callable[[int, int | None], None]
"""Told how many records are done, and of how many if that is known."""

_EDGE = 1 << 20


class GenotypeStore:
    """Biallelic SNPs of a set of people, two bits each.

    Attributes
    ----------
    name : str
        The input as the user gave it, for messages.
    samples : tuple of str
    sites : SiteTable
    packed : PackedRows of uint8, shape (sites, ceil(samples / 4))
        The codes of ``packing``; read from disk when sliced, if they lie there.
    skipped : Counter of str
        Records of the input that are not in the store, by reason.
    build_hint : str or None
        The build that the input names.
    """

    def __init__(
        self,
        name: str,
        samples: tuple[str, ...],
        sites: SiteTable,
        packed: PackedRows,
        skipped: Counter[str],
        build_hint: str | None,
    ) -> None:
        self.name = name
        self.samples = samples
        self.sites = sites
        self.packed = packed
        self.skipped = skipped
        self.build_hint = build_hint
        self._counts: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.sites)

    def counts(self) -> np.ndarray:
        """People with 0, 1, 2 copies of ALT and missing, per site: int64 (sites, 4)."""
        if self._counts is None:
            self._counts = genotype_counts(self.packed, len(self.samples))
        return self._counts

    def dosages(self, rows: np.ndarray | slice, samples: np.ndarray | None = None) -> np.ndarray:
        """Dosages of ALT at some sites, of everyone or of some samples: int8 (sites, samples)."""
        dosages = unpack(self.packed[rows], len(self.samples))
        return dosages if samples is None else dosages[:, samples]

    @classmethod
    def open(
        cls, paths: Sequence[str], cache: Path | None = None, progress: Progress | None = None
    ) -> GenotypeStore:
        """The genotypes in the given files.

        A PLINK 1 fileset is used in place. Anything else is ingested to the fileset
        ``cache`` unless that was made from the same files before, or is held in memory if
        there is no ``cache``.

        Raises
        ------
        InputUnreadable, InputsDisagree, UsageProblem
            See ``open_sources``.
        NothingLeft
            If no biallelic SNP is in the files.
        """
        source = open_sources(paths)
        if isinstance(source, PlinkSource):
            return _in_place(source)
        if cache is None:
            return _in_memory(source, progress)
        return _reused(source, cache) or _ingested(source, cache, progress)


def ingest(
    paths: Sequence[str], out_prefix: Path, progress: Progress | None = None
) -> GenotypeStore:
    """Write the genotypes in the given files to the PLINK 1 fileset ``out_prefix``, and open it.

    Raises
    ------
    OutputUnwritable
        If the fileset cannot be written.
    InputUnreadable, InputsDisagree, UsageProblem, NothingLeft
        See ``GenotypeStore.open``.
    """
    return _ingested(open_sources(paths), out_prefix, progress)


def _in_place(source: PlinkSource) -> GenotypeStore:
    rows = None if source.usable.all() else np.flatnonzero(source.usable)
    if rows is not None and not len(rows):
        raise _nothing(source)
    sites = source.sites if rows is None else source.sites[rows]
    packed = PackedRows(source.packed, rows)
    return GenotypeStore(
        source.name, source.samples, sites, packed, source.skipped, source.build_hint
    )


def _in_memory(source: GenotypeSource, progress: Progress | None) -> GenotypeStore:
    tables, content = [], bytearray()
    for block in _reported(source, progress):
        tables.append(block.sites)
        content += pack(block.dosages).tobytes()
    packed = np.frombuffer(content, np.uint8).reshape(-1, packed_width(len(source.samples)))
    return GenotypeStore(
        source.name,
        source.samples,
        SiteTable.join(tables),
        PackedRows(packed),
        Counter(source.skipped),
        source.build_hint,
    )


def _ingested(source: GenotypeSource, prefix: Path, progress: Progress | None) -> GenotypeStore:
    receipt = Path(f"{prefix}.json")
    _make_way(source, prefix)
    inputs = _fingerprint(source)
    write_plink(prefix, source.samples, _reported(source, progress))
    made = {
        "format": FORMAT,
        "name": source.name,
        "inputs": inputs,
        "skipped": dict(source.skipped),
        "build_hint": source.build_hint,
    }
    with whole(receipt) as beside:
        beside.write_text(json.dumps(made, indent=1))
    return _opened(prefix, made)


def _make_way(source: GenotypeSource, prefix: Path) -> None:
    """Without its receipt an older store is not taken for one of the new input, come what may."""
    outputs = {Path(f"{prefix}{end}").resolve() for end in (".bed", ".bim", ".fam", ".json")}
    if overwritten := outputs.intersection(file.resolve() for file in source.files):
        raise UsageProblem(
            f"The store would overwrite its own input {min(overwritten)}",
            "Choose another --out.",
        )
    try:
        Path(f"{prefix}.json").unlink(missing_ok=True)
    except OSError as error:
        raise OutputUnwritable(
            f"{prefix}.json cannot be replaced: {error.strerror}", "Choose another --out."
        ) from error


def _reused(source: GenotypeSource, prefix: Path) -> GenotypeStore | None:
    """The store at ``prefix`` if it was made from this very input."""
    try:
        made = json.loads(Path(f"{prefix}.json").read_text())
        if made["format"] != FORMAT or not source.files or made["inputs"] != _fingerprint(source):
            return None
        store = _opened(prefix, made)
    except (OSError, ValueError, KeyError, TypeError, InputUnreadable):
        return None
    log.info("The store %s is reused: it was made from %s, unchanged since.", prefix, source.name)
    return store


def _opened(prefix: Path, made: dict[str, Any]) -> GenotypeStore:
    store = _in_place(PlinkSource(f"{prefix}.bed"))
    store.name, store.build_hint = made["name"], made["build_hint"]
    store.skipped = Counter(made["skipped"])
    return store


def _reported(source: GenotypeSource, progress: Progress | None) -> Iterator[Block]:
    """The blocks of a source, of which there must be one, telling ``progress`` on the way."""
    kept = 0
    for block in source.blocks():
        kept += len(block.sites)
        yield block
        if progress:
            progress(kept + source.skipped.total(), source.records)
    if not kept:
        raise _nothing(source)


def _nothing(source: GenotypeSource) -> NothingLeft:
    reasons = ", ".join(f"{count} {reason}" for reason, count in source.skipped.items())
    return NothingLeft(
        f"{source.name} holds no biallelic SNP that passed its filters"
        f" (left out: {reasons or 'no record at all'})",
        "Give a file with SNP genotypes.",
    )


def _fingerprint(source: GenotypeSource) -> list[dict[str, str | int]]:
    """What changes when an input file does: path, size, time, and its first and last MiB."""
    return [_file_fingerprint(path) for path in source.files]


def _file_fingerprint(path: Path) -> dict[str, str | int]:
    state = path.stat()
    with path.open("rb") as handle:
        edges = hashlib.sha256(handle.read(_EDGE))
        handle.seek(max(0, state.st_size - _EDGE))
        edges.update(handle.read(_EDGE))
    return {
        "path": str(path.resolve()),
        "size": state.st_size,
        "mtime_ns": state.st_mtime_ns,
        "sha256_of_edges": edges.hexdigest(),
    }
