"""The verbs, from ingest to benchmark: the one place where the layers meet.

Every command has the name and the defaults of its command. Each is imported when first used, so
that a command loads only what it needs.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._assign import Assigned, assign, assign_prefix
    from ._assist import assists
    from ._common import default_prefix
    from ._condition import condition, condition_prefix
    from ._decode import Decoded, decode, decode_prefix
    from ._embed import embed
    from ._embedding import Embedded
    from ._fit import Fitted, fit
    from ._ingest import Ingested, ingest
    from ._model import FittedModel, load
    from ._plot import Plotted, plot, plot_path
    from ._references import ReferenceTable, model_card, references
    from ._report import Reported, check_report, report
    from ._sample import Sampled, sample, sample_files
    from ._studies import Compared, benchmark, compare
    from ._variants import ModelVariants, variants

__all__ = [
    "Assigned",
    "Compared",
    "Decoded",
    "Embedded",
    "Fitted",
    "FittedModel",
    "Ingested",
    "ModelVariants",
    "Plotted",
    "ReferenceTable",
    "Reported",
    "Sampled",
    "assign",
    "assign_prefix",
    "assists",
    "benchmark",
    "check_report",
    "compare",
    "condition",
    "condition_prefix",
    "decode",
    "decode_prefix",
    "default_prefix",
    "embed",
    "fit",
    "ingest",
    "load",
    "model_card",
    "plot",
    "plot_path",
    "references",
    "report",
    "sample",
    "sample_files",
    "variants",
]

_MODULES = {
    "_assign": ("Assigned", "assign", "assign_prefix"),
    "_assist": ("assists",),
    "_common": ("default_prefix",),
    "_condition": ("condition", "condition_prefix"),
    "_decode": ("Decoded", "decode", "decode_prefix"),
    "_embed": ("embed",),
    "_embedding": ("Embedded",),
    "_fit": ("Fitted", "fit"),
    "_ingest": ("Ingested", "ingest"),
    "_model": ("FittedModel", "load"),
    "_plot": ("Plotted", "plot", "plot_path"),
    "_references": ("ReferenceTable", "model_card", "references"),
    "_report": ("Reported", "check_report", "report"),
    "_sample": ("Sampled", "sample", "sample_files"),
    "_studies": ("Compared", "benchmark", "compare"),
    "_variants": ("ModelVariants", "variants"),
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_MODULE_OF[name]}", __name__), name)
