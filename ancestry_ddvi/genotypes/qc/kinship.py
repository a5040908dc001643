"""KING-robust kinship, and a set of samples without relatives."""

from __future__ import annotations

from functools import partial
from heapq import heapify, heappop, heappush
from itertools import combinations_with_replacement

import numpy as np

from ...crew import Arrays, crew
from ..blocks import DosageReader, thin_evenly
from .degrees import SECOND_DEGREE
from .king_counts import Counts, Planes, all_pairs
from .king_screen import Screen, screen

MAX_COUNTED, SAMPLES_AT_ONCE = 2048, 4096
"""Samples of which all pairs are counted, and samples beside each other in the screen of more."""

MAX_VARIANTS = 20_000

PAIR = np.dtype([("i", "i8"), ("j", "i8"), ("kinship", "f8"), ("variants", "i8")])
"""One related pair: sample rows i < j, their kinship, the variants called in both."""


def king_robust(
    store: DosageReader, rows: np.ndarray, samples: np.ndarray, cutoff: float = SECOND_DEGREE
) -> np.ndarray:
    """Pairs of samples whose KING-robust kinship is at least ``cutoff``.

    Manichaikul et al. 2010 (Bioinformatics 26:2867), eq. 11, the between-family
    estimator: over the variants called in both samples, with H(i) the heterozygous variants of i,

        kinship = 1/2 - (4 IBS0 + H(i)hom(j) + hom(i)H(j)) / (4 min(H(i), H(j)))

    as plink2 --make-king-table reports it. It needs no allele frequencies; population structure
    makes it smaller, never larger. Pairs in which a sample has no heterozygous variant have no
    kinship and are not reported.

    All pairs of up to 2,048 samples are counted. Of more samples those pairs are, by the bits of
    their genotypes, that a matrix product over the 2,048 most heterozygous variants does not show
    to be unrelated: the chance that it passes over a pair at the very cutoff is below 1 in a
    million, and smaller for closer ones (``king_screen.Screen``). That is 2e13 operations in
    float32 for 100,000 samples, and 7 kB of memory a sample.

    Parameters
    ----------
    store : DosageReader
    rows : ndarray of int
        Variant rows, best in linkage equilibrium; more than 20,000 are thinned evenly.
    samples : ndarray of int
        Rows of the samples to compare.
    cutoff : float

    Returns
    -------
    ndarray of ``PAIR``, sorted by i, then j, which are rows of the store
    """
    rows, samples = thin_evenly(rows, MAX_VARIANTS), np.sort(samples)
    if len(samples) > MAX_COUNTED:
        return _among_many(store, rows, samples, cutoff)
    counts = all_pairs(store, rows, samples)
    i, j = np.nonzero(np.triu(counts.at_least(cutoff), 1))
    return _pairs(samples, i, j, counts[i, j])


def _among_many(
    store: DosageReader, rows: np.ndarray, samples: np.ndarray, cutoff: float
) -> np.ndarray:
    """The same of more samples: a block of them beside each block."""
    task = partial(_related, *screen(store, rows, samples), samples, cutoff)
    pairs = np.concatenate([found for (found,) in crew().each(task)])
    return pairs[np.lexsort((pairs["j"], pairs["i"]))]


def _related(
    screened: Screen, planes: Planes, samples: np.ndarray, cutoff: float, share: int, shares: int
) -> Arrays:
    """The related pairs of one share of all pairs of blocks of samples."""
    starts = range(0, len(samples), SAMPLES_AT_ONCE)
    blocks = [slice(start, min(start + SAMPLES_AT_ONCE, len(samples))) for start in starts]
    found = [np.empty(0, dtype=PAIR)]
    for one, other in list(combinations_with_replacement(blocks, 2))[share::shares]:
        left = screened.vectors(one)
        right = left if other == one else screened.vectors(other)
        i, j = screened.candidates(left, one, right, other, cutoff)
        i, j = i[i < j], j[i < j]
        counts = planes.counts(i, j)
        near = counts.at_least(cutoff)
        found.append(_pairs(samples, i[near], j[near], counts[near]))
    return (np.concatenate(found),)


def _pairs(samples: np.ndarray, i: np.ndarray, j: np.ndarray, counts: Counts) -> np.ndarray:
    """Records of pairs of samples, numbered as in ``samples``."""
    pairs = np.empty(len(i), dtype=PAIR)
    pairs["i"], pairs["j"] = samples[i], samples[j]
    pairs["kinship"], pairs["variants"] = counts.kinship(), counts.variants
    return pairs


def unrelated(
    pairs: np.ndarray, call_rate: np.ndarray, n: int, cutoff: float = SECOND_DEGREE
) -> np.ndarray:
    """A large set of samples no two of which are related at ``cutoff`` or closer.

    Greedy: while a related pair is left, the sample with the most relatives is left out; among
    equals the one with the lower call rate, then the later one.

    Parameters
    ----------
    pairs : ndarray of ``PAIR``
    call_rate : ndarray of float, one per sample
    n : int, number of samples that i and j count

    Returns
    -------
    ndarray of bool, shape (n,), true for the samples kept
    """
    relatives: dict[int, set[int]] = {}
    for i, j in pairs[pairs["kinship"] >= cutoff][["i", "j"]].tolist():
        relatives.setdefault(i, set()).add(j)
        relatives.setdefault(j, set()).add(i)
    keep = np.ones(n, dtype=bool)
    queue = [(-len(others), call_rate[i], -i) for i, others in relatives.items()]
    heapify(queue)
    while queue:
        degree, _, i = heappop(queue)
        others = relatives[-i]
        if not others or len(others) != -degree:
            continue  # outdated: leaving out a relative queued a new entry
        keep[-i] = False
        for other in others:
            relatives[other].remove(-i)
            heappush(queue, (-len(relatives[other]), call_rate[other], -other))
        relatives[-i] = set()
    return keep


def resolvable(variants: int, samples: int) -> float:
    """The largest kinship to be expected by chance between unrelated samples of a cohort.

    Between unrelated samples of one population KING-robust has a standard deviation close to
    1 / sqrt(variants) at common variants (0.0466 at 500, 0.0237 at 2,000 in 1000 Genomes), and
    the largest of many draws is about sqrt(2 ln(pairs)) standard deviations. A lower cutoff
    would report unrelated samples as relatives.
    """
    pairs = max(samples * (samples - 1) / 2, 1)
    return float(np.sqrt(2 * np.log(pairs) / max(min(variants, MAX_VARIANTS), 1)))
