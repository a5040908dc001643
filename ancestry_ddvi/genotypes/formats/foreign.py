"""Kinds of files that are not read, known by content, and how to convert them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from ...errors import InputUnreadable, quoted
from .vcf_header import BYTE_ORDER_MARK, starts_with_mark

SHOWN_BYTES = 4096
"""Bytes from the start of a file that tell its kind."""


@dataclass(frozen=True)
class Kind:
    """A kind of file that is not read.

    Attributes
    ----------
    pattern : regular expression of bytes
        Matches the start of the decompressed content.
    what : str
        What it is, after "is not a genotype file but".
    remedy : str, optional
        How to convert it; by default the formats that are read.
    """

    pattern: re.Pattern[bytes]
    what: str
    remedy: str = ""


def _kind(pattern: bytes, what: str, remedy: str = "") -> Kind:
    return Kind(re.compile(pattern, re.DOTALL), what, remedy)


_COMMENTS = rb"(?:#[^\n]*\n)*"
_DTC = (
    "Convert it with `plink1.9 --23file FILE --make-bed`, or with `bcftools convert --tsv2vcf FILE "
    "-f reference.fa`."
)
KINDS = (
    _kind(rb"BZh", "bzip2 data", "Unpack it with `bunzip2`."),
    _kind(rb"\xfd7zXZ", "xz data", "Unpack it with `unxz`."),
    _kind(rb"\x28\xb5\x2f\xfd", "zstandard data", "Unpack it with `unzstd`."),
    _kind(rb"BAM\x01", "a BAM file", "Call genotypes first, for example with `bcftools call`."),
    _kind(rb"CRAM", "a CRAM file", "Call genotypes first, for example with `bcftools call`."),
    _kind(rb"TBI\x01|CSI\x01", "an index", "Give the file that it belongs to."),
    _kind(_COMMENTS + rb'(?i:#? ?"?rsid"?[\t ,]+"?chromosome"?[\t ,]+"?position"?)',
          "raw data of a genetic test", _DTC),
    _kind(_COMMENTS + rb"(?:rs|i)\d+[\t ,]+[\dXYMT]+[\t ,]+\d+[\t ,]+[ACGTDI-]{1,2}[\t ,\r\n]",
          "raw data of a genetic test", _DTC),
    _kind(rb"rs#?[\t ]+alleles[\t ]+chrom[\t ]+pos", "a HapMap file",
          "Convert it to VCF, for example with TASSEL (`run_pipeline.pl -h FILE -export OUT "
          "-exportType VCF`)."),
    _kind(rb">[^\n]*\n[ACGTNacgtn]", "a FASTA file",
          "Call genotypes first, for example with `bcftools call`."),
    _kind(rb"@[^\n]*\n[ACGTN]+\n\+", "a FASTQ file",
          "Align the reads and call genotypes first, for example with `bcftools call`."),
    _kind(rb"(?:[^\s#]+[\t ]+){4}[0-2][\t ]+[-\d.]+(?:[\t ]+[ACGT012]){2}[\t \r\n]",
          "a PLINK text file (.ped)", "Convert it with `plink1.9 --file PREFIX --make-bed`."),
    _kind(rb"[\dXYMT]+[\t ]+\S+[\t ]+[\d.]+[\t ]+\d+\r?\n", "a PLINK .map file",
          "Convert it and its .ped with `plink1.9 --file PREFIX --make-bed`."),
    _kind(rb"\{", "JSON text"),
)  # fmt: skip
"""The first that matches is meant."""


def not_genotypes(path: Path, start: bytes, accepted: str) -> InputUnreadable:
    """The error for a file of another kind, given its first bytes and the formats that are read."""
    if start.startswith(BYTE_ORDER_MARK + b"##fileformat"):
        return starts_with_mark(str(path))
    kind = next((kind for kind in KINDS if kind.pattern.match(start)), None)
    if kind:
        return InputUnreadable(
            f"{path} is not a genotype file but {kind.what}", kind.remedy or accepted
        )
    return InputUnreadable(
        f"{path} is not a genotype file but a file that starts with {quoted(start[:20])}", accepted
    )
