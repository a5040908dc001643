"""Which rows of a PLINK fileset are given: biallelic SNPs, and monomorphic rows at targets."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np

from ..variants import VariantTable
from .packing import ONLY_ALT, ONLY_REF, SNP
from .plink_text import VariantList
from .reading import ReadOptions, Targets
from .variant_filter import Variant, VariantFilter

_BASES = frozenset("ACGT")


@dataclass(frozen=True)
class GivenRows:
    """Rows of a fileset that a source gives.

    Attributes
    ----------
    rows : ndarray of int64, shape (rows,)
        Their numbers in the .bim or .pvar file.
    variants : VariantTable
        A monomorphic row has the base that was seen as ``ref`` and "." as ``alt``.
    alleles : ndarray of uint8, shape (rows,)
        ``SNP``, ``ONLY_REF`` or ``ONLY_ALT`` of ``packing``.
    """

    rows: np.ndarray
    variants: VariantTable
    alleles: np.ndarray


def given_rows(listed: VariantList, options: ReadOptions, skipped: Counter[str]) -> GivenRows:
    """The rows to give; the others are counted in ``skipped``.

    A row with a negative position is left out, as plink does. A monomorphic row is one whose
    other allele is "0" or "."; it is given where it is at a target of ``options``.
    """
    variants, filters = listed.variants, listed.filters
    rows = np.flatnonzero(variants.position >= 0)
    if len(rows) < len(variants):
        skipped["negative position"] += len(variants) - len(rows)
        variants = variants[rows]
        filters = None if filters is None else [filters[row] for row in rows]
    alleles = _alleles(variants)
    variants = _as_seen(variants, alleles)
    admitted = VariantFilter(skipped, options).admit_table(
        _to_admit(variants, alleles, options.targets), filters
    )
    several = np.array(["," in alt for alt in variants.alt], bool) & admitted
    if several.any():  # a SNP beside a symbolic allele, whose calls Pgenlib does not tell apart
        skipped["multi-allelic"] += int(several.sum())
        admitted &= ~several
    if not admitted.all():
        variants, alleles, rows = variants[admitted], alleles[admitted], rows[admitted]
    return GivenRows(rows, variants, alleles)


def _alleles(variants: VariantTable) -> np.ndarray:
    """``SNP``, ``ONLY_REF`` or ``ONLY_ALT`` of every row: uint8 (variants,)."""
    alleles = np.full(len(variants), SNP)
    sides = (ONLY_REF, variants.ref, variants.alt), (ONLY_ALT, variants.alt, variants.ref)
    for kind, seen, other in sides:
        rows = np.flatnonzero((other == "0") | (other == "."))
        alleles[[row for row in rows if seen[row] in _BASES]] = kind
    return alleles


def _as_seen(variants: VariantTable, alleles: np.ndarray) -> VariantTable:
    """The variants with the base of a monomorphic row as REF, and "." as ALT."""
    if not alleles.any():
        return variants
    ref = np.where(alleles == ONLY_ALT, variants.alt, variants.ref)
    return replace(variants, ref=ref, alt=np.where(alleles == SNP, variants.alt, "."))


def _to_admit(variants: VariantTable, alleles: np.ndarray, targets: Targets | None) -> VariantTable:
    """The variants, monomorphic rows at targets with some base as ALT, to pass as SNPs."""
    if targets is None or not alleles.any():
        return variants
    alt = variants.alt.copy()
    for row in np.flatnonzero(alleles != SNP).tolist():
        if targets.wants(_variant(variants, row)):
            alt[row] = "C" if variants.ref[row] == "A" else "A"
    return replace(variants, alt=alt)


def _variant(variants: VariantTable, row: int) -> Variant:
    columns = variants.id[row], variants.ref[row], variants.alt[row]
    return Variant(variants.chromosome[row], int(variants.position[row]), *columns)
