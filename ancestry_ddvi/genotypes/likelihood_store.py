"""Genotype likelihoods, probabilities, dosages and calls at the variants of a model."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..errors import InputUnreadable, NothingLeft, UsageProblem
from .formats.by_index import NotByIndex
from .formats.fields import FIELDS, GT, LIKELIHOOD_FIELDS, NOTHING, POSTERIORS
from .formats.packing import PackedRows, pack
from .formats.reading import ReadOptions
from .formats.registry import open_sources
from .formats.source import ByIndex, GenotypeSource, LikelihoodBlock
from .formats.variant_filter import no_snps, table
from .harmonise.matching import ABSENT
from .harmonise.panel import Alignment
from .projection.likelihood_scores import as_likelihoods, spread
from .store import GenotypeStore, rows_read, store_of
from .variants import MISSING, NO_ALLELE, VariantTable

log = logging.getLogger(__name__)

AUTO = "auto"
"""Of every sample at every variant the most informative field."""


@dataclass(frozen=True)
class LikelihoodStore:
    """The best that the input has of every sample at the SNPs that may be variants of a model.

    Attributes
    ----------
    name : str
        The input as the user gave it, for messages.
    samples : tuple of str
    variants : VariantTable
    values : ndarray of float16, (variants, samples, 3)
        See ``LikelihoodBlock``.
    fields : ndarray of uint8, (variants, samples)
        The field that each value is from, as an index in ``FIELDS``; ``NOTHING`` without any.
    snps : int
        SNPs in the files, of the model or not.
    skipped : Counter of str
        Records that are not biallelic SNPs, by reason.
    build_hint : str or None
    by_index : ByIndex or None
        See ``GenotypeStore``.
    """

    name: str
    samples: tuple[str, ...]
    variants: VariantTable
    values: np.ndarray
    fields: np.ndarray
    snps: int
    skipped: Counter[str]
    build_hint: str | None
    by_index: ByIndex | None

    @classmethod
    def read(
        cls,
        source: GenotypeSource,
        fields: Sequence[str],
        options: ReadOptions,
        progress: Callable[[int, int | None], None],
    ) -> LikelihoodStore:
        """Read some fields of a source, opened with ``options``, at its targets.

        Raises
        ------
        InputUnreadable
            If a file is damaged.
        NothingLeft
            If no biallelic SNP is in the files.
        """
        kept: list[LikelihoodBlock] = []
        snps = found = 0
        for block in source.likelihoods(fields):
            snps += int((block.variants.alt != NO_ALLELE).sum())
            found += rows_read(block.variants, (block.fields != NOTHING).any(axis=1))
            kept.append(_at_targets(block, options))
            progress(snps + source.unwanted + source.skipped.total(), None)
        snps += source.unwanted
        if not snps and not found:
            raise no_snps(source.name, source.skipped)
        samples = len(source.samples)
        kept.append(
            LikelihoodBlock(
                table([]),
                np.empty((0, samples, 3), np.float16),
                np.empty((0, samples), np.uint8),
            )
        )
        return cls(
            source.name,
            source.samples,
            VariantTable.join([block.variants for block in kept]),
            np.concatenate([block.values for block in kept]),
            np.concatenate([block.fields for block in kept]),
            snps,
            Counter(source.skipped),
            source.build_hint,
            source.by_index,
        )

    @cached_property
    def field_shares(self) -> Mapping[str, float]:
        """Share of the genotypes that were read from each field, the largest first."""
        times = np.array([np.count_nonzero(self.fields == code) for code in range(len(FIELDS))])
        order = np.argsort(-times, kind="stable")
        return {FIELDS[i]: float(times[i] / times.sum()) for i in order if times[i]}

    def counts(self) -> np.ndarray:
        """Samples by most likely genotype, 0, 1, 2 copies of ALT, per variant: int64 (variants, 4).

        The fourth column counts samples without information: no value, or three equal ones.
        """
        found = np.zeros((len(self.variants), 4), np.int64)
        for row, values in enumerate(self.values):
            informed = values.min(axis=1) < values.max(axis=1)
            likeliest = values[informed].argmax(axis=1)
            found[row, :3] = np.bincount(likeliest, minlength=3)
            found[row, 3] = len(values) - informed.sum()
        return found

    def calls(self) -> GenotypeStore | None:
        """The same as a store of calls, if every value is a call."""
        if not np.isin(self.fields, (FIELDS.index(GT), NOTHING)).all():
            return None
        likeliest = np.nan_to_num(self.values).argmax(axis=2).astype(np.int8)
        dosages = np.where(self.fields == NOTHING, np.int8(MISSING), likeliest)
        return GenotypeStore(
            self.name,
            self.samples,
            self.variants,
            PackedRows(pack(dosages)),
            self.skipped,
            self.build_hint,
            self.snps,
            self.by_index,
        )

    def dosages(self, rows: np.ndarray) -> np.ndarray:
        """The most likely dosages of ALT; int8 (variants, samples).

        ``MISSING`` where the field is, and where two genotypes are equally likely.
        """
        values = self.values[rows].astype(np.float32)
        best = values.max(axis=2, keepdims=True)
        single = (values == best).sum(axis=2) == 1
        return np.where(single, values.argmax(axis=2), MISSING).astype(np.int8)

    def likelihoods(self, alignment: Alignment, frequency: np.ndarray) -> Iterator[np.ndarray]:
        """Likelihoods at the variants of a reference panel, one sample after the other.

        Parameters
        ----------
        alignment : Alignment, of ``variants``
        frequency : ndarray of float64, (panel variants,)

        Yields
        ------
        ndarray of float64, (panel variants, 3)
            Of 0, 1 and 2 copies of the panel's ALT; all equal where nothing is known.
        """
        present = alignment.rows != ABSENT
        rows, swapped = alignment.rows[present], alignment.swapped[present]
        for sample in range(len(self.samples)):
            found = self.values[rows, sample].astype(np.float64)
            found[swapped] = found[swapped, ::-1]
            found = _as_likelihoods(found, self.fields[rows, sample], frequency[present])
            out = np.ones((len(present), 3))
            out[present] = np.where(np.isnan(found), 1.0, found)
            if alignment.assumed:
                alignment.assumed.fill_likelihoods(out, alignment.absent, present, sample)
            yield out


def open_best(
    paths: Sequence[str],
    field: str,
    options: ReadOptions,
    progress: Callable[[int, int | None], None],
) -> GenotypeStore | LikelihoodStore:
    """The most informative field of every genotype in the files, or one field of all.

    Parameters
    ----------
    paths : sequence of str
    field : str
        One of ``FIELDS``, or "auto".
    options : ReadOptions
        With the targets of a model; of other fields than GT only these variants are kept.
    progress : callable
        See ``GenotypeStore.open``.

    Returns
    -------
    GenotypeStore or LikelihoodStore
        The first if all genotypes are calls.

    Raises
    ------
    UsageProblem
        If a field other than GT is wanted of a file that has hard calls only.
    InputUnreadable
        If a file is damaged, or does not have the field that is wanted.
    InputsDisagree, NothingLeft
        See ``GenotypeStore.open``.
    NotByIndex
        If a file has to be read as a whole, to know what its index does not lead to.
    """
    source = open_sources(paths, options)
    try:
        return _best_of(source, field, options, progress)
    except (InputUnreadable, NothingLeft) as error:
        if source.by_index is None:
            raise
        raise NotByIndex("leads to records that cannot be read") from error


def _best_of(
    source: GenotypeSource,
    field: str,
    options: ReadOptions,
    progress: Callable[[int, int | None], None],
) -> GenotypeStore | LikelihoodStore:
    """See ``open_best``."""
    fields = FIELDS if field == AUTO else (field,)
    if field not in (AUTO, GT):
        for part in source.parts:
            _check_declared(part, field)
    if not source.likelihood_fields.intersection(fields):
        calls = store_of(source, progress)
        log.info("Genotypes are read from GT.")
        return calls
    store = LikelihoodStore.read(source, fields, options, progress)
    if field not in (AUTO, GT) and len(store.variants) and not store.field_shares:
        raise InputUnreadable(
            f"{store.name} holds no {field} of a diploid at any variant of the model",
            "Choose another --field.",
        )
    shares = [f"{name} ({100 * share:.1f} %)" for name, share in store.field_shares.items()]
    log.info("Genotypes are read from %s.", " and ".join(shares) or "no field")
    return store.calls() or store


def _check_declared(source: GenotypeSource, wanted: str) -> None:
    if wanted in source.likelihood_fields:
        return
    declared = [field for field in LIKELIHOOD_FIELDS if field in source.likelihood_fields]
    if not declared:
        raise UsageProblem(
            f"{source.name} holds no {wanted}: it has only hard calls", "Leave out --field."
        )
    raise InputUnreadable(
        f"{source.name} holds no {wanted}: its header declares {', '.join(declared)}",
        "Give --field one of those, or leave it out.",
    )


def _at_targets(block: LikelihoodBlock, options: ReadOptions) -> LikelihoodBlock:
    """The variants of a block that are targets; sources without likelihoods give all."""
    if options.targets is None:
        return block
    variants = block.variants
    sites = zip(variants.chromosome, variants.position.tolist(), variants.id, strict=True)
    wanted = np.array([options.targets.has(*site) for site in sites], bool)
    if wanted.all():
        return block
    return LikelihoodBlock(variants[wanted], block.values[wanted], block.fields[wanted])


def _as_likelihoods(found: np.ndarray, fields: np.ndarray, frequency: np.ndarray) -> np.ndarray:
    """Likelihoods of one sample from values of several fields; float64 (variants, 3)."""
    dosages = fields == FIELDS.index("DS")
    if dosages.any():
        wide = spread(np.where(dosages[:, None], found, np.nan), frequency)
        found = np.where(dosages[:, None], wide, found)
    posteriors = np.isin(fields, [FIELDS.index(field) for field in POSTERIORS])
    return np.where(posteriors[:, None], as_likelihoods(found, frequency), found)
