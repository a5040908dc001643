"""Several files of the same samples, such as one per chromosome, as one source."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from ...errors import InputsDisagree
from ..variants import Block
from .source import GenotypeSource
from .variant_filter import VariantFilter


class ConcatSource(GenotypeSource):
    """The variants of each source in turn, samples in the order of the first.

    A variant that an earlier source holds is left out and counted as a duplicate.

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
        self._orders = [_order(first, source) for source in sources]
        self.build_hint = _common_build(sources)
        self.files = tuple(file for source in sources for file in source.files)
        known = [source.records for source in sources if source.records is not None]
        self.records = sum(known) if len(known) == len(sources) else None
        self.skipped = Counter()
        self._repeated: Counter[str] = Counter()
        self._count_skipped()

    def blocks(self, variants: int = 1024) -> Iterator[Block]:
        """See ``GenotypeSource.blocks``."""
        self._repeated.clear()
        variant_filter = VariantFilter(self._repeated)
        for source, order in zip(self._sources, self._orders, strict=True):
            for block in source.blocks(variants):
                new = variant_filter.admit_table(block.variants)
                self._count_skipped()
                if new.any():
                    dosages = block.dosages if new.all() else block.dosages[new]
                    yield Block(
                        block.variants[new], dosages if order is None else dosages[:, order]
                    )
        self._count_skipped()

    def _count_skipped(self) -> None:
        self.skipped.clear()
        for counter in (*(source.skipped for source in self._sources), self._repeated):
            self.skipped.update(counter)


def _order(first: GenotypeSource, other: GenotypeSource) -> np.ndarray | None:
    """Columns of ``other`` in the order of ``first``; None if the order is the same."""
    if other.samples == first.samples:
        return None
    column = {sample: i for i, sample in enumerate(other.samples)}
    shared = sum(sample in column for sample in first.samples)
    if shared < len(first.samples) or shared < len(other.samples):
        raise InputsDisagree(
            f"{first.name} and {other.name} hold different samples: {shared} of the "
            f"{len(first.samples)} in the first are in the second, which has {len(other.samples)}",
            "Give files of the same samples; their variants are joined.",
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
