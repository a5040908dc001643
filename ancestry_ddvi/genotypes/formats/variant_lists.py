"""Lists of variants without genotypes, for programs that call, target or extract them.

A new kind of list is a function here and a row of ``LISTS``. The help of the command names the
kinds again, as it is printed without loading NumPy; a test compares them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from ...errors import UsageProblem
from ...storage import whole
from ..variants import VariantTable
from .vcf_writer import bgzf

NO_ID = frozenset({".", ""})
"""IDs of a variant that has none."""


@dataclass(frozen=True)
class ListedVariants:
    """Variants to list.

    Attributes
    ----------
    variants : VariantTable
        Sorted; the variants of a chromosome together.
    frequency : ndarray of float64, (variants,)
        Of ALT.
    lengths : mapping of str to int or None
        Of each chromosome in ``variants``, None where it is not known.
    build : str or None
        Genome build of the positions.
    remarks : tuple of (key, text)
        Further lines of a header.
    """

    variants: VariantTable
    frequency: np.ndarray
    lengths: Mapping[str, int | None]
    build: str | None
    remarks: tuple[tuple[str, str], ...] = ()


Row = tuple[str, int, str, str, str]
"""Chromosome, position, ID, REF and ALT."""


def _rows(listed: ListedVariants) -> Iterator[Row]:
    table = listed.variants
    yield from zip(
        table.chromosome, table.position.tolist(), table.id, table.ref, table.alt, strict=True
    )


def _name(row: Row) -> str:
    """The ID, or what stands for it: chromosome, position, REF and ALT."""
    chromosome, position, name, ref, alt = row
    return f"{chromosome}:{position}:{ref}:{alt}" if name in NO_ID else name


def vcf(listed: ListedVariants) -> Iterator[str]:
    """VCF 4.3 without samples (specification, section 1.4), with the frequency of ALT as AF."""
    yield "##fileformat=VCFv4.3"
    yield from (f"##{key}={' '.join(text.split())}" for key, text in listed.remarks)
    for name, length in listed.lengths.items():
        bases = f",length={length}" if length else ""
        build = f",assembly={listed.build}" if listed.build else ""
        yield f"##contig=<ID={name}{bases}{build}>"
    yield '##INFO=<ID=AF,Number=A,Type=Float,Description="Frequency of ALT in the reference panel">'
    yield "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"
    for row, frequency in zip(_rows(listed), listed.frequency.tolist(), strict=True):
        chromosome, position, name, ref, alt = row
        columns = (chromosome, str(position), name or ".", ref, alt, ".", ".")
        yield "\t".join([*columns, f"AF={frequency:.6g}"])


def bed(listed: ListedVariants) -> Iterator[str]:
    """BED with four columns; the name is ID, REF and ALT with ``|`` between them."""
    for row in _rows(listed):
        chromosome, position, _, ref, alt = row
        yield f"{chromosome}\t{position - 1}\t{position}\t{_name(row)}|{ref}|{alt}"


def ranges(listed: ListedVariants) -> Iterator[str]:
    """Ranges of plink: chromosome, first and last position counted from 1, and a name."""
    for row in _rows(listed):
        yield f"{row[0]}\t{row[1]}\t{row[1]}\t{_name(row)}"


def targets(listed: ListedVariants) -> Iterator[str]:
    """Targets of bcftools with alleles: chromosome, position counted from 1, and REF,ALT."""
    for chromosome, position, _, ref, alt in _rows(listed):
        yield f"{chromosome}\t{position}\t{ref},{alt}"


def ids(listed: ListedVariants) -> Iterator[str]:
    """IDs, one a line.

    Raises
    ------
    UsageProblem
        If a variant has none.
    """
    names = listed.variants.id.tolist()
    if without := sum(name in NO_ID for name in names):
        raise UsageProblem(
            f"{without:,} of {len(names):,} variants of the model have no ID",
            "List them by position, with --format range.",
        )
    yield from names


@dataclass(frozen=True)
class ListFormat:
    """A row of the table of lists.

    Attributes
    ----------
    lines : callable
        From what is listed to its lines.
    endings : tuple of str
        Of file names; ``.gz`` may follow.
    """

    lines: Callable[[ListedVariants], Iterator[str]]
    endings: tuple[str, ...]


LISTS: dict[str, ListFormat] = {
    "vcf": ListFormat(vcf, (".vcf",)),
    "bed": ListFormat(bed, (".bed",)),
    "range": ListFormat(ranges, (".range", ".bed1")),
    "ids": ListFormat(ids, (".txt", ".snplist")),
    "targets": ListFormat(targets, (".tsv",)),
}
"""By name; the first is the default."""

_COMPRESSED = (".gz", ".bgz")


def list_format(name: str | None, path: str | None) -> str:
    """The kind of list that is named, or else meant by the ending of a path.

    Raises
    ------
    UsageProblem
        If there is no such kind, or the ending does not tell it.
    """
    if name is not None:
        if name not in LISTS:
            raise UsageProblem(f"--format is {name}", f"Give one of {', '.join(LISTS)}.")
        return name
    if path is None:
        return next(iter(LISTS))
    plain = path.rsplit(".", 1)[0] if path.endswith(_COMPRESSED) else path
    for name, row in LISTS.items():
        if plain.endswith(row.endings):
            return name
    raise UsageProblem(
        f"The ending of {path} is not that of a list of variants",
        f"Give --format: one of {', '.join(LISTS)}.",
    )


def write_list(path: str | os.PathLike[str], kind: str, listed: ListedVariants) -> None:
    """Write a list, as BGZF if the path ends in ``.gz`` or ``.bgz``.

    Raises
    ------
    OutputUnwritable
        If the file cannot be written.
    UsageProblem
        See ``ids``.
    """
    text = (f"{line}\n".encode() for line in LISTS[kind].lines(listed))
    with whole(path) as beside, open(beside, "wb") as file:
        file.writelines(bgzf(text) if str(path).endswith(_COMPRESSED) else text)
