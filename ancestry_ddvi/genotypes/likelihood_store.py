"""Genotype likelihoods, probabilities and dosages at the variants of a model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import InputUnreadable, NothingLeft
from .chromosomes import bare_chromosome
from .formats.fields import POSTERIORS
from .formats.likelihood_source import LikelihoodSource
from .formats.registry import as_one, likelihood_file
from .formats.variant_filter import Variant, table
from .harmonise.matching import ABSENT
from .harmonise.panel import Alignment
from .projection.likelihood_scores import as_likelihoods, spread
from .variants import MISSING, VariantTable


class _Wanted:
    """Whether a variant of a file may be one of the model, by position or ID."""

    def __init__(self, model: VariantTable) -> None:
        chromosomes = map(bare_chromosome, model.chromosome)
        self._positions = set(zip(chromosomes, model.position.tolist(), strict=True))
        self._ids = set(model.id) - {".", ""}

    def __call__(self, variant: Variant) -> bool:
        site = (bare_chromosome(variant.chromosome), variant.position)
        return variant.id in self._ids or site in self._positions


@dataclass(frozen=True)
class LikelihoodStore:
    """The values of a FORMAT field at the SNPs that may be variants of a model.

    Attributes
    ----------
    name : str
        The input as the user gave it, for messages.
    samples : tuple of str
    field : "PL", "GL", "GP" or "DS"
    variants : VariantTable
    values : ndarray of float16, (variants, samples, 3)
        See ``LikelihoodSource``.
    snps : int
        SNPs in the files, of the model or not.
    skipped : Counter of str
        Records that are not biallelic SNPs, by reason.
    build_hint : str or None
    """

    name: str
    samples: tuple[str, ...]
    field: str
    variants: VariantTable
    values: np.ndarray
    snps: int
    skipped: Counter[str]
    build_hint: str | None

    @classmethod
    def open(
        cls,
        paths: Sequence[str],
        field: str,
        model: VariantTable,
        progress: Callable[[int, int | None], None],
    ) -> LikelihoodStore:
        """Read the field from the files, which are joined if there are several.

        Raises
        ------
        InputUnreadable
            If a file is damaged, or the field is empty at every variant of the model.
        NothingLeft
            If no biallelic SNP is in the files.
        InputsDisagree, UsageProblem
            See ``open_sources``.
        """
        wanted = _Wanted(model)
        parts = [LikelihoodSource(likelihood_file(path) or path, field, wanted) for path in paths]
        source = as_one(parts)
        tables, values = [table([])], [np.empty((0, len(source.samples), 3), np.float16)]
        for block in source.blocks():
            tables.append(block.variants)
            values.append(block.dosages)
            progress(sum(part.snps for part in parts) + source.skipped.total(), None)
        snps = sum(part.snps for part in parts)
        if not snps:
            raise NothingLeft(
                f"{source.name} holds no biallelic SNP that passed its filters",
                "Give a file with SNP genotypes.",
            )
        variants, joined = VariantTable.join(tables), np.concatenate(values)
        if len(variants) and np.isnan(joined).all():
            raise InputUnreadable(
                f"{source.name} holds no {field} of a diploid at any variant of the model",
                "Choose another --field.",
            )
        skipped, build = Counter(source.skipped), source.build_hint
        return cls(source.name, source.samples, field, variants, joined, snps, skipped, build)

    def dosages(self, rows: np.ndarray) -> np.ndarray:
        """The most likely dosages of ALT; int8 (variants, samples).

        ``MISSING`` where the field is, and where two genotypes are equally likely.
        """
        values = self.values[rows].astype(np.float32)
        best = values.max(axis=2, keepdims=True)
        single = (values == best).sum(axis=2) == 1
        return np.where(single, values.argmax(axis=2), MISSING).astype(np.int8)

    def counts(self) -> np.ndarray:
        """Samples whose most likely dosage is 0, 1, 2, and others; int64 (variants, 4)."""
        counts = np.empty((len(self.variants), 4), dtype=np.int64)
        for row in range(len(counts)):
            dosages = self.dosages(np.array([row]))
            counts[row] = [np.count_nonzero(dosages == g) for g in (0, 1, 2, MISSING)]
        return counts

    def likelihoods(self, alignment: Alignment, frequency: np.ndarray) -> Iterator[np.ndarray]:
        """Likelihoods at the variants of a reference panel, one sample after the other.

        Parameters
        ----------
        alignment : Alignment, of ``variants``
        frequency : ndarray of float64, (panel variants,)

        Yields
        ------
        ndarray of float64, (panel variants, 3)
            Of 0, 1 and 2 copies of the panel's ALT; all equal where the field is missing.
        """
        present = alignment.rows != ABSENT
        rows, swapped = alignment.rows[present], alignment.swapped[present]
        for sample in range(len(self.samples)):
            found = self.values[rows, sample].astype(np.float64)
            found[swapped] = found[swapped, ::-1]
            if self.field == "DS":
                found = spread(found, frequency[present])
            if self.field in POSTERIORS:
                found = as_likelihoods(found, frequency[present])
            out = np.ones((len(present), 3))
            out[present] = np.where(np.isnan(found), 1.0, found)
            if alignment.assumed:
                alignment.assumed.fill_likelihoods(out, alignment.absent, sample)
            yield out
