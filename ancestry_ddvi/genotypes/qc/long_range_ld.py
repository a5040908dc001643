"""Regions of long-range linkage disequilibrium in the human genome."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ..chromosomes import autosome
from ..packaged import rows_of
from ..variants import VariantTable

Region = tuple[str, int, int]
"""Chromosome ("1".."22"), start and end as in BED: the bases start < position <= end."""

BUILDS = ("GRCh37", "GRCh38")
"""Builds with a list in the package."""


def long_range_ld(build: str | None) -> list[Region]:
    """Regions of long-range LD to leave out of principal components.

    Sources and derivation are in the header of each data file. For NCBI36 and for an unknown
    build the list is empty: none is published that could be checked.
    """
    if build not in BUILDS:
        return []
    rows = rows_of(f"long_range_ld.{build}.bed")
    return [(row[0], int(row[1]), int(row[2])) for row in rows]


def in_regions(variants: VariantTable, regions: Iterable[Region]) -> np.ndarray:
    """Which variants are in one of the regions; chromosomes match with or without "chr".

    Returns
    -------
    ndarray of bool, one per variant
    """
    number = autosome(variants.chromosome)
    inside = np.zeros(len(variants), dtype=bool)
    for chromosome, start, end in regions:
        here = number == int(chromosome)
        inside |= here & (variants.position > start) & (variants.position <= end)
    return inside
