"""Quality control: the sites and the people a fit should see, and why the others not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..blocks import Reads
from ..chromosomes import autosome
from ..harmonise.alleles import is_ambiguous
from ..harmonise.builds import build_of
from ..variants import SiteTable
from .counts import alt_frequency, by_site, minor, missing_by_person, missing_by_site
from .filters import Filters
from .hardy import exact_p
from .kinship import DUPLICATE, king_robust, resolvable, unrelated
from .ld import prune
from .log import Course, Step, format_table
from .long_range_ld import in_regions, long_range_ld

__all__ = ["QC", "Filters", "Step", "format_table", "quality_control"]

LARGE_COHORT = 500
GROSS = 0.2
"""People and sites missing more than this share do not count when sites are judged."""


@dataclass(frozen=True)
class QC:
    """What quality control found.

    Attributes
    ----------
    sites : ndarray of int64
        Rows of the store that are kept, ascending.
    fit_samples : ndarray of bool, one per sample
        Whom to fit on; everybody can be embedded.
    frequency : ndarray of float64, one per kept site
        Frequency of ALT among the fit samples.
    call_rate : ndarray of float64, one per sample
        Over the sites that pass the filters up to ``geno``.
    flags : list of str, one per sample
        Why a person is left out of the fit: "low_call_rate", "related", "duplicate" or "".
    table : list of Step, in the order applied
    build : str or None
        As ``regions.build_of`` finds it; None for other species.
    """

    sites: np.ndarray
    fit_samples: np.ndarray
    frequency: np.ndarray
    call_rate: np.ndarray
    flags: list[str]
    table: list[Step]
    build: str | None


def quality_control(store: Reads, filters: Filters, build_hint: str | None = None) -> QC:
    """Choose sites and people to fit on.

    In this order: human autosomes; a site given twice (the first stays); A/T and C/G;
    ``geno``; ``mind``; ``maf``; ``hwe``; regions of long-range LD; LD pruning; relatives by
    KING-robust on the pruned sites; ``maf`` once more without the relatives.

    Parameters
    ----------
    store : Reads
    filters : Filters
    build_hint : str, optional
        The build whose contig lengths the header of the file states; heard where the sites
        themselves do not tell.

    Raises
    ------
    NothingLeft
        If fewer than 100 sites or 20 people are left; the message names the filter.
    """
    course = Course(store)
    build = None if filters.allow_extra_chr else _build(store.sites, build_hint)
    _choose_by_name(course, filters)
    missing = _choose_by_call_rate(course, filters)
    _choose_by_frequency(course, filters)
    if filters.ld_regions and not filters.allow_extra_chr:
        inside = in_regions(course.sites, long_range_ld(build))
        course.keep_sites("ld-regions", ~inside, _about_regions(build))
    _prune(course, filters)
    twins = _leave_out_relatives(course, filters, missing)
    return QC(
        sites=course.rows,
        fit_samples=course.people,
        frequency=alt_frequency(course.counts),
        call_rate=1 - missing,
        flags=_flags(course.people, missing > filters.mind, twins),
        table=course.table,
        build=build,
    )


def _build(sites: SiteTable, hint: str | None) -> str | None:
    return build_of(sites) or build_of(sites, hint)


def _choose_by_name(course: Course, filters: Filters) -> None:
    """Autosomes, each site once, no A/T and C/G."""
    if not filters.allow_extra_chr:
        course.keep_sites("autosomes", autosome(course.sites.chromosome) > 0)
    course.keep_sites("duplicates", _first_of_its_kind(course.sites))
    if filters.drop_ambiguous:
        sites = course.sites
        course.keep_sites("ambiguous", ~is_ambiguous(sites.ref, sites.alt), "A/T and C/G")


def _first_of_its_kind(sites: SiteTable) -> np.ndarray:
    """False for a site whose chromosome, position and two alleles came before; bool."""
    _, codes = np.unique(sites.chromosome.astype(str), return_inverse=True)
    _, place, shared = np.unique(
        codes << 40 | sites.position, return_inverse=True, return_counts=True
    )
    first = np.ones(len(sites), dtype=bool)
    known = set()
    for row in np.flatnonzero(shared[place] > 1):
        key = (place[row], frozenset((sites.ref[row], sites.alt[row])))
        first[row] = key not in known
        known.add(key)
    return first


def _choose_by_call_rate(course: Course, filters: Filters) -> np.ndarray:
    """Sites by ``geno``, then people by ``mind``; returns everybody's share missing.

    A few failed samples must not cost all the sites, so sites are judged by the people who
    were seen at 80 % of the sites at which 80 % of the people were seen.
    """
    sound = course.rows[missing_by_site(course.counts) <= GROSS]
    judges = missing_by_person(course.store, sound) <= GROSS
    counts, remark = course.counts, f"missing in more than {filters.geno:g}"
    if not judges.all() and judges.any():
        counts = by_site(course.store, course.rows, judges)
        remark += f" of {judges.sum():,} people that are not grossly missing themselves"
    course.keep_sites("geno", missing_by_site(counts) <= filters.geno, remark)
    missing = missing_by_person(course.store, course.rows)
    course.keep_people("mind", missing <= filters.mind, f"missing more than {filters.mind:g}")
    return missing


def _choose_by_frequency(course: Course, filters: Filters) -> None:
    """Sites by ``maf`` and, if asked for, ``hwe`` among the people still there."""
    _at_least(course, "maf", *_rarest(filters, int(course.people.sum())))
    if filters.hwe is not None:
        p = exact_p(course.counts)
        course.keep_sites("hwe", p >= filters.hwe, f"exact p below {filters.hwe:g}")


def _rarest(filters: Filters, people: int) -> tuple[float, int]:
    """The lowest minor allele frequency and count; a site without variation never stays."""
    if filters.maf is not None:
        return filters.maf, 1
    return (0.01, 20) if people >= LARGE_COHORT else (0.05, 1)


def _at_least(course: Course, name: str, maf: float, mac: int) -> None:
    count, frequency = minor(course.counts)
    remark = f"below {maf:g}" + (f" or {mac} copies" if mac > 1 else "")
    course.keep_sites(name, (frequency >= maf) & (count >= mac), remark)


def _about_regions(build: str | None) -> str:
    if build is None:
        return "build not recognised: none known"
    return f"{len(long_range_ld(build))} regions of {build}"


def _prune(course: Course, filters: Filters) -> None:
    """Sites in linkage equilibrium among the people still there."""
    kept = prune(
        course.store,
        course.rows,
        minor(course.counts)[1],
        r2=filters.ld_r2,
        window_kb=filters.ld_window_kb,
        samples=np.flatnonzero(course.people),
    )
    remark = f"r2 of {filters.ld_r2:g} or more within {filters.ld_window_kb:g} kb"
    course.keep_sites("ld-r2", np.isin(course.rows, kept), remark)


def _leave_out_relatives(course: Course, filters: Filters, missing: np.ndarray) -> np.ndarray:
    """People by ``king_cutoff``, then sites by ``maf`` again; returns who has a duplicate."""
    people = np.flatnonzero(course.people)
    floor = min(resolvable(len(course.rows), len(people)), DUPLICATE)
    cutoff = max(filters.king_cutoff, floor)
    pairs = king_robust(course.store, course.rows, people, cutoff)
    twins = pairs[pairs["kinship"] >= DUPLICATE]
    remark = f"{len(pairs):,} pairs of {cutoff:.3g} or more, {len(twins):,} of them duplicates"
    if cutoff > filters.king_cutoff:
        remark += f"; {len(course.rows):,} sites do not resolve {filters.king_cutoff:g}"
    keep = unrelated(pairs, 1 - missing, len(missing), cutoff)
    rarest = _rarest(filters, len(people))
    course.keep_people("king-cutoff", keep, remark)
    _at_least(course, "maf, unrelated", *rarest)
    return np.union1d(twins["i"], twins["j"])


def _flags(fitted: np.ndarray, low: np.ndarray, twins: np.ndarray) -> list[str]:
    """Why each person is left out of the fit, or ""."""
    flags = np.where(low, "low_call_rate", "related").astype(object)
    flags[twins] = "duplicate"
    flags[fitted] = ""
    return list(flags.tolist())
