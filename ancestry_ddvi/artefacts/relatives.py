"""PREFIX.relatives.tsv: pairs of relatives among the samples of the input."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from .records import RelatedPairs
from .tables import write_table


def write_relatives(
    prefix: str, samples: Sequence[str], pairs: np.ndarray | None
) -> dict[str, Path]:
    """Write the pairs, if there are any; the path by kind.

    Parameters
    ----------
    samples : sequence of str
    pairs : ndarray of ``kinship.PAIR``, or None
        Rows i and j count ``samples``.
    """
    if pairs is None or not len(pairs):
        return {}
    path = Path(f"{prefix}.relatives.tsv")
    write_table(path, "relatives", RelatedPairs(samples, pairs))
    return {"relatives": path}
