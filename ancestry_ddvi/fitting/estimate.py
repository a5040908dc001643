"""What a fit will need of time and memory, and the plan that --dry-run prints."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..resources import memory_bytes
from .options import FitOptions

if TYPE_CHECKING:
    from ..genotypes.formats.reading import ReadOptions
    from ..genotypes.formats.record_count import RecordCount
    from ..genotypes.formats.source import GenotypeSource

log = logging.getLogger(__name__)

BASE_MIB = 600
"""Interpreter, torch and the networks."""

GENOTYPES_PER_SECOND = 3e6
"""Genotypes through quality control and components in a second on one core, conservatively."""

TRAINING_SECONDS = 40
"""Training with default settings, whatever the size of the cohort, on two cores."""


def memory_mib(samples: int, variants: int) -> float:
    """Upper estimate of a fit's peak memory, in MiB: packed genotypes and bounded work space."""
    packed = samples * variants / 4
    pairs = 3 * 8 * min(samples, 3_000) ** 2
    return BASE_MIB + (packed + pairs + 4e4 * samples) / 2**20


def disk_mib(samples: int, variants: int) -> float:
    """Upper estimate of what a fit writes, in MiB: packed genotypes, model, tables and figures."""
    return 20 + (samples * variants / 4 + 400 * variants + 2_000 * samples) / 2**20


def needs(samples: int, variants: int) -> str:
    """Memory and time of a fit, in words."""
    seconds = TRAINING_SECONDS + samples * variants / GENOTYPES_PER_SECOND
    time = f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
    return f"about {memory_mib(samples, variants):,.0f} MiB of memory and {time}"


def log_estimate(samples: int, variants: int) -> None:
    """Log what the fit will take; warn if the memory is not there."""
    log.info(
        "%s samples, %s variants: %s.", f"{samples:,}", f"{variants:,}", needs(samples, variants)
    )
    need, there = memory_mib(samples, variants), memory_bytes() / 2**20
    if need > there:
        log.warning(
            "The fit may need %s MiB of memory and there are %s.", f"{need:,.0f}", f"{there:,.0f}"
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


def plan(inputs: Sequence[str], reading: ReadOptions, options: FitOptions, device: str) -> Plan:
    """What ``fit`` would do; reads headers and the first records.

    Raises
    ------
    InputUnreadable, InputsDisagree, UsageProblem
    """
    from ..genotypes.formats.registry import open_sources

    source = open_sources(inputs, reading)
    samples, found = len(source.samples), _size(source)
    chosen = ", ".join(f"{k}={v}" for k, v in options.filters.as_json().items())
    settings = ", ".join(f"{k}={v}" for k, v in options.settings.items()) or "the defaults"
    lines = [f"read {source.name}: {samples:,} samples, {_in_words(found)}"]
    if found:
        lines.append(f"need {needs(samples, found.records)} (estimated)")
    lines.append(f"filter: {chosen}")
    lines.append(
        f"fit {options.method} in {options.dims} dimensions, seed {options.seed}, "
        f"on {device}; settings: {settings}"
    )
    return Plan(source.samples, lines, disk_mib(samples, found.records) if found else 0)


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
