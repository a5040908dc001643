"""Choosing the FORMAT field to read from the files given."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from itertools import islice

from ...errors import InputUnreadable, UsageProblem
from .fields import GT, LIKELIHOOD_FIELDS
from .likelihood_source import admitted, file_header, htslib_records, quiet_htslib, values_of
from .registry import likelihood_file
from .streams import display_name
from .variant_filter import VariantFilter
from .vcf_header import VcfHeader

_FIRST_SNPS = 20
"""SNPs that are searched for the fields that a header declares."""


def select_field(paths: Sequence[str], wanted: str = "auto") -> str:
    """The FORMAT field to read: the one wanted, or the most informative one of all files.

    That is the first of PL, GL, GP and DS that every file declares and has at one of its
    first SNPs, otherwise GT. From standard input, pipes and PLINK files GT is read.

    Raises
    ------
    UsageProblem
        If a field other than GT is wanted from a file that holds hard calls only.
    InputUnreadable
        If a file cannot be opened, or does not declare the field wanted.
    """
    if wanted == GT:
        return GT
    files = [likelihood_file(path) for path in paths]
    if wanted == "auto":
        found = [_fields_present(file) if file else set() for file in files]
        return next(
            (f for f in LIKELIHOOD_FIELDS if found and all(f in fields for fields in found)), GT
        )
    for path, file in zip(paths, files, strict=True):
        if file is None:
            raise UsageProblem(
                f"{display_name(path)} holds no {wanted}: from PLINK files, pipes and standard "
                "input only hard calls are read",
                "Give a VCF or BCF file, or leave out --field.",
            )
        _check_declared(file_header(file), wanted, path)
    return wanted


def _check_declared(header: VcfHeader, wanted: str, path: str) -> None:
    if wanted not in header.fields:
        present = [field for field in (*LIKELIHOOD_FIELDS, GT) if field in header.fields]
        declared = ", ".join(present) or "no such field"
        raise InputUnreadable(
            f"{path} holds no {wanted}: its header declares {declared}",
            "Give --field one of those, or leave it out.",
        )


def _fields_present(path: str) -> set[str]:
    """The likelihood fields that the file declares and its first SNPs have."""
    declared = [field for field in LIKELIHOOD_FIELDS if field in file_header(path).fields]
    if not declared:
        return set()
    variant_filter = VariantFilter(Counter())
    with quiet_htslib(), closing(htslib_records(path)) as records:
        pairs = ((row, record) for record in records if (row := admitted(variant_filter, record)))
        some = islice(pairs, _FIRST_SNPS)
        return {f for row, r in some for f in declared if values_of(r, row, f) is not None}
