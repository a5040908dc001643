"""Genetic structure of a cohort by denoising diffusion variational inference.

The verbs of the command line are functions here, with the same names and defaults:
``ingest``, ``fit``, ``embed``, ``assign``, ``condition``, ``sample``, ``decode``, ``compare``. They
are loaded when first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .api import (
        Assigned,
        Compared,
        Decoded,
        Embedded,
        Fitted,
        Ingested,
        Sampled,
        assign,
        compare,
        condition,
        decode,
        embed,
        fit,
        ingest,
        sample,
    )
    from .genotypes.qc.filters import Filters

__version__ = "0.1.0"

__all__ = [
    "Assigned",
    "Compared",
    "Decoded",
    "Embedded",
    "Filters",
    "Fitted",
    "Ingested",
    "Sampled",
    "assign",
    "compare",
    "condition",
    "decode",
    "embed",
    "fit",
    "ingest",
    "sample",
]


def __getattr__(name: str) -> Any:
    if name == "Filters":
        from .genotypes.qc.filters import Filters

        return Filters
    if name in __all__:
        from . import api

        return getattr(api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
