"""How many components carry structure, and how much of it, by samples left out of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..blocks import GenotypeReader, in_blocks
from .leave_one_out import left_out
from .own_noise import stretches
from .pca import PrincipalComponents
from .standardise import standardise

MIN_SIGNAL = 0.3
"""Structure that a component must carry to be kept, in units of the variance of noise: it adds
0.02 nats to the log density of a sample that was left out."""

MIN_ERRORS = 3.0
"""The same in standard errors."""


@dataclass(frozen=True)
class Structure:
    """Structure on each component, by samples left out of the components one at a time.

    Attributes
    ----------
    signal : ndarray of float64, (components,)
        Covariance of the scores from two halves of the genome: the variance of expected scores.
        Noise and linkage have no part in it. May be negative.
    error : ndarray of float64, (components,)
        Standard error of ``signal``.
    """

    signal: np.ndarray
    error: np.ndarray

    @property
    def components(self) -> int:
        """How many leading components carry structure.

        As many as have the largest sum of ``signal`` less what each must carry, so that a weak
        component is kept where those after it make up for it.
        """
        due = np.maximum(MIN_SIGNAL, MIN_ERRORS * self.error)
        return int(np.concatenate([[0.0], np.cumsum(self.signal - due)]).argmax())


def structure(
    store: GenotypeReader,
    rows: np.ndarray,
    samples: np.ndarray,
    frequency: np.ndarray,
    found: PrincipalComponents,
    count: int,
) -> Structure:
    """Structure on the ``count`` leading components.

    Parameters
    ----------
    store : GenotypeReader
    rows : ndarray of int64, (variants,), in order of chromosome and position
    samples : ndarray of int64
        The samples that ``found`` was estimated from.
    frequency : ndarray of float64, (variants,)
    found : PrincipalComponents
    count : int
    """
    half = _halves(stretches(store.variants.chromosome[rows]))
    components = found.loadings.shape[1]
    products = np.zeros((2, len(samples), components))
    squared = np.zeros((2, len(samples)))
    start = 0
    for dosages in in_blocks(store, rows, samples):
        part = slice(start, start + len(dosages))
        x = np.nan_to_num(standardise(dosages, frequency[part]), copy=False)
        loadings = found.loadings[part].astype(np.float32)
        for which in (0, 1):
            some = half[part] == which
            products[which] += x[some].T @ loadings[some]
            squared[which] += np.square(x[some]).sum(axis=0)
        start += len(dosages)
    scores, length = products.sum(axis=0), squared.sum(axis=0)
    spread = found.spread(components)
    without = left_out(scores, length, found.eigenvalues, spread, min(count, components))
    halves = [
        np.einsum("nj,njk->nk", of_half, without.mixing)
        - without.own * (square - np.einsum("nj,nj->n", scores, of_half))[:, None]
        for of_half, square in zip(products, squared, strict=True)
    ]
    both = 4 * halves[0] * halves[1]
    return Structure(both.mean(axis=0), both.std(axis=0) / np.sqrt(len(samples)))


def _halves(stretch: np.ndarray) -> np.ndarray:
    """0 or 1 for each variant: stretches of the genome go to the smaller half, largest first."""
    sizes = np.bincount(stretch)
    half, filled = np.zeros(len(sizes), dtype=np.int64), [0, 0]
    for number in np.argsort(-sizes, kind="stable"):
        half[number] = int(filled[1] < filled[0])
        filled[half[number]] += sizes[number]
    return np.asarray(half[stretch])
