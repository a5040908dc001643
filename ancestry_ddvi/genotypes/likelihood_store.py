"""Genotype likelihoods, probabilities and dosages at a model's variants."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import InputUnreadable, NothingLeft
from .formats.fields import POSTERIORS
from .formats.likelihood_source import LikelihoodSource
from .formats.registry import as_one, likelihood_file
from .formats.variant_filter import VariantRow, table
from .harmonise.matching import ABSENT, bare_chromosome
from .harmonise.panel import Alignment
from .projection.likelihood_scores import as_likelihoods, spread
from .variants import VariantTable


class _Wanted:
    """The records that may be a variant of the model, by position or ID."""

    def __init__(self, model: VariantTable) -> None:
        chromosomes = map(bare_chromosome, model.chromosome)
        self._positions = set(zip(chromosomes, model.position.tolist(), strict=True))
        self._ids = set(model.id) - {".", ""}

    def __call__(self, row: VariantRow) -> bool:
        return row[2] in self._ids or (bare_chromosome(row[0]), row[1]) in self._positions


@dataclass(frozen=True)
class LikelihoodStore:
    """What a field says of every sample at the SNPs that may be variants of a model.

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
        Records that are no such SNPs, by reason.
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
        variants, everything = VariantTable.join(tables), np.concatenate(values)
        if len(variants) and np.isnan(everything).all():
            raise InputUnreadable(
                f"{source.name} holds no {field} of a diploid at any variant of the model",
                "Choose another --field.",
            )
        skipped, build = Counter(source.skipped), source.build_hint
        return cls(source.name, source.samples, field, variants, everything, snps, skipped, build)

    def likelihoods(self, alignment: Alignment, frequency: np.ndarray) -> Iterator[np.ndarray]:
        """Every sample's likelihoods at the variants of a panel, one sample after the other.

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
            if self.field == "DS":
                found = spread(found, frequency[present])
            if self.field in POSTERIORS:
                found = as_likelihoods(found, frequency[present])
            out = np.ones((len(present), 3))
            out[present] = np.where(np.isnan(found), 1.0, found)
            yield out
