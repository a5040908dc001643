"""Which records are kept: biallelic SNPs that passed their filters, each once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..variants import VariantTable
from .reading import DEFAULT, ReadOptions

REFERENCE_BLOCK = frozenset({"<NON_REF>", "<*>"})
"""Symbolic ALT alleles of a gVCF, which stand for any other allele."""

_NO_ALLELE = frozenset({".", "0", ""})
_PASSED = frozenset({"PASS", ".", ""})
_SNPS = {
    (ref, alt): (4 * i + j, (ref, alt))
    for i, ref in enumerate("ACGT")
    for j, alt in enumerate("ACGT")
    if ref != alt
}


class Variant(NamedTuple):
    """One biallelic SNP."""

    chromosome: str
    position: int
    id: str
    ref: str
    alt: str


class VariantFilter:
    """Admits each biallelic SNP once and counts everything else by reason.

    Parameters
    ----------
    skipped : Counter of str
        Where the reasons are counted: "multi-allelic", "reference block", "monomorphic",
        "not a SNP", "filtered", "duplicate".
    """

    def __init__(self, skipped: Counter[str], options: ReadOptions = DEFAULT) -> None:
        self.skipped, self.options = skipped, options
        self._chromosomes: dict[str, int] = {}
        self._seen: set[int] = set()

    def admit(
        self, chromosome: str, position: int, ref: str, alts: str, filters: str = "PASS"
    ) -> tuple[str, str] | None:
        """REF and ALT in upper case of a record to keep; None for one to leave out.

        ``alts`` is the ALT column as written: separated by commas, in upper or lower case.
        A record is a duplicate if its chromosome, position, REF and ALT were admitted before.
        """
        snp = _SNPS.get((ref, alts)) or _SNPS.get(_plain(ref, alts))
        if snp is None:
            self.skipped[_reason(alts)] += 1
            return None
        if filters not in _PASSED:
            self.skipped["filtered"] += 1
            return None
        code, alleles = snp
        contig = self._chromosomes.setdefault(chromosome, len(self._chromosomes))
        # One integer per variant keeps this set small for millions of variants.
        key = ((contig << 40) + position) << 4 | code
        if key in self._seen:
            self.skipped["duplicate"] += 1
            return None
        self._seen.add(key)
        return alleles

    def admit_table(
        self, variants: VariantTable, filters: Sequence[str] | None = None
    ) -> np.ndarray:
        """``admit`` for every row: bool (variants,)."""
        passed = ["PASS"] * len(variants) if filters is None else filters
        columns = (
            variants.chromosome,
            variants.position.tolist(),
            variants.ref,
            variants.alt,
            passed,
        )
        rows = zip(*columns, strict=True)
        return np.array([self.admit(*row) is not None for row in rows], bool)


def table(rows: Sequence[Variant]) -> VariantTable:
    """The variants as a table, which may be empty."""
    chromosome, position, name, ref, alt = zip(*rows, strict=True) if rows else ((),) * 5
    texts = [objects(column) for column in (name, ref, alt)]
    return VariantTable(objects(chromosome), np.array(position, np.int64), *texts)


def objects(values: Sequence[str]) -> np.ndarray:
    """The strings as an array of object; one of fixed width would cut or pad them."""
    column = np.empty(len(values), object)
    column[:] = values
    return column


def _observed(alts: str) -> list[str]:
    """The ALT alleles that stand for a sequence."""
    return [a for a in alts.split(",") if a not in REFERENCE_BLOCK and a not in _NO_ALLELE]


def _plain(ref: str, alts: str) -> tuple[str, str]:
    """REF and the observed ALT alleles in upper case."""
    return ref.upper(), ",".join(_observed(alts)).upper()


def _reason(alts: str) -> str:
    """Why a record with these ALT alleles is left out."""
    observed = _observed(alts)
    if len(observed) > 1:
        return "multi-allelic"
    if observed:
        return "not a SNP"
    return "monomorphic" if REFERENCE_BLOCK.isdisjoint(alts.split(",")) else "reference block"
