"""Before heavy work: what would be done, what it would take, and whether it could be written."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..errors import OutputUnwritable
from ..resources import memory_bytes

log = logging.getLogger(__name__)

BASE_MIB = 600
"""Interpreter, torch and the networks."""

GENOTYPES_PER_SECOND = 3e6
"""Genotypes through quality control and components in a second on one core, conservatively."""

TRAINING_SECONDS = 40
"""Training with default settings, whatever the size of the cohort, on two cores."""


def check_folder(prefix: Path) -> None:
    """Create the folder of the outputs and see that it takes files.

    Raises
    ------
    OutputUnwritable
    """
    folder = prefix.parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputUnwritable(
            f"folder {folder} cannot be created: {error.strerror}", "Choose another --out."
        ) from error
    if not os.access(folder, os.W_OK):
        raise OutputUnwritable(f"folder {folder} is not writable", "Choose another --out.")


def memory_mib(samples: int, variants: int) -> float:
    """Upper estimate of a fit's peak memory, in MiB: packed genotypes and bounded work space."""
    packed = samples * variants / 4
    pairs = 3 * 8 * min(samples, 3_000) ** 2
    return BASE_MIB + (packed + pairs + 4e4 * samples) / 2**20


def say_estimate(samples: int, variants: int) -> None:
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


def plan(inputs: Sequence[str], prefix: str, options: Mapping[str, Any], device: str) -> list[str]:
    """What ``fit`` would do, one line each; reads no more than headers."""
    from ..genotypes.formats.registry import open_sources

    source = open_sources(inputs)
    lines = [f"read {source.name}: {len(source.samples):,} samples"]
    variants = getattr(source, "variants", None)
    if variants is not None:
        lines[0] += f", {len(variants):,} variants"
        lines.append(f"need about {memory_mib(len(source.samples), len(variants)):,.0f} MiB")
    chosen = ", ".join(f"{k}={v}" for k, v in options["filters"].items())
    settings = ", ".join(f"{k}={v}" for k, v in options["settings"].items()) or "as they are"
    return [
        *lines,
        f"filter: {chosen}",
        f"fit {options['method']} in {options['dims']} dimensions, seed {options['seed']}, "
        f"on {device}; settings {settings}",
        f"write {prefix}.ddvi .coords.tsv .eigenvec .pcs.tsv .png .svg .summary.json .log",
    ]
