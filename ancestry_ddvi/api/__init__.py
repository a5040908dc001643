"""The verbs, from ingest to benchmark: the one place where the layers meet.

Every command has the name and the defaults of its command.
"""

from __future__ import annotations

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
from ._sample import Sampled, sample, sample_files
from ._studies import Compared, benchmark, compare

__all__ = [
    "Assigned",
    "Compared",
    "Decoded",
    "Embedded",
    "Fitted",
    "FittedModel",
    "Ingested",
    "Sampled",
    "assign",
    "assign_prefix",
    "assists",
    "benchmark",
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
    "sample",
    "sample_files",
]
