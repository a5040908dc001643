"""Relatives in a file that is placed: who is given twice, and who is kin to whom."""

from __future__ import annotations

import logging

import numpy as np

from ..blocks import GenotypeReader
from ..harmonise.matching import ABSENT
from .degrees import DUPLICATE, FIRST_DEGREE, SECOND_DEGREE
from .kinship import king_robust, resolvable

log = logging.getLogger(__name__)

MIN_VARIANTS = 500
"""With fewer variants chance alone scatters kinship by half of what second degree is."""

MAX_SAMPLES = 5000

RELATIONS = {"duplicate": DUPLICATE, "first degree": FIRST_DEGREE, "second degree": SECOND_DEGREE}
"""Relations from the closest on, and the kinship from which each is meant (KING's own bounds:
Manichaikul et al. 2010, table 1)."""


def relatives_among(store: GenotypeReader, rows: np.ndarray) -> np.ndarray | None:
    """Pairs of samples in a file who are second-degree relatives or closer.

    KING-robust counts differences of genotypes, so it does not matter which allele is counted.
    Where so many pairs are compared at so few variants that chance would make relatives of
    strangers, the cutoff is raised as ``fit`` does.

    Parameters
    ----------
    store : GenotypeReader
    rows : ndarray of int, (model variants,)
        The file's row of each variant of a model, or ``ABSENT``.

    Returns
    -------
    ndarray of ``kinship.PAIR``, or None where no sample could be compared: one sample, more than
    5,000 samples, or fewer than 500 variants
    """
    samples, shared = len(store.samples), rows[rows != ABSENT]
    if samples < 2:
        return None
    if samples > MAX_SAMPLES or len(shared) < MIN_VARIANTS:
        log.info(
            "Relatives are not looked for: %s samples at %s variants; it takes at most %s at %s.",
            *(f"{n:,}" for n in (samples, len(shared), MAX_SAMPLES, MIN_VARIANTS)),
        )
        return None
    floor = min(resolvable(len(shared), samples), DUPLICATE)
    if floor > SECOND_DEGREE:
        log.info("Relatives below a kinship of %.3g cannot be told from strangers at %s variants.",
                 floor, f"{len(shared):,}")  # fmt: skip
    pairs = king_robust(store, shared, np.arange(samples), max(SECOND_DEGREE, floor))
    pairs = pairs[pairs["variants"] >= MIN_VARIANTS]
    told = ", ".join(f"{count} {relation}" for relation, count in _counts(pairs).items())
    log.info("Pairs of relatives in the file: %s.", told)
    return pairs


def relations(pairs: np.ndarray) -> list[str]:
    """The relation of each pair, a key of ``RELATIONS``."""
    *closer, rest = RELATIONS
    matches = [pairs["kinship"] >= RELATIONS[name] for name in closer]
    return list(np.select(matches, closer, rest).tolist())


def twins(pairs: np.ndarray | None, samples: int) -> np.ndarray:
    """Who is in the file twice, or has an identical twin there; bool (samples,)."""
    twice = np.zeros(samples, dtype=bool)
    if pairs is not None:
        for end in ("i", "j"):
            twice[pairs[end][pairs["kinship"] >= DUPLICATE]] = True
    return twice


def tallied(pairs: np.ndarray | None) -> dict[str, int] | None:
    """Pairs by relation, names with underscores; None where no sample could be compared."""
    if pairs is None:
        return None
    return {name.replace(" ", "_"): count for name, count in _counts(pairs).items()}


def _counts(pairs: np.ndarray) -> dict[str, int]:
    found = relations(pairs)
    return {name: found.count(name) for name in RELATIONS}
