"""The QC log: what is left of a cohort after each filter, and the table of it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...errors import NothingLeft
from ..blocks import GenotypeReader
from ..variants import VariantTable
from .counts import by_variant
from .kinship import PAIR

log = logging.getLogger(__name__)

MIN_VARIANTS = 100
MIN_SAMPLES = 20


@dataclass(frozen=True)
class Kept:
    """What a filter keeps, of variants or of samples.

    Attributes
    ----------
    variants : ndarray of bool, one per variant still there, optional
    samples : ndarray of bool, one per sample of the store, optional
    remark : str
        The threshold in words, for the log.
    flags : str, or ndarray of object (str), one per sample of the store, optional
        Why the samples that it takes are left out of the fit; by default the filter's name.
    call_rate : ndarray of float64, one per sample of the store, optional
        Where the filter measures it.
    relatives : ndarray of ``kinship.PAIR``, optional
        Where the filter looks for them.
    """

    variants: np.ndarray | None = None
    samples: np.ndarray | None = None
    remark: str = ""
    flags: str | np.ndarray | None = None
    call_rate: np.ndarray | None = None
    relatives: np.ndarray | None = None


@dataclass(frozen=True)
class Step:
    """One row of the QC log, and of ``steps`` in a summary."""

    name: str
    variants_before: int
    variants_after: int
    samples_before: int
    samples_after: int
    remark: str


class QCLog:
    """The variants and samples still there, and what every filter took.

    Attributes
    ----------
    store : GenotypeReader
    build : str or None
        Human genome build of the positions.
    rows : ndarray of int64
        Rows of the store that are kept, ascending.
    samples : ndarray of bool, one per sample of the store
    counts : ndarray of int64, shape (kept variants, 4)
        Kept samples with dosage 0, 1, 2 and missing.
    call_rate : ndarray of float64, one per sample of the store
        1 until a filter measures it.
    flags : ndarray of object (str), one per sample of the store
        Why a sample is left out of the fit, or "".
    relatives : ndarray of ``kinship.PAIR``
        Pairs of related samples; none until a filter looks for them.
    table : list of Step

    Raises
    ------
    NothingLeft
        If the store itself has fewer than 100 variants or 20 samples.
    """

    def __init__(self, store: GenotypeReader, build: str | None = None) -> None:
        self.store = store
        self.build = build
        self.rows = np.arange(len(store.variants))
        self.samples = np.ones(len(store.samples), dtype=bool)
        self.counts = store.counts()
        self.call_rate = np.ones(len(self.samples))
        self.flags = np.full(len(self.samples), "", dtype=object)
        self.relatives = np.empty(0, dtype=PAIR)
        self.table: list[Step] = []
        _check_input(len(self.rows), len(self.samples))

    @property
    def variants(self) -> VariantTable:
        return self.store.variants[self.rows]

    def step(self, name: str) -> Step:
        """The row of a filter that was applied."""
        return next(step for step in self.table if step.name == name)

    def apply(self, name: str, kept: Kept, remedy: str, often: bool = False) -> None:
        """Go on with what a filter keeps, and note what it took.

        Parameters
        ----------
        name : str
        kept : Kept
        remedy : str
            For the messages where it takes too much.
        often : bool
            Whether it is usual that it takes most of the variants; otherwise that is told.

        Raises
        ------
        NothingLeft
            If fewer than 100 variants or 20 samples are left.
        """
        variants, samples = len(self.rows), int(self.samples.sum())
        if kept.call_rate is not None:
            self.call_rate = kept.call_rate
        if kept.relatives is not None:
            self.relatives = kept.relatives
        if kept.variants is not None:
            self.rows, self.counts = self.rows[kept.variants], self.counts[kept.variants]
        if kept.samples is not None:
            taken = self.samples & ~kept.samples
            flags = name if kept.flags is None else kept.flags
            self.flags[taken] = np.broadcast_to(flags, taken.shape)[taken]
            self.samples = self.samples & kept.samples
        left = int(self.samples.sum())
        step = Step(name, variants, len(self.rows), samples, left, kept.remark)
        self.table.append(step)
        _check_left(step, remedy)
        if not often:
            _warn_of_losses(step, remedy)
        if left < samples:
            self.counts = by_variant(self.store, self.rows, self.samples)


def _warn_of_losses(step: Step, remedy: str) -> None:
    """Say so where a filter takes more than half of the variants or samples."""
    for what, before, left in (
        ("variants", step.variants_before, step.variants_after),
        ("samples", step.samples_before, step.samples_after),
    ):
        if left < before / 2:
            log.warning(
                "The filter %r takes %s of %s %s%s. %s.",
                step.name,
                f"{before - left:,}",
                f"{before:,}",
                what,
                f" ({step.remark})" if step.remark else "",
                remedy,
            )


def _check_left(step: Step, remedy: str) -> None:
    for what, before, left, fewest in (
        ("variants", step.variants_before, step.variants_after, MIN_VARIANTS),
        ("samples", step.samples_before, step.samples_after, MIN_SAMPLES),
    ):
        if left < fewest:
            raise NothingLeft(
                f"The filter {step.name!r} left {left:,} of {before:,} {what}, "
                f"fewer than the {fewest} a fit needs",
                f"{remedy}, or give more {what}.",
            )


def _check_input(variants: int, samples: int) -> None:
    """Check that the cohort is large enough before any filter."""
    if samples == 1:
        raise NothingLeft(
            "The input holds one sample, and fit needs a cohort", "Use embed for single samples."
        )
    if samples < MIN_SAMPLES:
        raise NothingLeft(
            f"The input holds {samples} samples, and a fit needs {MIN_SAMPLES}",
            "Give more samples, or use embed with an existing model.",
        )
    if variants < MIN_VARIANTS:
        raise NothingLeft(
            f"The input holds {variants} biallelic SNPs, and a fit needs {MIN_VARIANTS}",
            "Give more variants.",
        )


def format_table(table: Sequence[Step]) -> str:
    """The table as plain text, one line per step, for a log."""
    lines = [["filter", "variants before", "after", "samples before", "after", ""]]
    for s in table:
        counts = (s.variants_before, s.variants_after, s.samples_before, s.samples_after)
        lines.append([s.name, *(f"{count:,}" for count in counts), s.remark])
    widths = [max(len(line[column]) for line in lines) for column in range(5)]
    return "\n".join(
        "  ".join([line[0].ljust(widths[0]), *map(str.rjust, line[1:5], widths[1:]), line[5]])
        .rstrip()
        for line in lines
    )  # fmt: skip
