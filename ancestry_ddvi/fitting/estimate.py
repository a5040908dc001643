"""What a fit will need of time and memory, and the plan that --dry-run prints."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from ..resources import memory_bytes
from .options import FitOptions

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


def log_estimate(samples: int, variants: int) -> None:
    """Log what the fit will take; warn if the memory is not there."""
    need, there = memory_mib(samples, variants), memory_bytes() / 2**20
    seconds = TRAINING_SECONDS + samples * variants / GENOTYPES_PER_SECOND
    log.info(
        "%s samples, %s variants: about %s MiB of memory and %s.",
        f"{samples:,}",
        f"{variants:,}",
        f"{need:,.0f}",
        f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min",
    )
    if need > there:
        log.warning(
            "The fit may need %s MiB of memory and there are %s.", f"{need:,.0f}", f"{there:,.0f}"
        )


def plan(inputs: Sequence[str], prefix: str, options: FitOptions, device: str) -> list[str]:
    """What ``fit`` would do, one line each; reads no more than headers.

    Raises
    ------
    InputUnreadable, InputsDisagree, UsageProblem
    """
    from ..genotypes.formats.registry import open_sources

    source = open_sources(inputs)
    lines = [f"read {source.name}: {len(source.samples):,} samples"]
    variants = getattr(source, "variants", None)
    if variants is not None:
        lines[0] += f", {len(variants):,} variants"
        lines.append(f"need about {memory_mib(len(source.samples), len(variants)):,.0f} MiB")
    chosen = ", ".join(f"{k}={v}" for k, v in options.filters.as_json().items())
    settings = ", ".join(f"{k}={v}" for k, v in options.settings.items()) or "the defaults"
    return [
        *lines,
        f"filter: {chosen}",
        f"fit {options.method} in {options.dims} dimensions, seed {options.seed}, "
        f"on {device}; settings: {settings}",
        f"write {prefix}.ddvi .coords.tsv .eigenvec .pcs.tsv .png .svg .summary.json .log",
    ]
