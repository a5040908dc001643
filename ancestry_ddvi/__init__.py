"""Ancestry coordinates with honest uncertainty, by denoising diffusion variational inference.

The commands of ``ddvi-ancestry`` are functions here, with the same names and defaults: ``fit``,
``embed``, ``assign``, ``plot``, ``report``, ``condition``, ``sample``, ``decode``, ``ingest``,
``compare``. ``load`` reads a fitted model once, to embed and assign many times; ``references``
lists the models that have a name, and ``variants`` the variants of one. Each is imported when
first used.

>>> import ancestry_ddvi
>>> model = ancestry_ddvi.load("cohort.ddvi")
>>> model.embed(["query.vcf.gz"]).to_frame().shape[0]
8
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .version import __version__

if TYPE_CHECKING:
    from .api import (
        Assigned,
        Compared,
        Decoded,
        Embedded,
        Fitted,
        FittedModel,
        Ingested,
        ModelVariants,
        Plotted,
        ReferenceTable,
        Reported,
        Sampled,
        assign,
        compare,
        condition,
        decode,
        embed,
        fit,
        ingest,
        load,
        plot,
        references,
        report,
        sample,
        variants,
    )
    from .genotypes.qc.filters import Filters

__all__ = [
    "Assigned",
    "Compared",
    "Decoded",
    "Embedded",
    "Filters",
    "Fitted",
    "FittedModel",
    "Ingested",
    "ModelVariants",
    "Plotted",
    "ReferenceTable",
    "Reported",
    "Sampled",
    "__version__",
    "assign",
    "compare",
    "condition",
    "decode",
    "embed",
    "fit",
    "ingest",
    "load",
    "plot",
    "references",
    "report",
    "sample",
    "variants",
]


def __getattr__(name: str) -> Any:
    if name == "Filters":
        from .genotypes.qc.filters import Filters

        return Filters
    if name in __all__:
        from . import api

        return getattr(api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return list(__all__)
