"""The human genome build of a file, inferred from its variants."""

from __future__ import annotations

import numpy as np

from ..chromosomes import LENGTHS, autosome
from ..packaged import rows_of
from ..variants import VariantTable

ANCHORED = ("GRCh37", "GRCh38")
MIN_ANCHORS = 3
CLEAR_LEAD = 5


def infer_build(variants: VariantTable, hint: str | None = None) -> str | None:
    """The human genome build that the variants themselves speak for.

    Three kinds of evidence are weighed. Chromosome ends: a variant past the end of its
    chromosome rules a build out, and if only one build is left, that is evidence for it
    (arrays and sequence of whole genomes reach far enough). Anchors: 195 common SNPs
    with known positions in GRCh37 and GRCh38, at least three of which must be met in one
    build and five times as many as in the other. Contig lengths of a header, as a hint.
    All the evidence there is must agree.

    It cannot tell NCBI36 except by chromosome ends, nor a build it does not list (T2T,
    NCBI35, another species), which mostly end as None; a few thousand variants in
    the middle of chromosomes with none of the anchors end as None too.

    Parameters
    ----------
    variants : VariantTable
        All the variants of a file, before any filter.
    hint : str, optional
        The build whose contig lengths the header of the file states.

    Returns
    -------
    str or None
        "NCBI36", "GRCh37" or "GRCh38"; None if nothing decides or evidence conflicts.
    """
    number = autosome(variants.chromosome)
    possible = _not_exceeded(number, variants.position)
    votes = {_by_anchors(variants, number), hint}
    if len(possible) == 1:
        votes.update(possible)
    votes.discard(None)
    return votes.pop() if len(votes) == 1 and votes <= possible else None


def _not_exceeded(number: np.ndarray, position: np.ndarray) -> set[str | None]:
    """Builds whose every autosome is long enough for the variants upon it."""
    furthest = np.zeros(23, dtype=np.int64)
    np.maximum.at(furthest, number, position)
    return {build for build, ends in LENGTHS.items() if (furthest[1:] <= ends).all()}


def _by_anchors(variants: VariantTable, number: np.ndarray) -> str | None:
    """The build at whose positions the anchor SNPs are found, if one leads clearly."""
    met = sorted((_anchors_met(variants, number, build), build) for build in ANCHORED)
    (fewer, _), (more, build) = met
    return build if more >= MIN_ANCHORS and more >= CLEAR_LEAD * fewer else None


def _anchors_met(variants: VariantTable, number: np.ndarray, build: str) -> int:
    """How many anchors sit where ``build`` has them, under their own ID or under no rs ID."""
    column = 2 + ANCHORED.index(build)
    names = {(int(row[1]), int(row[column])): row[0] for row in rows_of("anchors.tsv")}
    places = np.array([chromosome << 32 | position for chromosome, position in names])
    near = np.flatnonzero(np.isin(number << 32 | variants.position, places))
    met = set()
    for row in near:
        name = names[int(number[row]), int(variants.position[row])]
        if variants.id[row] == name or not variants.id[row].startswith("rs"):
            met.add(name)
    return len(met)
