"""The store of genotypes: packed, indexed by variant, made once and reused."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from ..errors import InputUnreadable, UsageProblem
from ..storage import together
from .formats.packing import PackedRows, genotype_counts, packed_width, unpack, unpack_some
from .formats.plink import PlinkSource, map_bed, plink_ids, write_plink
from .formats.reading import DEFAULT, ReadOptions
from .formats.registry import open_sources
from .formats.source import ByIndex, GenotypeSource, PackedBlock
from .formats.variant_filter import no_snps
from .manifest import Manifest, fingerprint
from .variants import NO_ALLELE, VariantTable

log = logging.getLogger(__name__)

FEW = 4
"""Samples are a few if they are fewer than one in FEW."""

Progress = Callable[[int, int | None], None]
"""Called with the number of records read, and their total if it is known."""


class GenotypeStore:
    """Biallelic SNPs of a set of samples, two bits each.

    Attributes
    ----------
    name : str
        The input as the user gave it, for messages.
    samples : tuple of str
    variants : VariantTable
    packed : PackedRows of uint8, shape (variants, ceil(samples / 4))
        The codes of ``packing``; read when sliced if they are on disk.
    skipped : Counter of str
        Records of the input that are not in the store, by reason.
    build_hint : str or None
        The build that the input declares.
    snps : int
        SNPs in the input; by default those in the store.
    by_index : ByIndex or None
        What was read of the input by its index; None if it was read as a whole.
    """

    def __init__(
        self,
        name: str,
        samples: tuple[str, ...],
        variants: VariantTable,
        packed: PackedRows,
        skipped: Counter[str],
        build_hint: str | None,
        snps: int | None = None,
        by_index: ByIndex | None = None,
    ) -> None:
        self.name = name
        self.samples = samples
        self.variants = variants
        self.packed = packed
        self.skipped = skipped
        self.build_hint = build_hint
        self.snps = int((variants.alt != ".").sum()) if snps is None else snps
        self.by_index = by_index
        self._counts: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.variants)

    def counts(self) -> np.ndarray:
        """Samples with 0, 1, 2 copies of ALT and missing, per variant: int64 (variants, 4)."""
        if self._counts is None:
            self._counts = genotype_counts(self.packed, len(self.samples))
        return self._counts

    def dosages(
        self, rows: np.ndarray | slice, samples: np.ndarray | slice | None = None
    ) -> np.ndarray:
        """Dosages of ALT at some variants, of all or some samples: int8 (variants, samples).

        Of a slice of samples no others are read, and of a few samples no others are unpacked.
        """
        if isinstance(samples, slice):
            start, stop, _ = samples.indices(len(self.samples))
            first = start // 4
            packed = self.packed.columns(rows, slice(first, packed_width(stop)))
            return unpack(packed, stop - 4 * first)[:, start - 4 * first :]
        packed = self.packed[rows]
        if samples is not None and FEW * len(samples) < len(self.samples):
            return unpack_some(packed, samples)
        dosages = unpack(packed, len(self.samples))
        return dosages if samples is None else dosages[:, samples]

    @classmethod
    def open(
        cls,
        paths: Sequence[str],
        cache: Path | None = None,
        progress: Progress | None = None,
        options: ReadOptions = DEFAULT,
    ) -> GenotypeStore:
        """The genotypes in the given files.

        A source such as a PLINK 1 fileset is used in place. Others are ingested to the
        fileset ``cache``, unless that was made from the same files before, or are held in
        memory if there is no ``cache``.

        Raises
        ------
        InputUnreadable, InputsDisagree, UsageProblem
            See ``open_sources``.
        NothingLeft
            If there is no biallelic SNP in the files.
        """
        source = open_sources(paths, options)
        if cache is None or source.in_place():
            return store_of(source, progress)
        return _reused(source, cache, options) or _ingested(source, cache, progress, options)


def store_of(source: GenotypeSource, progress: Progress | None = None) -> GenotypeStore:
    """The calls of a source, used in place or held in memory.

    Raises
    ------
    InputUnreadable, NothingLeft
        See ``GenotypeStore.open``.
    """
    if found := source.in_place():
        return _store(source, *found)
    return _in_memory(source, progress)


def ingest(
    paths: Sequence[str],
    out_prefix: Path,
    progress: Progress | None = None,
    options: ReadOptions = DEFAULT,
) -> GenotypeStore:
    """Write the genotypes in the given files to the PLINK 1 fileset ``out_prefix``, and open it.

    Raises
    ------
    OutputUnwritable
        If the fileset cannot be written.
    InputUnreadable, InputsDisagree, UsageProblem, NothingLeft
        See ``GenotypeStore.open``.
    """
    return _ingested(open_sources(paths, options), out_prefix, progress, options)


def _store(source: GenotypeSource, variants: VariantTable, packed: PackedRows) -> GenotypeStore:
    if not len(variants):
        raise no_snps(source.name, source.skipped)
    return GenotypeStore(
        source.name,
        source.samples,
        variants,
        packed,
        Counter(source.skipped),
        source.build_hint,
        by_index=source.by_index,
    )


def _in_memory(source: GenotypeSource, progress: Progress | None) -> GenotypeStore:
    tables, content = [], bytearray()
    for block in _with_progress(source, progress):
        tables.append(block.variants)
        content += block.packed.tobytes()
    packed = np.frombuffer(content, np.uint8).reshape(-1, packed_width(len(source.samples)))
    return _store(source, VariantTable.join(tables), PackedRows(packed))


def _ingested(
    source: GenotypeSource, prefix: Path, progress: Progress | None, options: ReadOptions
) -> GenotypeStore:
    _refuse_to_overwrite(source, prefix)
    inputs = fingerprint(source.files)
    with together() as removed:  # the manifest of an earlier store goes before the first new file
        variants = write_plink(prefix, source.samples, _with_progress(source, progress))
        Manifest.of(source, inputs, options).write(prefix)
        removed.append(Manifest.path(prefix))
    packed = map_bed(Path(f"{prefix}.bed"), len(variants), len(source.samples))
    return _store(source, variants, PackedRows(packed))


def _refuse_to_overwrite(source: GenotypeSource, prefix: Path) -> None:
    outputs = {Path(f"{prefix}{end}").resolve() for end in (".bed", ".bim", ".fam", ".json")}
    inputs = {file.resolve() for file in source.files}
    if both := outputs & inputs:
        raise UsageProblem(
            f"The store would overwrite its own input {min(both)}", "Choose another --out."
        )


def _reused(source: GenotypeSource, prefix: Path, options: ReadOptions) -> GenotypeStore | None:
    """The store at ``prefix`` if it was made from the same input and read in the same way."""
    manifest = Manifest.read(prefix)
    if manifest is None or not source.files or manifest.options != options.as_json():
        return None
    if manifest.inputs != fingerprint(source.files):
        return None
    try:
        packed = PlinkSource(f"{prefix}.bed")
    except InputUnreadable:
        return None
    store = _store(packed, *packed.in_place())
    if store.samples != plink_ids(source.samples):
        return None
    store.samples = source.samples
    log.info("The store %s is reused: %s has not changed since.", prefix, source.name)
    store.name, store.build_hint = manifest.name, manifest.build_hint
    store.skipped = manifest.left_out()
    return store


def rows_read(variants: VariantTable, called: np.ndarray) -> int:
    """How many rows are SNPs, or reference calls of any sample; ``called`` is bool (variants,).

    The others stand for records that were left out (see ``RecordRows``).
    """
    return int(((variants.alt != NO_ALLELE) | called).sum())


def _rows_read(block: PackedBlock, samples: int) -> int:
    """See above."""
    if not (block.variants.alt == NO_ALLELE).any():
        return len(block.variants)
    calls = genotype_counts(block.packed, samples)[:, :3]
    return rows_read(block.variants, calls.sum(axis=1) > 0)


def _with_progress(source: GenotypeSource, progress: Progress | None) -> Iterator[PackedBlock]:
    """The blocks of a source, at least one, reporting ``progress``."""
    kept = 0
    for block in source.packed_blocks():
        kept += _rows_read(block, len(source.samples))
        yield block
        if progress:
            progress(kept + source.skipped.total(), source.records)
    if not kept:
        raise no_snps(source.name, source.skipped)
