"""Where on the human genome a file's sites lie: its build, and long-range LD."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files

import numpy as np

from ..formats.source import SiteTable

Region = tuple[str, int, int]
"""Chromosome ("1".."22"), start and end as in BED: the bases start < position <= end."""

LENGTHS: Mapping[str, tuple[int, ...]] = {
    "NCBI36": (
        247249719, 242951149, 199501827, 191273063, 180857866, 170899992, 158821424, 146274826,
        140273252, 135374737, 134452384, 132349534, 114142980, 106368585, 100338915, 88827254,
        78774742, 76117153, 63811651, 62435964, 46944323, 49691432,
    ),
    "GRCh37": (
        249250621, 243199373, 198022430, 191154276, 180915260, 171115067, 159138663, 146364022,
        141213431, 135534747, 135006516, 133851895, 115169878, 107349540, 102531392, 90354753,
        81195210, 78077248, 59128983, 63025520, 48129895, 51304566,
    ),
    "GRCh38": (
        248956422, 242193529, 198295559, 190214555, 181538259, 170805979, 159345973, 145138636,
        138394717, 133797422, 135086622, 133275309, 114364328, 107043718, 101991189, 90338345,
        83257441, 80373285, 58617616, 64444167, 46709983, 50818468,
    ),
}  # fmt: skip
"""Bases in chromosomes 1..22 of each build that can be told apart (UCSC chromInfo)."""

ANCHORED = ("GRCh37", "GRCh38")
FEWEST_ANCHORS = 3
CLEAR_LEAD = 5

_AUTOSOMES = {prefix + str(n): n for n in range(1, 23) for prefix in ("", "chr")}


def autosome(chromosomes: Iterable[str]) -> np.ndarray:
    """The number of each human autosome, 0 for any other name.

    Accepted are exactly "1".."22" and "chr1".."chr22"; "01", "X" and contigs give 0.

    Returns
    -------
    ndarray of int64, one per name
    """
    return np.array([_AUTOSOMES.get(name, 0) for name in chromosomes], dtype=np.int64)


def build_of(sites: SiteTable, hint: str | None = None) -> str | None:
    """The human genome build that the sites themselves speak for.

    Three kinds of evidence are weighed. Chromosome ends: a site past the end of its
    chromosome rules a build out, and if only one build is left, that is evidence for it
    (arrays and sequence of whole genomes reach far enough). Anchors: 195 common SNPs
    with known positions in GRCh37 and GRCh38, at least three of which must be met in one
    build and five times as many as in the other. Contig lengths of a header, as a hint.
    All the evidence there is must agree.

    It cannot tell NCBI36 except by chromosome ends, nor a build it does not list (T2T,
    NCBI35, another species), which mostly end as None; a few thousand sites in
    the middle of chromosomes with none of the anchors end as None too.

    Parameters
    ----------
    sites : SiteTable
        All the sites of a file, before any filter.
    hint : str, optional
        The build whose contig lengths the header of the file states.

    Returns
    -------
    str or None
        "NCBI36", "GRCh37" or "GRCh38"; None if nothing decides or evidence conflicts.
    """
    number = autosome(sites.chromosome)
    possible = _not_exceeded(number, sites.position)
    votes = {_by_anchors(sites, number), hint}
    if len(possible) == 1:
        votes.update(possible)
    votes.discard(None)
    return votes.pop() if len(votes) == 1 and votes <= possible else None


def long_range_ld(build: str | None) -> list[Region]:
    """Regions of long-range LD that principal components should not see.

    Sources and derivation stand at the head of each data file. For NCBI36 and for an
    unknown build the list is empty: none is published that we could check.
    """
    if build not in ANCHORED:
        return []
    rows = _table(f"long_range_ld.{build}.bed")
    return [(row[0], int(row[1]), int(row[2])) for row in rows]


def in_regions(sites: SiteTable, regions: Iterable[Region]) -> np.ndarray:
    """Which sites lie in any of the regions; chromosomes match with or without "chr".

    Returns
    -------
    ndarray of bool, one per site
    """
    number = autosome(sites.chromosome)
    inside = np.zeros(len(sites), dtype=bool)
    for chromosome, start, end in regions:
        here = number == _AUTOSOMES[chromosome]
        inside |= here & (sites.position > start) & (sites.position <= end)
    return inside


def _not_exceeded(number: np.ndarray, position: np.ndarray) -> set[str | None]:
    """Builds whose every autosome is long enough for the sites upon it."""
    furthest = np.zeros(23, dtype=np.int64)
    np.maximum.at(furthest, number, position)
    return {build for build, ends in LENGTHS.items() if (furthest[1:] <= ends).all()}


def _by_anchors(sites: SiteTable, number: np.ndarray) -> str | None:
    """The build at whose positions the anchor SNPs are found, if one leads clearly."""
    met = sorted((_anchors_met(sites, number, build), build) for build in ANCHORED)
    (fewer, _), (more, build) = met
    return build if more >= FEWEST_ANCHORS and more >= CLEAR_LEAD * fewer else None


def _anchors_met(sites: SiteTable, number: np.ndarray, build: str) -> int:
    """How many anchors sit where ``build`` has them, under their own ID or under no rs ID."""
    column = 2 + ANCHORED.index(build)
    names = {(int(row[1]), int(row[column])): row[0] for row in _table("anchors.tsv")}
    places = np.array([chromosome << 32 | position for chromosome, position in names])
    near = np.flatnonzero(np.isin(number << 32 | sites.position, places))
    met = set()
    for row in near:
        name = names[int(number[row]), int(sites.position[row])]
        if sites.id[row] == name or not sites.id[row].startswith("rs"):
            met.add(name)
    return len(met)


@cache
def _table(name: str) -> tuple[tuple[str, ...], ...]:
    """The rows of a packaged tab-separated file, without its comment lines."""
    text = (files(__package__) / "data" / name).read_text(encoding="utf-8")
    return tuple(tuple(line.split("\t")) for line in text.splitlines() if line[0] != "#")
