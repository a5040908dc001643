"""Genotype likelihoods, probabilities and dosages in VCF and BCF files, at a model's sites."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InputUnreadable, NothingLeft
from .formats.bcf import admitted, htslib_records, quiet_htslib
from .formats.fields import POSTERIORS, triples
from .formats.packing import sites_at_once
from .formats.registry import as_one, variant_file
from .formats.source import Block, GenotypeSource, SiteTable
from .formats.streams import check_bgzf_end, inflated, lines, open_bytes
from .formats.variant_filter import Row, Screen, table
from .formats.vcf_header import BCF_START, VcfHeader, bcf_header_lines, read_header
from .harmonise.matching import ABSENT, bare_chromosome
from .harmonise.panel import Alignment
from .projection.likelihood_scores import as_likelihoods, spread


def file_header(path: str) -> VcfHeader:
    """The header of a VCF or BCF file, which must not be cut short.

    Raises
    ------
    InputUnreadable
        See ``check_bgzf_end`` and ``read_header``.
    """
    check_bgzf_end(Path(path))
    with open_bytes(path) as handle:
        pieces = inflated(handle, path)
        first = next(filter(None, pieces), b"")
        content = chain([first], pieces)
        if first.startswith(BCF_START):
            return read_header(bcf_header_lines(content, path), path)
        return read_header(lines(content), path)


def values_of(record: Any, row: Row, field: str) -> np.ndarray | None:
    """See ``triples``; ``row`` is the site that the record was admitted as."""
    if field not in record.FORMAT:
        return None
    alts = [alt.upper() for alt in record.ALT]
    return triples(field, record.format(field), len(alts), alts.index(row[4]) + 1)


class _Wanted:
    """The records that may be a site of the model, by position or ID."""

    def __init__(self, model: SiteTable) -> None:
        chromosomes = map(bare_chromosome, model.chromosome)
        self._positions = set(zip(chromosomes, model.position.tolist(), strict=True))
        self._ids = set(model.id) - {".", ""}

    def __contains__(self, row: Row) -> bool:
        return row[2] in self._ids or (bare_chromosome(row[0]), row[1]) in self._positions


class EvidenceSource(GenotypeSource):
    """One field of a VCF or BCF file, at the SNPs that may be sites of a model.

    Blocks have triples in place of dosages, float16 (sites, samples, 3): the numbers of
    ``triples``, precise to a thousandth and down to 6e-8.

    Attributes
    ----------
    snps : int
        SNPs met so far, of the model or not.
    """

    def __init__(self, path: str, field: str, model: SiteTable) -> None:
        header = file_header(path)
        self.name, self.files = path, (Path(path),)
        self.samples, self.build_hint = header.samples, header.build_hint
        self.skipped = Counter()
        self.snps = 0
        self._field, self._wanted = field, _Wanted(model)

    def blocks(self, sites: int = 1024) -> Iterator[Block]:
        """See ``GenotypeSource.blocks``."""
        self.skipped.clear()
        size = sites_at_once(sites, 3 * len(self.samples))
        with quiet_htslib():
            found = self._found()
            while some := list(islice(found, size)):
                rows, values = zip(*some, strict=True)
                yield Block(table(rows), np.stack(values))

    def _found(self) -> Iterator[tuple[Row, np.ndarray]]:
        screen, self.snps = Screen(self.skipped), 0
        for record in htslib_records(self.name):
            row = admitted(screen, record)
            if row is None:
                continue
            self.snps += 1
            if row in self._wanted:
                values = values_of(record, row, self._field)
                if values is None:
                    values = np.full((len(self.samples), 3), np.nan)
                yield row, values.astype(np.float16)


@dataclass(frozen=True)
class EvidenceStore:
    """What a field says of everybody at the SNPs that may be sites of a model.

    Attributes
    ----------
    name : str
        The input as the user gave it, for messages.
    samples : tuple of str
    field : "PL", "GL", "GP" or "DS"
    sites : SiteTable
    values : ndarray of float16, (sites, samples, 3)
        See ``EvidenceSource``.
    snps : int
        SNPs in the files, of the model or not.
    skipped : Counter of str
        Records that are no such SNPs, by reason.
    build_hint : str or None
    """

    name: str
    samples: tuple[str, ...]
    field: str
    sites: SiteTable
    values: np.ndarray
    snps: int
    skipped: Counter[str]
    build_hint: str | None

    @classmethod
    def open(
        cls,
        paths: Sequence[str],
        field: str,
        model: SiteTable,
        progress: Callable[[int, int | None], None],
    ) -> EvidenceStore:
        """Read the field from the files, which are joined if there are several.

        Raises
        ------
        InputUnreadable
            If a file is damaged, or the field is empty at every site of the model.
        NothingLeft
            If no biallelic SNP is in the files.
        InputsDisagree, UsageProblem
            See ``open_sources``.
        """
        parts = [EvidenceSource(variant_file(path) or path, field, model) for path in paths]
        source = as_one(parts)
        tables, values = [table([])], [np.empty((0, len(source.samples), 3), np.float16)]
        for block in source.blocks():
            tables.append(block.sites)
            values.append(block.dosages)
            progress(sum(part.snps for part in parts) + source.skipped.total(), None)
        snps = sum(part.snps for part in parts)
        if not snps:
            raise NothingLeft(
                f"{source.name} holds no biallelic SNP that passed its filters",
                "Give a file with SNP genotypes.",
            )
        sites, everything = SiteTable.join(tables), np.concatenate(values)
        if len(sites) and np.isnan(everything).all():
            raise InputUnreadable(
                f"{source.name} holds no {field} of a diploid at any site of the model",
                "Choose another --field.",
            )
        skipped, build = Counter(source.skipped), source.build_hint
        return cls(source.name, source.samples, field, sites, everything, snps, skipped, build)

    def likelihoods(self, alignment: Alignment, frequency: np.ndarray) -> Iterator[np.ndarray]:
        """Everybody's likelihoods at the sites of a panel, one person after the other.

        Parameters
        ----------
        alignment : Alignment, of ``sites``
        frequency : ndarray of float64, (panel sites,)

        Yields
        ------
        ndarray of float64, (panel sites, 3)
            Of 0, 1 and 2 copies of the panel's ALT; all equal where nothing is known.
        """
        present = alignment.rows != ABSENT
        rows, swapped = alignment.rows[present], alignment.swapped[present]
        for person in range(len(self.samples)):
            found = self.values[rows, person].astype(np.float64)
            found[swapped] = found[swapped, ::-1]
            if self.field == "DS":
                found = spread(found, frequency[present])
            if self.field in POSTERIORS:
                found = as_likelihoods(found, frequency[present])
            out = np.ones((len(present), 3))
            out[present] = np.where(np.isnan(found), 1.0, found)
            yield out
