"""Populations as the leaves of a tree, along whose branches allele frequencies drift.

Along a branch with drift F an allele of frequency p becomes Beta(p (1-F)/F, (1-p) (1-F)/F), with
mean p and variance F p (1-p) (Balding and Nichols 1995), so that heterozygosity falls by 1 - F.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Branch:
    """A branch of the tree and the population at its lower end.

    Attributes
    ----------
    name : str
    parent : int
        Index of the branch above, which comes before this one; -1 at the root.
    drift : float
        F along the branch, in [0, 1).
    """

    name: str
    parent: int
    drift: float


def two_levels(
    populations: Mapping[str, Sequence[str]], fst_superpopulation: float, fst_population: float
) -> tuple[Branch, ...]:
    """Superpopulations at the root, each followed by its populations."""
    branches: list[Branch] = []
    for name, members in populations.items():
        above = len(branches)
        branches.append(Branch(name, -1, fst_superpopulation))
        branches += [Branch(member, above, fst_population) for member in members]
    return tuple(branches)


def leaves(branches: Sequence[Branch]) -> list[int]:
    """Indices of the branches with none below them."""
    inner = {branch.parent for branch in branches}
    return [i for i in range(len(branches)) if i not in inner]


def frequencies(
    rng: np.random.Generator, branches: Sequence[Branch], ancestral: np.ndarray
) -> np.ndarray:
    """Frequency of ALT in each population at a leaf; float64 (leaves, variants)."""
    rows: list[np.ndarray] = []
    for branch in branches:
        above = ancestral if branch.parent < 0 else rows[branch.parent]
        rows.append(_drift(rng, above, branch.drift))
    return np.stack([rows[i] for i in leaves(branches)])


def _drift(rng: np.random.Generator, frequency: np.ndarray, drift: float) -> np.ndarray:
    """Frequencies at the lower end; clipped from 0 and 1, where the law is not defined."""
    if drift == 0:
        return frequency
    p = frequency.clip(1e-4, 1 - 1e-4)
    return rng.beta(p * (1 - drift) / drift, (1 - p) * (1 - drift) / drift)


def expected_fst(branches: Sequence[Branch]) -> np.ndarray:
    """Hudson's F_ST of the populations at the leaves; float64 (leaves, leaves).

    1 - (a + b) / 2, where a and b are the shares of heterozygosity that are left on the two ways
    down from the last common ancestor.
    """
    ways = [_way_down(branches, leaf) for leaf in leaves(branches)]
    fst = np.zeros((len(ways), len(ways)))
    for i, one in enumerate(ways):
        for j, other in enumerate(ways):
            left = [
                np.prod([1 - branches[b].drift for b in way if b not in shared])
                for way, shared in ((one, other), (other, one))
            ]
            fst[i, j] = 1 - np.mean(left)
    return fst


def _way_down(branches: Sequence[Branch], leaf: int) -> list[int]:
    """Branches from a leaf up to the root."""
    way = [leaf]
    while branches[way[-1]].parent >= 0:
        way.append(branches[way[-1]].parent)
    return way
