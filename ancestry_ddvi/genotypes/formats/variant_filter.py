"""Which records are read: biallelic SNPs that passed their filters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from ...errors import NothingLeft, quoted
from ..variants import VariantTable
from .reading import ANY_FILTER, DEFAULT, NEEDS_GT, ReadOptions

SYMBOLIC = frozenset({"<NON_REF>", "<*>"})
"""Symbolic ALT alleles of a gVCF, which stand for any other allele."""

_NO_ALLELE = frozenset({".", "0", ""})
_PASSED = frozenset({"PASS", ".", ""})
_FILTER = "FILTER "
_CODES = (frozenset("1234"), frozenset("AB"))
"""Alleles as array software and PLINK number them."""


_FEW = 3
"""Values of FILTER that a message names, at most."""


class Variant(NamedTuple):
    """One biallelic SNP, or with "." as ``alt`` a site at which only REF was seen."""

    chromosome: str
    position: int
    id: str
    ref: str
    alt: str


class Snp(NamedTuple):
    """REF and ALT in upper case, and the index of ALT in its column, from 1."""

    ref: str
    alt: str
    at: int


_SNPS: dict[tuple[str, tuple[str, ...]], Snp] = {
    (ref, (alt,)): Snp(ref, alt, 1) for ref in "ACGT" for alt in "ACGT" if ref != alt
}


class VariantFilter:
    """Admits biallelic SNPs that passed their filters, and counts everything else by reason.

    Parameters
    ----------
    skipped : Counter of str
        Where the reasons are counted: "multi-allelic", "reference block", "monomorphic",
        "not a SNP", "coded alleles", "FILTER" with its value.
    options : ReadOptions
    """

    def __init__(self, skipped: Counter[str], options: ReadOptions = DEFAULT) -> None:
        self.skipped, self.options = skipped, options
        self._passes: dict[str, bool] = {}

    def admit(self, ref: str, alts: tuple[str, ...], filters: str = "PASS") -> Snp | None:
        """The SNP of a record to keep; None for one to leave out, which is counted.

        Symbolic alleles of a gVCF are ignored wherever they stand.

        Parameters
        ----------
        ref : str
        alts : tuple of str
            As written, in upper or lower case; empty or "." where there is none.
        filters : str
            The FILTER column: values with ";" between them.
        """
        snp = _SNPS.get((ref, alts)) or _snp(ref, alts)
        if snp and self.passes(filters):
            return snp
        self.leave_out(ref, alts, filters if snp else "PASS")
        return None

    def leave_out(self, ref: str, alts: tuple[str, ...], filters: str) -> None:
        """Count a record that is left out, by its FILTER if that failed, else by its alleles."""
        reason = _reason(ref, alts) if self.passes(filters) else f"{_FILTER}{filters}"
        self.skipped[reason] += 1

    def passes(self, filters: str) -> bool:
        """Whether no value of a FILTER column is a failure."""
        known = self._passes.get(filters)
        if known is None:
            passing = self.options.passing
            known = passing is None or (_PASSED | passing).issuperset(filters.split(";"))
            self._passes[filters] = known
        return known

    def admit_table(
        self, variants: VariantTable, filters: Sequence[str] | None = None
    ) -> np.ndarray:
        """``admit`` for every row: bool (variants,); ``alt`` as in a VCF column."""
        passed = ["PASS"] * len(variants) if filters is None else filters
        rows = zip(variants.ref, variants.alt, passed, strict=True)
        return np.array(
            [
                self.admit(ref, tuple(alts.split(",")), given) is not None
                for ref, alts, given in rows
            ],
            bool,
        )


def printable(written: bytes) -> str:
    """The ID of a variant as text, "." if empty; bytes that are not printable become escapes."""
    if written.isalnum():  # the usual case, and ASCII
        return written.decode()
    text = written.decode(errors="backslashreplace") or "."
    return text if text.isprintable() else text.encode("unicode_escape").decode()


def is_reference(alts: tuple[str, ...]) -> bool:
    """Whether a record has no ALT allele that stands for a sequence."""
    return not _observed(alts)


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


@lru_cache(maxsize=4096)
def _observed(alts: tuple[str, ...]) -> tuple[str, ...]:
    """The ALT alleles that stand for a sequence."""
    return tuple(a for a in alts if a not in SYMBOLIC and a not in _NO_ALLELE)


def _snp(ref: str, alts: tuple[str, ...]) -> Snp | None:
    if len(ref) != 1:
        return None
    observed = _observed(alts)
    if len(observed) != 1 or len(observed[0]) != 1:
        return None
    alleles = ref.upper(), (observed[0].upper(),)
    if alleles not in _SNPS:
        return None
    return Snp(alleles[0], alleles[1][0], alts.index(observed[0]) + 1)


def _reason(ref: str, alts: tuple[str, ...]) -> str:
    """Why a record with these alleles is left out."""
    observed = _observed(alts)
    if len(observed) > 1:
        return "multi-allelic"
    if observed:
        pair = {ref, *observed}
        coded = len(pair) == 2 and any(codes.issuperset(pair) for codes in _CODES)
        return "coded alleles" if coded else "not a SNP"
    return "monomorphic" if SYMBOLIC.isdisjoint(alts) else "reference block"


_REMEDIES = {
    "without GT": NEEDS_GT,
    "multi-allelic": "Split them with `bcftools norm -m -any`.",
    "reference block": "A gVCF can be embedded in a model; fit needs genotypes called jointly.",
    "monomorphic": "Give a file of samples that differ; only embed reads records without ALT.",
    "coded alleles": "Alleles are coded 1 and 2 or A and B: recode them with `plink --alleleACGT`, "
    "or with the manifest of the array.",
    "not a SNP": "Give a file with SNP genotypes.",
}
"""What to do, by the commonest reason of records left out."""


def no_snps(name: str, skipped: Counter[str]) -> NothingLeft:
    """The error for an input without any biallelic SNP that passed its filters.

    Parameters
    ----------
    name : str
        Of the input.
    skipped : Counter of str
        Records left out, by reason.
    """
    problem = f"{name} holds no biallelic SNP that passed its filters"
    failed = Counter({r[len(_FILTER) :]: n for r, n in skipped.items() if r.startswith(_FILTER)})
    if failed:
        return _all_failed(problem, failed)
    reasons = [(reason, count) for reason, count in skipped.most_common() if count]
    listed = ", ".join(f"{count:,} {reason}" for reason, count in reasons)
    first = "coded alleles" if skipped["coded alleles"] else next(iter(reasons), ("", 0))[0]
    remedy = _REMEDIES.get(first, _REMEDIES["not a SNP"])
    return NothingLeft(f"{problem} (left out: {listed or 'there is no record'})", remedy)


def _all_failed(problem: str, failed: Counter[str]) -> NothingLeft:
    """The error where all SNPs have values of FILTER that are failures."""
    shown = [(quoted(value)[1:-1], count) for value, count in failed.most_common(_FEW)]
    total = failed.total()
    if len(failed) == 1:
        subject = f"all {total:,} SNPs have" if total > 1 else "its only SNP has"
        why = f"{subject} FILTER {shown[0][0]}"
    else:
        why = f"{total:,} SNPs failed: " + ", ".join(f"{n:,} by FILTER {v}" for v, n in shown)
    values = ",".join(dict.fromkeys(v for value, _ in shown for v in value.split(";")))
    return NothingLeft(
        f"{problem}: {why}", f"Give --var-filter {values}, or `{ANY_FILTER}`, to read them."
    )
