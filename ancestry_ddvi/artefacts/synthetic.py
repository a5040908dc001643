"""PREFIX.samples.tsv: the groups and the coordinates that synthetic samples were drawn from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .columns import values_of
from .records import SyntheticSamples
from .tables import frame, write_columns

if TYPE_CHECKING:
    from pandas import DataFrame


def synthetic_frame(
    samples: Sequence[str], population: Sequence[str], coordinates: np.ndarray
) -> DataFrame:
    """The table of synthetic samples.

    Parameters
    ----------
    samples : sequence of str
    population : sequence of str
        The group of each sample; "" for a sample drawn from the prior.
    coordinates : ndarray of float64, (samples, dims)
    """
    return frame(*_columns(samples, population, coordinates))


def write_synthetic(
    path: Path, samples: Sequence[str], population: Sequence[str], coordinates: np.ndarray
) -> None:
    """Write the table of ``synthetic_frame``."""
    write_columns(path, *_columns(samples, population, coordinates))


def _columns(
    samples: Sequence[str], population: Sequence[str], coordinates: np.ndarray
) -> tuple[list[str], list[np.ndarray]]:
    axes = [f"Z{k + 1}" for k in range(coordinates.shape[1])]
    return values_of("samples", SyntheticSamples(samples, population, coordinates), axes)
