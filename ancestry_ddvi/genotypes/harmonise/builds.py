"""Inferring the human genome build of a file from its variants."""

from __future__ import annotations

import numpy as np

from ..chromosomes import LENGTHS, autosome
from ..formats.reading import Besides
from ..packaged import rows_of
from ..variants import VariantTable

ANCHORED = ("GRCh37", "GRCh38")
MIN_ANCHORS = 3
MIN_LEAD = 5


def infer_build(variants: VariantTable, hint: str | None = None) -> str | None:
    """The human genome build of the positions of some variants.

    Three criteria are used, and all that apply must agree:

    * Chromosome ends. A variant past the end of its chromosome excludes a build; if a single
      build is left, it is that one. Arrays and sequences of whole genomes reach far enough.
    * Anchors. Of 195 common SNPs with known positions in GRCh37 and GRCh38, at least three
      must be found in one build, and five times as many as in the other.
    * The hint.

    NCBI36 is recognised by chromosome ends alone. Builds that are not listed (T2T, NCBI35,
    other species) mostly give None, and so do a few thousand variants in the middle of
    chromosomes without any anchor.

    Parameters
    ----------
    variants : VariantTable
        All the variants of a file, before any filter.
    hint : str, optional
        The build whose contig lengths are in the header of the file.

    Returns
    -------
    str or None
        "NCBI36", "GRCh37" or "GRCh38"; None if no criterion applies or they disagree.
    """
    number = autosome(variants.chromosome)
    possible = _not_exceeded(number, variants.position)
    votes = {_by_anchors(variants, number), hint}
    if len(possible) == 1:
        votes.update(possible)
    votes.discard(None)
    return votes.pop() if len(votes) == 1 and votes <= possible else None


def build_evidence() -> Besides:
    """Where the variants are that ``infer_build`` looks at: anchors, and ends of chromosomes."""
    anchors: dict[str, list[int]] = {}
    for row in rows_of("anchors.tsv"):
        anchors.setdefault(row[1], []).extend(map(int, row[2:]))
    ends = {str(i): min(some) for i, some in enumerate(zip(*LENGTHS.values(), strict=True), 1)}
    return Besides({name: np.unique(found) for name, found in anchors.items()}, ends)


def _not_exceeded(number: np.ndarray, position: np.ndarray) -> set[str | None]:
    """Builds with no variant past the end of an autosome."""
    furthest = np.zeros(23, dtype=np.int64)
    np.maximum.at(furthest, number, position)
    return {build for build, ends in LENGTHS.items() if (furthest[1:] <= ends).all()}


def _by_anchors(variants: VariantTable, number: np.ndarray) -> str | None:
    """The build at whose positions the anchor SNPs are found, if far more than in the other."""
    found = sorted((_anchors_found(variants, number, build), build) for build in ANCHORED)
    (fewer, _), (more, build) = found
    return build if more >= MIN_ANCHORS and more >= MIN_LEAD * fewer else None


def _anchors_found(variants: VariantTable, number: np.ndarray, build: str) -> int:
    """Number of anchors at their positions in ``build``, with their own rsID or without any."""
    column = 2 + ANCHORED.index(build)
    names = {(int(row[1]), int(row[column])): row[0] for row in rows_of("anchors.tsv")}
    sites = np.array([chromosome << 32 | position for chromosome, position in names])
    near = np.flatnonzero(np.isin(number << 32 | variants.position, sites))
    found = set()
    for row in near:
        name = names[int(number[row]), int(variants.position[row])]
        if variants.id[row] == name or not variants.id[row].startswith("rs"):
            found.add(name)
    return len(found)
