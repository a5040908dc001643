"""PREFIX.samples.tsv: the groups and the coordinates that synthetic samples were drawn from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from .records import SyntheticSamples
from .tables import write_table


def write_synthetic(
    path: Path, samples: Sequence[str], population: Sequence[str], coordinates: np.ndarray
) -> None:
    """Write the truth about synthetic samples.

    Parameters
    ----------
    population : sequence of str
        The group of each sample; "" for a sample drawn from the prior.
    coordinates : ndarray of float64, (samples, dims)
    """
    axes = [f"Z{k + 1}" for k in range(coordinates.shape[1])]
    write_table(path, "samples", SyntheticSamples(samples, population, coordinates), axes)
