"""Duplicates and relatives in a file to embed."""

from __future__ import annotations

import logging

import numpy as np

from ..blocks import DosageReader
from .degrees import DUPLICATE, FIRST_DEGREE, SECOND_DEGREE
from .kinship import king_robust, resolvable

log = logging.getLogger(__name__)

MIN_VARIANTS = 500
"""With fewer variants the standard deviation of kinship exceeds half of second degree."""

MAX_SAMPLES = 20_000

RELATIONS = {"duplicate": DUPLICATE, "first degree": FIRST_DEGREE, "second degree": SECOND_DEGREE}
"""Relations, the closest first, and the smallest kinship of each (Manichaikul et al. 2010,
table 1)."""


def relatives_among(store: DosageReader, rows: np.ndarray) -> np.ndarray | None:
    """Pairs of samples in a file that are second-degree relatives or closer.

    KING-robust counts differences of genotypes and does not depend on the allele counted. Where
    so many pairs are compared at so few variants that unrelated samples would exceed the cutoff
    by chance, it is raised as in ``fit``.

    Parameters
    ----------
    store : DosageReader
    rows : ndarray of int
        Variants to compare them at.

    Returns
    -------
    ndarray of ``kinship.PAIR``, or None where samples are not compared: one sample, more than
    20,000 samples, or fewer than 500 variants
    """
    samples = len(store.samples)
    if samples < 2:
        return None
    if samples > MAX_SAMPLES or len(rows) < MIN_VARIANTS:
        log.info(
            "Relatives are not searched for: %s samples at %s variants. At most %s samples are "
            "compared, at %s variants or more.",
            *(f"{n:,}" for n in (samples, len(rows), MAX_SAMPLES, MIN_VARIANTS)),
        )
        return None
    floor = min(resolvable(len(rows), samples), DUPLICATE)
    if floor > SECOND_DEGREE:
        log.info("Relatives below a kinship of %.3g cannot be detected at %s variants.",
                 floor, f"{len(rows):,}")  # fmt: skip
    pairs = king_robust(store, rows, np.arange(samples), max(SECOND_DEGREE, floor))
    pairs = pairs[pairs["variants"] >= MIN_VARIANTS]
    counts = ", ".join(f"{count} {relation}" for relation, count in _counts(pairs).items())
    log.info("Pairs of relatives in the file: %s.", counts)
    return pairs


def relations(pairs: np.ndarray) -> list[str]:
    """The relation of each pair, a key of ``RELATIONS``."""
    *closer, rest = RELATIONS
    matches = [pairs["kinship"] >= RELATIONS[name] for name in closer]
    return list(np.select(matches, closer, rest).tolist())


def twins(pairs: np.ndarray | None, samples: int) -> np.ndarray:
    """Samples that are in the file twice, or with an identical twin; bool (samples,)."""
    twice = np.zeros(samples, dtype=bool)
    if pairs is not None:
        for end in ("i", "j"):
            twice[pairs[end][pairs["kinship"] >= DUPLICATE]] = True
    return twice


def tallied(pairs: np.ndarray | None) -> dict[str, int] | None:
    """Numbers of pairs by relation, with underscores; None where samples are not compared."""
    if pairs is None:
        return None
    return {name.replace(" ", "_"): count for name, count in _counts(pairs).items()}


def _counts(pairs: np.ndarray) -> dict[str, int]:
    found = relations(pairs)
    return {name: found.count(name) for name in RELATIONS}
