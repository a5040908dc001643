"""Relatives in a file that is placed: who is given twice, and who is kin to whom."""

from __future__ import annotations

import logging

import numpy as np

from ..blocks import Reads
from ..harmonise.matching import ABSENT
from .kinship import DUPLICATE, SECOND_DEGREE, king_robust, resolvable

log = logging.getLogger(__name__)

FIRST_DEGREE = 0.177
"""Kinship at or above which two people are parent and child, or siblings."""

FEWEST_SITES = 500
"""With fewer sites chance alone scatters kinship by half of what second degree is."""

MOST_PEOPLE = 5000

RELATIONS = {"duplicate": DUPLICATE, "first degree": FIRST_DEGREE, "second degree": SECOND_DEGREE}
"""Relations from the closest on, and the kinship from which each is meant (KING's own bounds:
Manichaikul et al. 2010, table 1)."""


def relatives_among(store: Reads, rows: np.ndarray) -> np.ndarray | None:
    """Pairs of people in a file who are second-degree relatives or closer.

    KING-robust counts differences of genotypes, so it does not matter which allele is counted.
    Where so many pairs are compared at so few sites that chance would make relatives of
    strangers, the cutoff is raised as ``fit`` does.

    Parameters
    ----------
    store : Reads
    rows : ndarray of int, (model sites,)
        The file's row of each site of a model, or ``ABSENT``.

    Returns
    -------
    ndarray of ``kinship.PAIR``, or None where nobody could be compared: one person, more than
    5,000 people, or fewer than 500 sites
    """
    people, shared = len(store.samples), rows[rows != ABSENT]
    if people < 2:
        return None
    if people > MOST_PEOPLE or len(shared) < FEWEST_SITES:
        log.info(
            "Relatives are not looked for: %s people at %s sites; it takes at most %s at %s.",
            *(f"{n:,}" for n in (people, len(shared), MOST_PEOPLE, FEWEST_SITES)),
        )
        return None
    floor = min(resolvable(len(shared), people), DUPLICATE)
    if floor > SECOND_DEGREE:
        log.info("Relatives below a kinship of %.3g cannot be told from strangers at %s sites.",
                 floor, f"{len(shared):,}")  # fmt: skip
    pairs = king_robust(store, shared, np.arange(people), max(SECOND_DEGREE, floor))
    pairs = pairs[pairs["sites"] >= FEWEST_SITES]
    told = ", ".join(f"{count} {relation}" for relation, count in _counts(pairs).items())
    log.info("Pairs of relatives in the file: %s.", told)
    return pairs


def relations(pairs: np.ndarray) -> list[str]:
    """The relation of each pair, a key of ``RELATIONS``."""
    *closer, rest = RELATIONS
    matches = [pairs["kinship"] >= RELATIONS[name] for name in closer]
    return list(np.select(matches, closer, rest).tolist())


def twins(pairs: np.ndarray | None, people: int) -> np.ndarray:
    """Who is in the file twice, or has an identical twin there; bool (people,)."""
    twice = np.zeros(people, dtype=bool)
    if pairs is not None:
        for end in ("i", "j"):
            twice[pairs[end][pairs["kinship"] >= DUPLICATE]] = True
    return twice


def tallied(pairs: np.ndarray | None) -> dict[str, int] | None:
    """Pairs by relation, names with underscores; None where nobody could be compared."""
    if pairs is None:
        return None
    return {name.replace(" ", "_"): count for name, count in _counts(pairs).items()}


def _counts(pairs: np.ndarray) -> dict[str, int]:
    found = relations(pairs)
    return {name: found.count(name) for name in RELATIONS}
