"""The qc_log of quality control: who and what is left after each step, written down."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ...errors import NothingLeft
from ..blocks import Reads
from ..variants import VariantTable
from .counts import by_variant

MIN_VARIANTS = 100
MIN_SAMPLES = 20

_REMEDIES = {
    "autosomes": "Give --allow-extra-chr if these are not human chromosomes",
    "duplicates": "Check whether a file was given twice",
    "ambiguous": "Give --keep-ambiguous",
    "geno": "Raise --geno",
    "mind": "Raise --mind",
    "maf": "Lower --maf",
    "hwe": "Lower --hwe",
    "ld-regions": "Give --no-ld-regions",
    "ld-r2": "Raise --ld-r2",
    "king-cutoff": "Raise --king-cutoff",
    "maf, unrelated": "Lower --maf",
}


class Step(NamedTuple):
    """One row of the table of quality control."""

    name: str
    variants_before: int
    variants_after: int
    samples_before: int
    samples_after: int
    remark: str


class QCLog:
    """The variants and samples still there, and the table of those who went."""

    def __init__(self, store: Reads) -> None:
        self.store = store
        self.rows = np.arange(len(store.variants))
        self.samples = np.ones(len(store.samples), dtype=bool)
        self.counts = store.counts()
        self.table: list[Step] = []
        _check_input(len(self.rows), len(self.samples))

    @property
    def variants(self) -> VariantTable:
        return self.store.variants[self.rows]

    def keep_variants(self, name: str, keep: np.ndarray, remark: str = "") -> None:
        """Go on with some of the variants."""
        before = len(self.rows)
        self.rows, self.counts = self.rows[keep], self.counts[keep]
        self._note(name, before, int(self.samples.sum()), remark)

    def keep_samples(self, name: str, keep: np.ndarray, remark: str = "") -> None:
        """Go on with some of the samples, and count genotypes among them."""
        before = int(self.samples.sum())
        self.samples = self.samples & keep
        self._note(name, len(self.rows), before, remark)
        if self.samples.sum() < before:
            self.counts = by_variant(self.store, self.rows, self.samples)

    def _note(self, name: str, variants: int, samples: int, remark: str) -> None:
        step = Step(name, variants, len(self.rows), samples, int(self.samples.sum()), remark)
        self.table.append(step)
        for what, before, left, fewest in (
            ("variants", step.variants_before, step.variants_after, MIN_VARIANTS),
            ("samples", step.samples_before, step.samples_after, MIN_SAMPLES),
        ):
            if left < fewest:
                raise NothingLeft(
                    f"The filter {name!r} left {left:,} of {before:,} {what}, "
                    f"fewer than the {fewest} a fit needs",
                    f"{_REMEDIES[name]}, or give more {what}.",
                )


def _check_input(variants: int, samples: int) -> None:
    """Refuse a cohort that is too small before any filter."""
    if samples == 1:
        raise NothingLeft(
            "The input holds one sample, and fit needs a cohort",
            "Place single samples with embed.",
        )
    if samples < MIN_SAMPLES:
        raise NothingLeft(
            f"The input holds {samples} samples, and a fit needs {MIN_SAMPLES}",
            "Give more samples, or place these with embed in a model that exists.",
        )
    if variants < MIN_VARIANTS:
        raise NothingLeft(
            f"The input holds {variants} biallelic SNPs, and a fit needs {MIN_VARIANTS}",
            "Give more variants.",
        )


def format_table(table: Sequence[Step]) -> str:
    """The table as plain text, one line per step, for a log."""
    lines = [["filter", "variants before", "after", "samples before", "after", ""]]
    lines += [[s.name, *(f"{n:,}" for n in s[1:5]), s.remark] for s in table]
    widths = [max(len(line[column]) for line in lines) for column in range(5)]
    return "\n".join(
        "  ".join([line[0].ljust(widths[0]), *map(str.rjust, line[1:5], widths[1:]), line[5]])
        .rstrip()
        for line in lines
    )  # fmt: skip
