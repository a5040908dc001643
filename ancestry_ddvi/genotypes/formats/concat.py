"""Several files of the same samples, such as one per chromosome, as one source.

A chromosome has one name in all: the first of "1" and "chr1".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from ...errors import InputsDisagree
from ..chromosomes import bare_chromosome
from ..variants import Block, VariantTable
from .fields import FIELDS
from .packing import pack, unpack
from .source import ByIndex, GenotypeSource, LikelihoodBlock, PackedBlock


class ConcatSource(GenotypeSource):
    """The variants of each source in turn, samples in the order of the first.

    Parameters
    ----------
    sources : sequence of GenotypeSource

    Raises
    ------
    InputsDisagree
        If the sources hold different samples or name different builds.
    """

    def __init__(self, sources: Sequence[GenotypeSource]) -> None:
        self._sources = sources
        first = sources[0]
        self.name = f"{first.name} and {len(sources) - 1} more"
        self.samples = first.samples
        self._orders = _orders(sources)
        self.build_hint = _common_build(sources)
        self.files = tuple(file for source in sources for file in source.files)
        known = [source.records for source in sources if source.records is not None]
        self.records = sum(known) if len(known) == len(sources) else None
        self.likelihood_fields = frozenset().union(*(s.likelihood_fields for s in sources))
        self.skipped = Counter()
        self._names: dict[str, str] = {}
        self._count_skipped()

    def blocks(self, variants: int = 1024) -> Iterator[Block]:
        """See ``GenotypeSource.blocks``."""
        for source, order in zip(self._sources, self._orders, strict=True):
            for block in source.blocks(variants):
                self._count_skipped()
                table = self._named(block.variants)
                yield Block(table, block.dosages if order is None else block.dosages[:, order])
        self._count_skipped()

    def packed_blocks(self, variants: int = 1024) -> Iterator[PackedBlock]:
        """See ``GenotypeSource.packed_blocks``."""
        for source, order in zip(self._sources, self._orders, strict=True):
            for block in source.packed_blocks(variants):
                self._count_skipped()
                table = self._named(block.variants)
                yield PackedBlock(table, _reordered(block.packed, order))
        self._count_skipped()

    def likelihoods(
        self, fields: Sequence[str] = FIELDS, variants: int = 1024
    ) -> Iterator[LikelihoodBlock]:
        """See ``GenotypeSource.likelihoods``."""
        for source, order in zip(self._sources, self._orders, strict=True):
            for block in source.likelihoods(fields, variants):
                self._count_skipped()
                columns = slice(None) if order is None else order
                table = self._named(block.variants)
                yield LikelihoodBlock(table, block.values[:, columns], block.fields[:, columns])
        self._count_skipped()

    @property
    def parts(self) -> Sequence[GenotypeSource]:
        """See ``GenotypeSource.parts``."""
        return self._sources

    def _named(self, variants: VariantTable) -> VariantTable:
        """The variants with the first name that any file has of each chromosome."""
        chromosome = np.empty(len(variants), dtype=object)
        for row, name in enumerate(variants.chromosome):
            chromosome[row] = self._names.setdefault(bare_chromosome(name), name)
        return replace(variants, chromosome=chromosome)

    def _count_skipped(self) -> None:
        self.skipped.clear()
        for source in self._sources:
            self.skipped.update(source.skipped)
        self.unwanted = sum(source.unwanted for source in self._sources)
        self.by_index = _added(self._sources)


def _reordered(packed: np.ndarray, order: np.ndarray | None) -> np.ndarray:
    """Packed genotypes with their samples in another order, if there is one."""
    return packed if order is None else pack(unpack(packed, len(order))[:, order])


def _added(sources: Sequence[GenotypeSource]) -> ByIndex | None:
    """What was read by indexes, those files whose records are not counted being None."""
    found = [source.by_index for source in sources]
    parts = [part for part in found if part]
    if not parts:
        return None
    known = [part.records for part in parts if part.records is not None]
    records = sum(known) if len(known) == len(found) else None
    return ByIndex(records, sum(part.read for part in parts))


def _orders(sources: Sequence[GenotypeSource]) -> list[np.ndarray | None]:
    """For each source the columns in the order of the first; None if the order is the same."""
    single = all(len(source.samples) == 1 for source in sources)
    if single and len({source.samples for source in sources}) == len(sources) > 1:
        raise InputsDisagree(
            f"{sources[0].name} and {len(sources) - 1} more hold one sample each, and not the same",
            "Merge gVCFs first with `bcftools merge --gvcf REFERENCE.fa`, and files with reference "
            "calls with `bcftools merge`: a variant of one file says nothing of the other samples.",
        )
    return [_order(sources[0], source) for source in sources]


def _order(first: GenotypeSource, other: GenotypeSource) -> np.ndarray | None:
    if other.samples == first.samples:
        return None
    column = {sample: i for i, sample in enumerate(other.samples)}
    shared = sum(sample in column for sample in first.samples)
    if shared < len(first.samples) or shared < len(other.samples):
        raise InputsDisagree(
            f"{first.name} and {other.name} hold different samples: {shared} of the "
            f"{len(first.samples)} in the first are in the second, which has {len(other.samples)}",
            "Give files of the same samples; their variants are joined. Files of different samples "
            "are merged with `bcftools merge`.",
        )
    return np.array([column[sample] for sample in first.samples])


def _common_build(sources: Sequence[GenotypeSource]) -> str | None:
    named = {source.build_hint: source.name for source in sources if source.build_hint}
    if len(named) > 1:
        declared = ", ".join(f"{name} is {build}" for build, name in named.items())
        raise InputsDisagree(
            f"The files are of different genome builds: {declared}",
            "Lift them over to one build first.",
        )
    return next(iter(named), None)
