"""What the documentation says of the records of a VCF, from its text alone.

The text is that of bcftools or plink2, which wrote it from the file that is tested. Nothing here is
of the package.
"""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

PASSED = {"PASS", ".", "GENOTYPED", "IMPUTED", "TYPED", "TYPED_ONLY"}
SYMBOLIC = {"<*>", "<NON_REF>", "."}
NOT_DIPLOID = {"X", "Y", "XY", "MT", "M", "W", "Z", "23", "24", "25", "26", "PAR1", "PAR2"}

ENOUGH = 20
"""Calls of one allele of a pseudo-haploid sample, in a file where others have two."""


class Call(NamedTuple):
    """The dosage of a call, None where it is missing, and whether it is of one allele."""

    dosage: int | None
    single: bool


class Row(NamedTuple):
    """A biallelic SNP."""

    chromosome: str
    position: int
    id: str
    ref: str
    alt: str
    dosages: tuple[int, ...]


def documented_calls(text: str) -> list[Row]:
    """Biallelic SNPs that passed their filters, in the order of the text.

    Of a call of two alleles, each REF or ALT, the dosage is the number of ALT alleles. Calls of one
    allele count twice in samples that have no other on autosomes, if they are 20 or no sample has
    another. Everything else is missing (-1).
    """
    found = []
    for line in text.split("\n"):
        if line and not line.startswith("#") and (row := _row(line.split("\t"))):
            found.append(row)
    single = _pseudo_haploid(found)
    return [
        Row(*fixed, tuple(_settled(call, i in single, fixed) for i, call in enumerate(calls)))
        for fixed, calls in found
    ]


def _row(columns: list[str]) -> tuple[tuple[str, int, str, str, str], list[Call]] | None:
    chromosome, position, name, ref, alts, _, filters, _, form, *cells = columns
    named = {i: alt.upper() for i, alt in enumerate(alts.split(","), 1) if alt not in SYMBOLIC}
    if len(named) != 1 or "GT" not in form.split(":"):
        return None
    ((at, alt),) = named.items()
    if not {ref.upper(), alt} <= {*"ACGT"} or ref.upper() == alt:
        return None
    if not PASSED.issuperset(filters.split(";")):
        return None
    where = form.split(":").index("GT")
    texts = [(cell.split(":") + ["."] * where)[where] for cell in cells]
    fixed = (chromosome, int(position), name, ref.upper(), alt)
    return fixed, [_call(text, str(at)) for text in texts]


def _call(text: str, alt: str) -> Call:
    alleles = text.lstrip("/|").replace("|", "/").split("/")
    known = {*alleles} <= {"0", alt} and len(alleles) <= 2
    return Call(alleles.count(alt) if known else None, known and len(alleles) == 1)


def _on_autosome(chromosome: str) -> bool:
    return chromosome.upper().removeprefix("CHR") not in NOT_DIPLOID


def _pseudo_haploid(found: list) -> set[int]:
    """Samples whose calls on autosomes are all of one allele, and enough of them."""
    single, double = Counter(), set()
    for (chromosome, *_), calls in found:
        for i, call in enumerate(calls):
            if _on_autosome(chromosome) and call.dosage is not None:
                single.update([i]) if call.single else double.add(i)
    return {i for i, n in single.items() if i not in double and (n >= ENOUGH or not double)}


def _settled(call: Call, pseudo: bool, fixed: tuple) -> int:
    if call.dosage is None or (call.single and not (pseudo and _on_autosome(fixed[0]))):
        return -1
    return 2 * call.dosage if call.single else call.dosage


def documented_reference_calls(text: str, targets: range) -> list[tuple[int, tuple[int, ...]]]:
    """Positions of the targets that records which are no SNP cover, and dosages there.

    Of records without an ALT allele that passed, a homozygous reference call is 0 and any other
    missing (-1), as is one of a block whose GQ is below 10, or without GQ its MIN_DP below 5, or
    without either its DP. All calls of other records that are not read are missing.
    """
    found = []
    for line in text.split("\n"):
        columns = line.split("\t")
        if line and not line.startswith("#") and not _row(columns):
            read = _is_reference(columns)
            dosages = tuple(
                _reference_dosage(cell, columns) if read else -1 for cell in columns[9:]
            )
            first, last = int(columns[1]), _end(columns)
            found += [(at, dosages) for at in range(first, last + 1) if at in targets]
    return found


def _is_reference(columns: list[str]) -> bool:
    return {*columns[4].split(",")} <= SYMBOLIC and PASSED.issuperset(columns[6].split(";"))


def _end(columns: list[str]) -> int:
    values = dict(pair.partition("=")[::2] for pair in columns[7].split(";"))
    return int(values.get("END", int(columns[1]) + len(columns[3]) - 1))


def _reference_dosage(cell: str, columns: list[str]) -> int:
    values = dict(zip(columns[8].split(":"), cell.split(":"), strict=False))
    alleles = values["GT"].replace("|", "/").split("/")
    if alleles != ["0", "0"]:
        return -1
    if columns[4] == ".":
        return 0
    for name, least in (("GQ", 10), ("MIN_DP", 5), ("DP", 5)):
        if values.get(name, ".") != ".":
            return 0 if int(values[name]) >= least else -1
    return 0
