"""What a fit will need of time and memory, and the plan that --dry-run prints."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

from ..errors import NothingLeft
from ..resources import memory_bytes, usable_threads

if TYPE_CHECKING:
    from ..genotypes.formats.reading import ReadOptions
    from ..genotypes.formats.record_count import RecordCount
    from ..genotypes.formats.source import GenotypeSource
    from .options import FitOptions

log = logging.getLogger(__name__)

SECONDS = {
    "fit": 2.5, "step": 0.0023, "sample": 0.007, "variant": 0.00022, "genotype": 1.1e-8
}  # fmt: skip
"""Seconds of a default fit on a current server: of any fit, and for every two steps of the map
stage, sample, variant and genotype; the last are divided among the threads. These numbers and those
of memory are fitted to ``benchmarks/RESULTS.json`` by ``benchmarks/estimates.py``."""

MIB = {"fit": 470.0, "sample": 0.048, "variant": 0.0098, "genotype": 0.0}
"""Peak memory of a default fit in MiB, in the same way, on any number of threads."""

READ_SECONDS = 1.2e-8
"""Seconds to read a genotype of a file that is not used in place."""


_HUMAN = frozenset({"0", "X", "Y", "XY", "PAR1", "PAR2", "MT", "23", "24", "25", "26"})
"""Chromosomes that a human file may begin with beside its autosomes."""

_BLOCKS = 20
"""Blocks of each file, of ``MIN_VARIANTS``, that tell whether it may be of a human."""


@dataclass(frozen=True)
class Needs:
    """What a fit will take.

    Attributes
    ----------
    seconds : float
    memory_mib : float
        Upper estimate of the peak.
    """

    seconds: float
    memory_mib: float

    def __str__(self) -> str:
        time = f"{self.seconds:.0f} s" if self.seconds < 120 else f"{self.seconds / 60:.0f} min"
        return f"about {self.memory_mib:,.0f} MiB of memory and {time}"


def terms(samples: int, variants: int, threads: int) -> tuple[dict[str, float], dict[str, float]]:
    """What the numbers of ``SECONDS`` and of ``MIB`` are multiplied by."""
    seconds = {
        "fit": 1.0,
        "step": float(min(max(samples, 1000), 3000)),
        "sample": float(samples),
        "variant": float(variants),
        "genotype": samples * variants / threads,
    }
    mib = {
        "fit": 1.0,
        "sample": float(samples),
        "variant": float(variants),
        "genotype": float(samples * variants),
    }
    return seconds, mib


def fit_needs(
    samples: int, variants: int, threads: int | None = None, in_place: bool = True
) -> Needs:
    """Time and memory of a default fit.

    Parameters
    ----------
    samples, variants : int
        Of the input, before quality control.
    threads : int, optional
        By default those that this process may use.
    in_place : bool
        Whether the file is used in place, as PLINK 1 is; others are read once and packed.
    """
    by_seconds, by_mib = terms(samples, variants, threads or usable_threads())
    seconds = sum(SECONDS[name] * size for name, size in by_seconds.items())
    reading = 0.0 if in_place else READ_SECONDS * samples * variants
    return Needs(seconds + reading, sum(MIB[name] * size for name, size in by_mib.items()))


def disk_mib(samples: int, variants: int) -> float:
    """Upper estimate of what a fit writes, in MiB: packed genotypes, model, tables and figures."""
    return 20 + (samples * variants / 4 + 400 * variants + 2_000 * samples) / 2**20


def log_estimate(samples: int, variants: int, threads: int | None) -> None:
    """Log what the fit will take; warn if the memory is not there."""
    need = fit_needs(samples, variants, threads)
    log.info("%s samples, %s variants: %s.", f"{samples:,}", f"{variants:,}", need)
    there = memory_bytes() / 2**20
    if need.memory_mib > there:
        log.warning(
            "The fit may need %s MiB of memory and there are %s.",
            f"{need.memory_mib:,.0f}",
            f"{there:,.0f}",
        )


@dataclass(frozen=True)
class Plan:
    """What ``fit`` would do.

    Attributes
    ----------
    samples : tuple of str
    lines : list of str
    disk_mib : float
        Upper estimate of what is written; 0 where the size of the input is not known.
    """

    samples: tuple[str, ...]
    lines: list[str]
    disk_mib: float


def plan(
    inputs: Sequence[str],
    reading: ReadOptions,
    options: FitOptions,
    device: str,
    threads: int | None,
) -> Plan:
    """What ``fit`` would do; reads headers and the first records.

    Raises
    ------
    InputUnreadable, InputsDisagree, UsageProblem
    NothingLeft
        If the first variants show that none will be on an autosome.
    """
    from ..genotypes.formats.registry import open_sources

    source = open_sources(inputs, replace(reading, processes=1))
    if not options.filters.allow_extra_chr and not any(file.is_fifo() for file in source.files):
        _check_chromosomes(source.parts)
    samples, found = len(source.samples), _size(source)
    settings = ", ".join(f"{k}={v}" for k, v in options.settings.items()) or "the defaults"
    lines = [f"read {source.name}: {samples:,} samples, {_in_words(found)}"]
    if found:
        in_place = source.in_place() is not None
        need = fit_needs(samples, found.records, threads, in_place)
        lines.append(f"need {need} (estimated)")
    lines.append(f"filter: {options.filters.in_words()}")
    lines.append(
        f"fit {options.method} in {options.dims} dimensions, seed {options.seed}, "
        f"on {device}; settings: {settings}"
    )
    return Plan(source.samples, lines, disk_mib(samples, found.records) if found else 0)


def _check_chromosomes(parts: Sequence[GenotypeSource]) -> None:
    """Check that the first variants of some file are not all of other species or of scaffolds.

    A file that begins with any chromosome of a human one may have autosomes later.

    Raises
    ------
    NothingLeft
        As the fit does.
    """
    from ..genotypes.chromosomes import autosome, bare_chromosome
    from ..genotypes.qc.filters import FILTERS
    from ..genotypes.qc.log import MIN_VARIANTS

    names: list[str] = []
    for part in parts:
        for block in islice(part.blocks(MIN_VARIANTS), _BLOCKS):
            found = block.variants.chromosome
            if autosome(found).any() or not _HUMAN.isdisjoint(map(bare_chromosome, found)):
                return
            names.extend(found)
    if names:
        raise NothingLeft(
            f"The filter 'autosomes' left 0 of the first {len(names):,} variants, fewer than the "
            f"{MIN_VARIANTS} a fit needs",
            f"{FILTERS['autosomes'].remedy}, or give more variants.",
        )


def _size(source: GenotypeSource) -> RecordCount | None:
    """The records of a source; None if they cannot be told, as of standard input."""
    from ..genotypes.formats.record_count import RecordCount, count_records

    if source.records is not None:
        return RecordCount(source.records, exact=True)
    found = [count_records(file) for file in source.files if file.is_file()]
    if not found or None in found:
        return None
    counts = [count for count in found if count]
    return RecordCount(sum(c.records for c in counts), all(c.exact for c in counts))


def _in_words(found: RecordCount | None) -> str:
    if found is None:
        return "an unknown number of records"
    return f"{found.records:,} records" if found.exact else f"about {found.records:,} records"
