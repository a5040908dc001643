"""PREFIX.relatives.tsv: pairs of relatives among the samples of the input."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..genotypes.qc.kinship import PAIR
from ..outputs import output
from .records import RelatedPairs
from .tables import write_table


def write_relatives(prefix: str, samples: Sequence[str], pairs: np.ndarray | None) -> Path:
    """Write the pairs; a header alone where there are none or samples are not compared.

    Parameters
    ----------
    prefix : str
    samples : sequence of str
    pairs : ndarray of ``kinship.PAIR``, or None
        Rows i and j count ``samples``.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    OutputUnwritable
    """
    path = output("relatives").path(prefix)
    found = np.empty(0, PAIR) if pairs is None else pairs
    write_table(path, "relatives", RelatedPairs(samples, found))
    return path
