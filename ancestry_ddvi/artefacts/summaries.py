"""Summaries of earlier runs, read again: what later commands take from them is checked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import InputUnreadable, quoted
from ..genotypes.qc.log import Step
from .summary import SCHEMA
from .typed import LATER, Malformed, typed

_AGAIN = "Run the command that wrote it again."
_NOT_ALWAYS = {LATER: True}
"""A part that not every command writes."""


@dataclass(frozen=True)
class _Coverage:
    share: float
    covered_50: float
    covered_80: float
    covered_95: float


@dataclass(frozen=True)
class _Calibration:
    samples: int
    temperature: float
    coverage: tuple[_Coverage, ...]


@dataclass(frozen=True)
class _Movement:
    refits: int
    r2: float | None
    map_sd: float | None


@dataclass(frozen=True)
class _Harmonisation:
    matched: int
    model_variants: int
    variant_fraction: float
    allele_mismatch: int
    key: str
    chromosomes: Mapping[str, Mapping[str, int]]
    positions_agree: bool
    detected_build: str | None
    model_build: str | None


@dataclass(frozen=True)
class _Share:
    samples: int
    probability: float
    right: float


@dataclass(frozen=True)
class _Judged:
    level: str
    samples: int
    accuracy: float | None
    calibration_error: float | None
    reliability: tuple[_Share, ...] = field(default=(), metadata=_NOT_ALWAYS)


@dataclass(frozen=True)
class _Summary:
    """What the page of a run has from its summary, and what figures have."""

    command: str
    files: Mapping[str, str]
    inputs: tuple[str, ...]
    options: Mapping[str, Any]
    samples: int
    seconds: float
    peak_memory_mib: float
    versions: Mapping[str, str]
    model: str = field(default="", metadata=_NOT_ALWAYS)
    model_sha256: str | None = field(default=None, metadata=_NOT_ALWAYS)
    samples_in_fit: int = field(default=0, metadata=_NOT_ALWAYS)
    variants_in_model: int = field(default=0, metadata=_NOT_ALWAYS)
    left_out_of_fit: Mapping[str, int] | None = field(default=None, metadata=_NOT_ALWAYS)
    skipped_records: Mapping[str, int] | None = field(default=None, metadata=_NOT_ALWAYS)
    steps: tuple[Step, ...] = field(default=(), metadata=_NOT_ALWAYS)
    harmonisation: _Harmonisation | None = field(default=None, metadata=_NOT_ALWAYS)
    calibration: _Calibration | None = field(default=None, metadata=_NOT_ALWAYS)
    movement: _Movement | None = field(default=None, metadata=_NOT_ALWAYS)
    levels: Mapping[str, Any] = field(default_factory=dict, metadata=_NOT_ALWAYS)
    assignment: tuple[_Judged, ...] = field(default=(), metadata=_NOT_ALWAYS)


def read_summary(path: Path, remedy: str = _AGAIN) -> dict[str, Any]:
    """A summary of this version.

    Parameters
    ----------
    path : Path
    remedy : str
        What to do where it is absent.

    Raises
    ------
    InputUnreadable
        If it is absent, damaged, or of another version.
    """
    try:
        found: Any = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise InputUnreadable(f"{path} cannot be read: {error.strerror}", remedy) from None
    except ValueError:
        raise InputUnreadable(f"{path} is damaged: no JSON", _AGAIN) from None
    schema = found.get("$schema") if isinstance(found, dict) else None
    if schema != SCHEMA:
        said = f"is of another version, {quoted(str(schema))}" if schema else "is no summary"
        raise InputUnreadable(f"{path} {said}; this version reads {SCHEMA}", _AGAIN)
    try:
        typed(_Summary, found, "summary")
    except Malformed as error:
        raise InputUnreadable(f"{path} is damaged: {error}", _AGAIN) from None
    return dict(found)
