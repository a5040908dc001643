"""PREFIX.relatives.tsv: who in the input is kin to whom."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..genotypes.qc.relatives import relations
from .coordinates import numbers, write_table


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
    rows = (
        [samples[i], samples[j], *numbers([kinship]), str(variants), relation]
        for (i, j, kinship, variants), relation in zip(
            pairs.tolist(), relations(pairs), strict=True
        )
    )
    write_table(path, ["sample_1", "sample_2", "kinship", "variants", "relation"], rows)
    return {"relatives": path}
