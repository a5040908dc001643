"""What every way from one genome build to another has to check."""

from __future__ import annotations

import numpy as np

from ...errors import InputsDisagree
from ..variants import VariantTable
from .builds import infer_build

UNKNOWN = 0
"""The position of a variant where it is not known; known positions count from 1."""


def check_build(path: str, source: str, variants: VariantTable, name: str) -> None:
    """Check that the variants of a file may be in the build a way starts from.

    Parameters
    ----------
    path : str
        The chain file or table, for messages.
    source : str
        The build it starts from.
    variants : VariantTable
    name : str
        Of their file, for messages.

    Raises
    ------
    InputsDisagree
        If the variants are of another build.
    """
    if infer_build(variants, source) == source:
        return
    found = infer_build(variants)
    raise InputsDisagree(
        f"{path} starts from {source}, but the positions in {name} are "
        f"{f'of {found}' if found else 'not of that build'}",
        f"Give a file that starts from {found or 'the build of the cohort'}.",
    )


def shared_targets(number: np.ndarray, position: np.ndarray, lifted: np.ndarray) -> np.ndarray:
    """Variants lifted to the position of a variant from another position; bool (variants,).

    Parameters
    ----------
    number : ndarray of int64, (variants,)
        Of the chromosome.
    position, lifted : ndarray of int64, (variants,)
        In the two builds.
    """
    target, origin = number << 40 | lifted, number << 40 | position
    pairs = np.unique(np.stack([target, origin]), axis=1)
    targets, origins = np.unique(pairs[0], return_counts=True)
    return np.isin(target, targets[origins > 1])
