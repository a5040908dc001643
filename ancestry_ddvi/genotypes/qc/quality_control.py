"""Quality control: the variants and the samples a fit should see, and why the others not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..blocks import Reads
from ..chromosomes import autosome
from ..harmonise.alleles import is_ambiguous
from ..harmonise.builds import infer_build
from ..variants import VariantTable
from .counts import alt_frequency, by_variant, minor, missing_by_sample, missing_by_variant
from .filters import Filters
from .hardy import exact_p
from .kinship import DUPLICATE, king_robust, resolvable, unrelated
from .ld import prune
from .log import QCLog, Step, format_table
from .long_range_ld import in_regions, long_range_ld

__all__ = ["QC", "Filters", "Step", "format_table", "quality_control"]

LARGE_COHORT = 500
GROSS = 0.2
"""Samples and variants missing more than this share do not count when variants are judged."""


@dataclass(frozen=True)
class QC:
    """What quality control found.

    Attributes
    ----------
    variants : ndarray of int64
        Rows of the store that are kept, ascending.
    fit_samples : ndarray of bool, one per sample
        Whom to fit on; every sample can be embedded.
    frequency : ndarray of float64, one per kept variant
        Frequency of ALT among the fit samples.
    call_rate : ndarray of float64, one per sample
        Over the variants that pass the filters up to ``geno``.
    flags : list of str, one per sample
        Why a sample is left out of the fit: "low_call_rate", "related", "duplicate" or "".
    table : list of Step, in the order applied
    build : str or None
        As ``regions.infer_build`` finds it; None for other species.
    """

    variants: np.ndarray
    fit_samples: np.ndarray
    frequency: np.ndarray
    call_rate: np.ndarray
    flags: list[str]
    table: list[Step]
    build: str | None


def quality_control(store: Reads, filters: Filters, build_hint: str | None = None) -> QC:
    """Choose variants and samples to fit on.

    In this order: human autosomes; a variant given twice (the first stays); A/T and C/G;
    ``geno``; ``mind``; ``maf``; ``hwe``; regions of long-range LD; LD pruning; relatives by
    KING-robust on the pruned variants; ``maf`` once more without the relatives.

    Parameters
    ----------
    store : Reads
    filters : Filters
    build_hint : str, optional
        The build whose contig lengths the header of the file states; heard where the variants
        themselves do not tell.

    Raises
    ------
    NothingLeft
        If fewer than 100 variants or 20 samples are left; the message names the filter.
    """
    qc_log = QCLog(store)
    build = None if filters.allow_extra_chr else _build(store.variants, build_hint)
    _choose_by_name(qc_log, filters)
    missing = _choose_by_call_rate(qc_log, filters)
    _choose_by_frequency(qc_log, filters)
    if filters.ld_regions and not filters.allow_extra_chr:
        inside = in_regions(qc_log.variants, long_range_ld(build))
        qc_log.keep_variants("ld-regions", ~inside, _about_regions(build))
    _prune(qc_log, filters)
    twins = _leave_out_relatives(qc_log, filters, missing)
    return QC(
        variants=qc_log.rows,
        fit_samples=qc_log.samples,
        frequency=alt_frequency(qc_log.counts),
        call_rate=1 - missing,
        flags=_flags(qc_log.samples, missing > filters.mind, twins),
        table=qc_log.table,
        build=build,
    )


def _build(variants: VariantTable, hint: str | None) -> str | None:
    return infer_build(variants) or infer_build(variants, hint)


def _choose_by_name(qc_log: QCLog, filters: Filters) -> None:
    """Autosomes, each variant once, no A/T and C/G."""
    if not filters.allow_extra_chr:
        qc_log.keep_variants("autosomes", autosome(qc_log.variants.chromosome) > 0)
    qc_log.keep_variants("duplicates", _first_of_its_kind(qc_log.variants))
    if filters.drop_ambiguous:
        variants = qc_log.variants
        qc_log.keep_variants("ambiguous", ~is_ambiguous(variants.ref, variants.alt), "A/T and C/G")


def _first_of_its_kind(variants: VariantTable) -> np.ndarray:
    """False for a variant whose chromosome, position and two alleles came before; bool."""
    _, codes = np.unique(variants.chromosome.astype(str), return_inverse=True)
    _, place, shared = np.unique(
        codes << 40 | variants.position, return_inverse=True, return_counts=True
    )
    first = np.ones(len(variants), dtype=bool)
    known = set()
    for row in np.flatnonzero(shared[place] > 1):
        key = (place[row], frozenset((variants.ref[row], variants.alt[row])))
        first[row] = key not in known
        known.add(key)
    return first


def _choose_by_call_rate(qc_log: QCLog, filters: Filters) -> np.ndarray:
    """Variants by ``geno``, then samples by ``mind``; returns every sample's share missing.

    A few failed samples must not cost all the variants, so variants are judged by the samples who
    were seen at 80 % of the variants at which 80 % of the samples were seen.
    """
    sound = qc_log.rows[missing_by_variant(qc_log.counts) <= GROSS]
    judges = missing_by_sample(qc_log.store, sound) <= GROSS
    counts, remark = qc_log.counts, f"missing in more than {filters.geno:g}"
    if not judges.all() and judges.any():
        counts = by_variant(qc_log.store, qc_log.rows, judges)
        remark += f" of {judges.sum():,} samples that are not grossly missing themselves"
    qc_log.keep_variants("geno", missing_by_variant(counts) <= filters.geno, remark)
    missing = missing_by_sample(qc_log.store, qc_log.rows)
    qc_log.keep_samples("mind", missing <= filters.mind, f"missing more than {filters.mind:g}")
    return missing


def _choose_by_frequency(qc_log: QCLog, filters: Filters) -> None:
    """Variants by ``maf`` and, if asked for, ``hwe`` among the samples still there."""
    _at_least(qc_log, "maf", *_rarest(filters, int(qc_log.samples.sum())))
    if filters.hwe is not None:
        p = exact_p(qc_log.counts)
        qc_log.keep_variants("hwe", p >= filters.hwe, f"exact p below {filters.hwe:g}")


def _rarest(filters: Filters, samples: int) -> tuple[float, int]:
    """The lowest minor allele frequency and count; a variant without variation never stays."""
    if filters.maf is not None:
        return filters.maf, 1
    return (0.01, 20) if samples >= LARGE_COHORT else (0.05, 1)


def _at_least(qc_log: QCLog, name: str, maf: float, mac: int) -> None:
    count, frequency = minor(qc_log.counts)
    remark = f"below {maf:g}" + (f" or {mac} copies" if mac > 1 else "")
    qc_log.keep_variants(name, (frequency >= maf) & (count >= mac), remark)


def _about_regions(build: str | None) -> str:
    if build is None:
        return "build not recognised: none known"
    return f"{len(long_range_ld(build))} regions of {build}"


def _prune(qc_log: QCLog, filters: Filters) -> None:
    """Variants in linkage equilibrium among the samples still there."""
    kept = prune(
        qc_log.store,
        qc_log.rows,
        minor(qc_log.counts)[1],
        r2=filters.ld_r2,
        window_kb=filters.ld_window_kb,
        samples=np.flatnonzero(qc_log.samples),
    )
    remark = f"r2 of {filters.ld_r2:g} or more within {filters.ld_window_kb:g} kb"
    qc_log.keep_variants("ld-r2", np.isin(qc_log.rows, kept), remark)


def _leave_out_relatives(qc_log: QCLog, filters: Filters, missing: np.ndarray) -> np.ndarray:
    """Samples by ``king_cutoff``, then variants by ``maf`` again; returns who has a duplicate."""
    samples = np.flatnonzero(qc_log.samples)
    floor = min(resolvable(len(qc_log.rows), len(samples)), DUPLICATE)
    cutoff = max(filters.king_cutoff, floor)
    pairs = king_robust(qc_log.store, qc_log.rows, samples, cutoff)
    twins = pairs[pairs["kinship"] >= DUPLICATE]
    remark = f"{len(pairs):,} pairs of {cutoff:.3g} or more, {len(twins):,} of them duplicates"
    if cutoff > filters.king_cutoff:
        remark += f"; {len(qc_log.rows):,} variants do not resolve {filters.king_cutoff:g}"
    keep = unrelated(pairs, 1 - missing, len(missing), cutoff)
    rarest = _rarest(filters, len(samples))
    qc_log.keep_samples("king-cutoff", keep, remark)
    _at_least(qc_log, "maf, unrelated", *rarest)
    return np.union1d(twins["i"], twins["j"])


def _flags(fitted: np.ndarray, low: np.ndarray, twins: np.ndarray) -> list[str]:
    """Why each sample is left out of the fit, or ""."""
    flags = np.where(low, "low_call_rate", "related").astype(object)
    flags[twins] = "duplicate"
    flags[fitted] = ""
    return list(flags.tolist())
