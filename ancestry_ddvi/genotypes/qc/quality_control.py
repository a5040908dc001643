"""Quality control: the variants and the samples a fit should see, and why not the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..blocks import GenotypeReader
from ..harmonise.builds import infer_build
from ..variants import VariantTable
from .counts import alt_frequency
from .filters import FILTERS, Filters
from .log import QCLog, Step, format_table

__all__ = ["QC", "Filters", "Step", "format_table", "quality_control"]


@dataclass(frozen=True)
class QC:
    """What quality control found.

    Attributes
    ----------
    variants : ndarray of int64
        Rows of the store that are kept, ascending.
    fit_samples : ndarray of bool, one per sample
        The samples to fit on; every sample can be embedded.
    frequency : ndarray of float64, one per kept variant
        Frequency of ALT among the fit samples.
    call_rate : ndarray of float64, one per sample
        Over the variants that pass the filters up to ``geno``.
    flags : sequence of str, one per sample
        Why a sample is left out of the fit, such as "low_call_rate", "related" or "duplicate",
        or "".
    relatives : ndarray of ``kinship.PAIR``
        Pairs of second-degree relatives or closer, as far as the variants resolve them, among
        the samples with enough calls.
    table : sequence of Step, in the order applied
    build : str or None
        As ``infer_build`` finds it; None for other species.
    """

    variants: np.ndarray
    fit_samples: np.ndarray
    frequency: np.ndarray
    call_rate: np.ndarray
    flags: Sequence[str]
    relatives: np.ndarray
    table: Sequence[Step]
    build: str | None


def quality_control(store: GenotypeReader, filters: Filters, build_hint: str | None = None) -> QC:
    """Choose variants and samples to fit on, by the rows of ``FILTERS`` in order.

    Parameters
    ----------
    store : GenotypeReader
    filters : Filters
    build_hint : str, optional
        The build whose contig lengths are in the header of the file; used only where the build
        cannot be inferred from the variants.

    Raises
    ------
    NothingLeft
        If fewer than 100 variants or 20 samples are left; the message names the filter.
    """
    build = None if filters.allow_extra_chr else _build(store.variants, build_hint)
    log = QCLog(store, build)
    for name, row in FILTERS.items():
        kept = row.keep(log, filters)
        if kept is not None:
            log.apply(name, kept, row.remedy, row.takes_most)
    return QC(
        variants=log.rows,
        fit_samples=log.samples,
        frequency=alt_frequency(log.counts),
        call_rate=log.call_rate,
        flags=log.flags.tolist(),
        relatives=log.relatives,
        table=log.table,
        build=build,
    )


def _build(variants: VariantTable, hint: str | None) -> str | None:
    return infer_build(variants) or infer_build(variants, hint)
