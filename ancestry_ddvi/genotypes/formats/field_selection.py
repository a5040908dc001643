"""Which FORMAT field of the files given says most of the samples in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from itertools import islice

from ...errors import InputUnreadable, UsageProblem
from .bcf import admitted, htslib_records, quiet_htslib
from .fields import GT, LIKELIHOOD_FIELDS
from .likelihood_source import file_header, values_of
from .registry import likelihood_file
from .streams import spoken
from .variant_filter import VariantFilter
from .vcf_header import VcfHeader

_FIRST_SNPS = 20
"""Records by which a file is judged to hold a field that its header declares."""


def select_field(paths: Sequence[str], wanted: str = "auto") -> str:
    """The FORMAT field to read: the one wanted, or what says most in all of the files.

    That is PL, else GL, else GP, else DS, if every file declares it and has it at one of its
    first SNPs, else GT; of standard input, pipes and PLINK files it is GT.

    Raises
    ------
    UsageProblem
        If a field other than GT is wanted of a file that holds hard calls only.
    InputUnreadable
        If a file cannot be opened, or does not declare the field wanted.
    """
    if wanted == GT:
        return GT
    files = [likelihood_file(path) for path in paths]
    if wanted == "auto":
        held = [_held(file) if file else set() for file in files]
        return next(
            (f for f in LIKELIHOOD_FIELDS if held and all(f in fields for fields in held)), GT
        )
    for path, file in zip(paths, files, strict=True):
        if file is None:
            raise UsageProblem(
                f"{spoken(path)} holds no {wanted}: PLINK files, pipes and standard input are "
                "read for hard calls only",
                "Give a VCF or BCF file, or leave out --field.",
            )
        _check_declared(file_header(file), wanted, path)
    return wanted


def _check_declared(header: VcfHeader, wanted: str, path: str) -> None:
    if wanted not in header.fields:
        there = (
            ", ".join(f for f in (*LIKELIHOOD_FIELDS, GT) if f in header.fields)
            or "none that is read"
        )
        raise InputUnreadable(
            f"{path} holds no {wanted}: its header declares {there}",
            "Give --field one of those, or leave it out.",
        )


def _held(path: str) -> set[str]:
    """Which fields of evidence the file declares and its first SNPs have."""
    declared = [field for field in LIKELIHOOD_FIELDS if field in file_header(path).fields]
    if not declared:
        return set()
    variant_filter = VariantFilter(Counter())
    with quiet_htslib(), closing(htslib_records(path)) as records:
        pairs = ((row, record) for record in records if (row := admitted(variant_filter, record)))
        some = islice(pairs, _FIRST_SNPS)
        return {f for row, r in some for f in declared if values_of(r, row, f) is not None}
