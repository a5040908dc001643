"""The header of a VCF or BCF file: samples, FORMAT fields and genome build."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ...errors import InputUnreadable, quoted
from ..chromosomes import LENGTHS

VCF_START = b"##fileformat=VCF"
BCF_START = b"BCF\x02"
BYTE_ORDER_MARK = b"\xef\xbb\xbf"

CHROMOSOME_1 = {lengths[0]: build for build, lengths in LENGTHS.items()}
"""Length of chromosome 1 in each build of the human reference."""

_COLUMNS = ["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO"]
_CONTIG_1 = re.compile(r"##contig=<(?=.*\bID=(?:chr)?1[,>])(?=.*\blength=(\d+))")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_FORMAT = re.compile(r"##FORMAT=<(?:.*,)?ID=([^,>]+)[,>]")


@dataclass(frozen=True)
class VcfHeader:
    """What a header declares.

    Attributes
    ----------
    samples : tuple of str
    build_hint : str or None
        The build whose contig lengths it has.
    lines : int
        Number of its lines.
    fields : frozenset of str
        FORMAT fields.
    """

    samples: tuple[str, ...]
    build_hint: str | None
    lines: int
    fields: frozenset[str]


def read_header(lines: Iterable[bytes], name: str) -> VcfHeader:
    """Read the header, up to and including the #CHROM line.

    Raises
    ------
    InputUnreadable
        If it is not the header of a VCF file of distinct samples.
    """
    meta: list[str] = []
    for line in lines:
        if not meta and not line.startswith(VCF_START):
            if line.startswith(BYTE_ORDER_MARK):
                raise starts_with_mark(name)
            break
        if b"\r" in line:
            raise InputUnreadable(
                f"{name}, line {len(meta) + 1}: its lines end in carriage returns alone",
                "Convert it, for example with `tr '\\r' '\\n'`.",
            )
        if line.startswith(b"#CHROM"):
            return _header(meta, _column_names(line, name, len(meta) + 1), name)
        if not line.startswith(b"##"):
            break
        meta.append(line.decode(errors="replace"))
    raise InputUnreadable(
        f"{name} has no complete VCF header: no #CHROM line follows its first {len(meta)} lines",
        'A VCF file starts with "##fileformat=VCF" and names its samples in a "#CHROM" line.',
    )


def starts_with_mark(name: str) -> InputUnreadable:
    """The error for a file that starts with a byte order mark."""
    return InputUnreadable(
        f"{name} starts with a byte order mark, which a VCF file must not have",
        "Remove it, for example with `sed '1s/^\\xEF\\xBB\\xBF//'`.",
    )


def _column_names(line: bytes, name: str, number: int) -> list[str]:
    columns = line.split(b"\t")
    names = [column.decode(errors="replace") for column in columns]
    for sample, written in enumerate(columns[len(_COLUMNS) + 1 :], 1):
        try:
            written.decode()
        except UnicodeDecodeError as error:
            raise InputUnreadable(
                f"{name}, line {number}: the ID of sample {sample} is not UTF-8 text",
                "Convert the header, for example with `iconv -f latin1 -t utf-8`.",
            ) from error
    return names


def _header(meta: Sequence[str], columns: list[str], name: str) -> VcfHeader:
    number = len(meta) + 1
    if what := _wrong_columns(columns):
        raise InputUnreadable(
            f"{name}, line {number}: the #CHROM line {what}",
            "Separate its columns by single tabs and nothing else.",
        )
    samples = tuple(columns[9:])
    _check_samples(samples, name, number)
    fields = frozenset(found[1] for found in map(_FORMAT.match, meta) if found)
    return VcfHeader(samples, build_in_header(meta), number, fields)


def _wrong_columns(columns: Sequence[str]) -> str | None:
    """What is wrong with the names of the fixed columns; None if nothing is."""
    fixed = [*_COLUMNS, "FORMAT"][: len(columns)] if len(columns) > len(_COLUMNS) else _COLUMNS
    first = list(columns[: len(fixed)])
    if first == fixed:
        return None
    for given, expected in zip(first, fixed, strict=False):
        if given != expected and given.strip() == expected:
            return f"has blanks beside {expected}"
    if " ".join(columns).split()[: len(fixed)] == fixed:
        return "has spaces instead of tabs"
    if first[: len(_COLUMNS)] == _COLUMNS:
        return f"has {quoted(first[-1])} where FORMAT belongs"
    return f"does not start with {' '.join(_COLUMNS)}"


def build_in_header(meta: Iterable[str]) -> str | None:
    """The human genome build whose chromosome 1 has the length in the ##contig lines."""
    lengths = (int(found[1]) for found in map(_CONTIG_1.match, meta) if found)
    return CHROMOSOME_1.get(next(lengths, 0))


def _check_samples(samples: tuple[str, ...], name: str, number: int) -> None:
    if not samples:
        raise InputUnreadable(
            f"{name} has no samples: its #CHROM line ends before the first of them",
            "Give a file with genotypes, not a list of variants.",
        )
    blank = [at for at, sample in enumerate(samples, 1) if not sample.strip()]
    if blank:
        raise InputUnreadable(
            f"{name}, line {number}: sample {blank[0]} has an empty ID",
            "Remove the superfluous tab or name the sample.",
        )
    odd = [at for at, sample in enumerate(samples, 1) if _CONTROL.search(sample)]
    if odd:
        raise InputUnreadable(
            f"{name}, line {number}: the ID of sample {odd[0]} has a control character",
            "Rename it, for example with `bcftools reheader -s`.",
        )
    check_distinct(samples, name)


def check_distinct(samples: Sequence[str], name: str) -> None:
    """Check that sample IDs are unique.

    Raises
    ------
    InputUnreadable
        If two samples share an ID; the message gives it.
    """
    if len(set(samples)) < len(samples):
        repeated, times = Counter(samples).most_common(1)[0]
        raise InputUnreadable(
            f"{name} has the sample ID {quoted(repeated)} {times} times",
            "Give each sample its own ID.",
        )
