"""The header of a VCF or BCF file: samples, FORMAT fields and genome build."""

from __future__ import annotations

import re
import struct
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ...errors import InputUnreadable
from ..chromosomes import LENGTHS

VCF_START = b"##fileformat=VCF"
BCF_START = b"BCF\x02"

NEEDS_GT = (
    "Give a file with GT; only embed reads genotype likelihoods and dosages (PL, GL, GP, DS), "
    "and from VCF and BCF files, not from a pipe."
)

CHROMOSOME_1 = {lengths[0]: build for build, lengths in LENGTHS.items()}
"""Length of chromosome 1 in each build of the human reference."""

_COLUMNS = ["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO"]
_CONTIG_1 = re.compile(r"##contig=<(?=.*\bID=(?:chr)?1[,>])(?=.*\blength=(\d+))")
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

    def check_calls(self, name: str) -> None:
        """Check that the file has hard calls.

        Raises
        ------
        InputUnreadable
            If no FORMAT field GT is declared.
        """
        if "GT" not in self.fields:
            raise InputUnreadable(
                f"{name} holds no hard calls: its header declares no FORMAT field GT", NEEDS_GT
            )


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
            break
        if line.startswith(b"#CHROM"):
            return _header(meta, _column_names(line, name, len(meta) + 1), name)
        if not line.startswith(b"##"):
            break
        meta.append(line.decode(errors="replace"))
    raise InputUnreadable(
        f"{name} has no complete VCF header: no #CHROM line follows its first {len(meta)} lines",
        'A VCF file starts with "##fileformat=VCF" and names its samples in a "#CHROM" line.',
    )


def bcf_header_lines(pieces: Iterator[bytes], name: str) -> list[bytes]:
    """The header of a BCF file as lines of VCF, from its decompressed bytes.

    Raises
    ------
    InputUnreadable
        If the file ends within the header.
    """
    content, end = b"", 9
    while len(content) < end and (piece := next(pieces, b"")):
        content += piece
        if len(content) >= 9:
            end = 9 + struct.unpack_from("<I", content, 5)[0]
    if len(content) < end:
        raise InputUnreadable(f"{name} is cut short: it ends within its header", "Copy it again.")
    return content[9:end].rstrip(b"\0\n").split(b"\n")


def _column_names(line: bytes, name: str, number: int) -> list[str]:
    try:
        return line.rstrip(b"\0").decode().split("\t")
    except UnicodeDecodeError as error:
        raise InputUnreadable(
            f"{name}, line {number}: a sample ID is not UTF-8 text",
            "Convert the header, for example with `iconv -f latin1 -t utf-8`.",
        ) from error


def _header(meta: Sequence[str], columns: list[str], name: str) -> VcfHeader:
    number = len(meta) + 1
    if columns[:8] != _COLUMNS:
        spaced = columns[0].split()[:8] == _COLUMNS
        what = (
            "has spaces instead of tabs" if spaced else f"does not start with {' '.join(_COLUMNS)}"
        )
        raise InputUnreadable(
            f"{name}, line {number}: the #CHROM line {what}", "Separate the columns by tabs."
        )
    samples = tuple(columns[9:])
    _check_samples(samples, name, number)
    fields = frozenset(found[1] for found in map(_FORMAT.match, meta) if found)
    return VcfHeader(samples, build_in_header(meta), number, fields)


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
    if "" in samples:
        raise InputUnreadable(
            f"{name}, line {number}: sample {samples.index('') + 1} has an empty ID",
            "Remove the superfluous tab or name the sample.",
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
            f"{name} has the sample ID {repeated!r} {times} times", "Give each sample its own ID."
        )
