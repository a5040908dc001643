"""From a path to the reader of what lies there, by content and not by suffix."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path

from ...errors import InputUnreadable, UsageProblem
from .concat import ConcatSource
from .pgen import PGEN_START, PgenSource
from .plink import BED_START, SAMPLE_MAJOR_START, PlinkSource
from .source import GenotypeSource
from .streams import STANDARD_INPUT, inflated, open_bytes
from .vcf import VcfSource
from .vcf_header import BCF_START, VCF_START

ACCEPTED = "VCF, VCF.gz, BCF, PLINK 1 (.bed) and PLINK 2 (.pgen) files are read"

_PREFIX_ENDS = (".bed", ".pgen")
"""Tried in this order on a prefix: a .bed is used in place and needs no extra software."""

_COMPANIONS = frozenset({".bim", ".fam", ".pvar", ".psam"})
_OTHER_KINDS = {
    b"PK\x03\x04": "a zip archive",
    b"BZh": "bzip2 data",
    b"\xfd7zXZ": "xz data",
    b"\x28\xb5\x2f\xfd": "zstandard data",
    b"BAM\x01": "a BAM file",
    b"CRAM": "a CRAM file",
    b"{": "JSON text",
}


def open_sources(paths: Sequence[str]) -> GenotypeSource:
    """One source for one path or for several, which are joined.

    Raises
    ------
    UsageProblem
        If the same file is given twice, or no file is given.
    InputUnreadable, InputsDisagree
        See ``open_source`` and ``ConcatSource``.
    """
    if not paths:
        raise UsageProblem("No genotype file is given", f"{ACCEPTED}.")
    if list(paths).count(STANDARD_INPUT) > 1:
        raise _given_twice()
    return as_one([open_source(path) for path in paths])


def as_one(sources: Sequence[GenotypeSource]) -> GenotypeSource:
    """The source itself, or several joined.

    Raises
    ------
    UsageProblem
        If two read the same file.
    InputsDisagree
        See ``ConcatSource``.
    """
    files = [file.resolve() for source in sources for file in source.files]
    if len(set(files)) < len(files):
        raise _given_twice()
    return sources[0] if len(sources) == 1 else ConcatSource(sources)


def open_source(path: str) -> GenotypeSource:
    """Open genotypes: a file, the prefix of a PLINK fileset, or "-" for VCF on standard input.

    A prefix with both a .bed and a .pgen means the .bed.

    Raises
    ------
    InputUnreadable
        If there is no such file, or it is empty, or of a kind that is not read.
    """
    if path == STANDARD_INPUT:
        return VcfSource(path)
    found = _find(path)
    if not found.is_file():
        return VcfSource(path)
    start = _start(found)
    if start.startswith((BED_START, SAMPLE_MAJOR_START)):
        return PlinkSource(str(found))
    if start.startswith(PGEN_START):
        return PgenSource(str(found))
    if start.startswith((VCF_START, BCF_START)):
        return VcfSource(str(found))
    raise _not_genotypes(found, start)


def variant_file(path: str) -> str | None:
    """The VCF or BCF file at a path; None for a pipe and for files of another kind.

    Raises
    ------
    InputUnreadable
        If there is no such file, or it is empty.
    """
    if path == STANDARD_INPUT or not (found := _find(path)).is_file():
        return None
    return str(found) if _start(found).startswith((VCF_START, BCF_START)) else None


def _given_twice() -> UsageProblem:
    return UsageProblem("The same genotype file is given twice", "Give each file once.")


def _find(path: str) -> Path:
    """The file meant by a path or prefix."""
    try:
        for end in ("", *_PREFIX_ENDS):
            if Path(path + end).exists() and not Path(path + end).is_dir():
                return Path(path + end)
        if Path(path).is_dir():
            raise InputUnreadable(f"{path} is a folder", "Give a genotype file in it.")
        raise _missing(path)
    except OSError as error:
        raise InputUnreadable(
            f"{path} cannot be opened: {error.strerror}", "Check the path and its permissions."
        ) from error


def _missing(path: str) -> InputUnreadable:
    folder = Path(path).parent
    for end in sorted(_COMPANIONS):
        if Path(path + end).exists():
            return InputUnreadable(
                f"{path}{end} is there, but neither {path}.bed nor {path}.pgen",
                "The parts of a PLINK fileset lie in one folder under one name.",
            )
    if not folder.is_dir():
        return InputUnreadable(f"{path}: no such file", f"The folder {folder} does not exist.")
    names = [item.name for item in folder.iterdir() if item.suffix not in _COMPANIONS]
    close = difflib.get_close_matches(Path(path).name, names, n=1, cutoff=0.8)
    remedy = f"Did you mean {folder / close[0]}?" if close else "Check the path."
    return InputUnreadable(f"{path}: no such file", remedy)


def _start(path: Path) -> bytes:
    """The first bytes of the content, decompressed."""
    with open_bytes(str(path)) as handle:
        start = next(filter(None, inflated(handle, str(path))), b"")
    if not start:
        raise InputUnreadable(f"{path} is empty", f"{ACCEPTED}.")
    return start[:32]


def _not_genotypes(path: Path, start: bytes) -> InputUnreadable:
    if path.suffix in _COMPANIONS:
        return InputUnreadable(
            f"{path} holds no genotypes: it belongs beside a .bed or .pgen file",
            f"Give that file, or the prefix {path.with_suffix('')}.",
        )
    kinds = (kind for magic, kind in _OTHER_KINDS.items() if start.startswith(magic))
    shown = start[:20].decode("ascii", "replace")
    seen = next(kinds, f"something that starts with {shown!r}")
    return InputUnreadable(f"{path} is no genotype file but {seen}", f"{ACCEPTED}.")
