"""The table of genotype formats, and from a path to the reader of what lies there.

A format is known by content, not by suffix. A new one is a module of this package with a
``GenotypeSource`` and a row in ``FORMATS``.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...errors import DDVIError, InputUnreadable, UsageProblem
from ...reference_models import available
from .bgen import START as BGEN_START
from .bgen import BgenSource
from .concat import ConcatSource
from .eigenstrat import PACKED_START, TEXT, TRANSPOSED_START, EigenstratSource
from .foreign import SHOWN_BYTES, not_genotypes
from .pgen import PGEN_START, PgenSource
from .plink import BED_START, SAMPLE_MAJOR_START, PlinkSource
from .reading import DEFAULT, ReadOptions
from .source import GenotypeSource
from .streams import STANDARD_INPUT, inflated, open_bytes, start_of
from .vcf import VcfSource
from .vcf_header import BCF_START, VCF_START
from .vcf_zarr import VczSource
from .vcf_zarr_store import ZIP_START, is_store


@dataclass(frozen=True)
class Format:
    """A row of the table of formats.

    Attributes
    ----------
    open : callable
        From the path of a file and the options of reading to its reader.
    starts : tuple of bytes
        What the content starts with, once it is decompressed: any of these.
    is_folder : callable, optional
        Whether a folder is of this format.
    like : regular expression of bytes, optional
        What the start of the content matches, where no bytes are always the same.
    suffixes : tuple of str
        Ends of file names that are left out of the names of results.
    prefix_end : str
        Where a format has several files under one prefix: the end of the one with genotypes.
    companions : tuple of str
        The ends of the others.
    """

    open: Callable[[str, ReadOptions], GenotypeSource]
    starts: tuple[bytes, ...]
    like: re.Pattern[bytes] | None = None
    is_folder: Callable[[Path], bool] | None = None
    suffixes: tuple[str, ...] = ()
    prefix_end: str = ""
    companions: tuple[str, ...] = ()

    def is_of(self, start: bytes) -> bool:
        """Whether content that starts so is of this format."""
        return start.startswith(self.starts) or bool(self.like and self.like.match(start))


FORMATS: dict[str, Format] = {
    "VCF, VCF.gz": Format(VcfSource, (VCF_START,), suffixes=(".vcf", ".gz", ".bgz")),
    "BCF": Format(VcfSource, (BCF_START,), suffixes=(".bcf",)),
    "PLINK 1 (.bed)": Format(
        PlinkSource,
        (BED_START, SAMPLE_MAJOR_START),
        prefix_end=".bed",
        companions=(".bim", ".fam"),
    ),
    "PLINK 2 (.pgen)": Format(
        PgenSource, (PGEN_START,), prefix_end=".pgen", companions=(".pvar", ".psam")
    ),
    "EIGENSTRAT (.geno)": Format(
        EigenstratSource,
        (PACKED_START, TRANSPOSED_START),
        like=TEXT,
        prefix_end=".geno",
        companions=(".snp", ".ind"),
    ),
    "BGEN": Format(
        BgenSource,
        (),
        like=BGEN_START,
        suffixes=(".bgen",),
        prefix_end=".bgen",
        companions=(".sample",),
    ),
    "VCF Zarr (.vcz)": Format(
        VczSource, (ZIP_START,), is_folder=is_store, suffixes=(".vcz", ".zarr", ".zip")
    ),
}
"""By name. Of a prefix the first row whose file is there is meant, so that PLINK 1, which is used
in place and needs no extra software, goes before PLINK 2."""


def accepted() -> str:
    """The formats in one sentence."""
    *names, last = FORMATS
    return f"{', '.join(names)} and {last} files are read."


def without_suffixes(name: str) -> str:
    """The name of a file without the ends that formats give it; never empty.

    The end of a companion is one at the very end alone: x.snp.vcf.gz is not x.snp.
    """
    name = _shortened(name, [*_companions()])
    ends = {end for row in FORMATS.values() for end in (*row.suffixes, row.prefix_end) if end}
    while (shorter := _shortened(name, ends)) != name:
        name = shorter
    return name


def _shortened(name: str, ends: Collection[str]) -> str:
    """A name without the last of its ends, if it is one of these and not all of it."""
    return name[: name.rindex(".")] if name.endswith(tuple(ends)) and name not in ends else name


def open_sources(paths: Sequence[str], options: ReadOptions = DEFAULT) -> GenotypeSource:
    """One source for one path or for several, which are joined.

    Raises
    ------
    UsageProblem
        If the same file is given twice, or no file is given.
    InputUnreadable, InputsDisagree
        See ``open_source`` and ``ConcatSource``.
    """
    if not paths:
        raise UsageProblem("No genotype file is given", accepted())
    if list(paths).count(STANDARD_INPUT) > 1:
        raise _given_twice()
    return as_one([open_source(path, options) for path in paths])


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


def open_source(path: str, options: ReadOptions = DEFAULT) -> GenotypeSource:
    """Open genotypes: a file, a prefix, a named pipe, or "-" for standard input.

    Pipes and standard input are read as VCF or BCF.

    Raises
    ------
    InputUnreadable
        If there is no such file, or it is empty, or of a kind that is not read.
    """
    if path == STANDARD_INPUT:
        return VcfSource(path, options)
    found = _find(path)
    if found.is_dir():
        return _folder_format(found).open(str(found), options)
    if not found.is_file():
        return VcfSource(path, options)
    start = _start(found)
    row = _format_of(start)
    if row is None:
        raise _not_genotypes(found, start)
    return row.open(str(found), options)


def _format_of(start: bytes) -> Format | None:
    return next((row for row in FORMATS.values() if row.is_of(start)), None)


def is_genotypes(path: Path) -> bool:
    """Whether a file holds genotypes by its first bytes; a pipe is not read."""
    try:
        return path.is_file() and _format_of(_start(path)) is not None
    except (DDVIError, OSError):
        return False


def _folder_format(folder: Path) -> Format:
    """The format of a folder.

    Raises
    ------
    InputUnreadable
        If it is of none.
    """
    for row in FORMATS.values():
        if row.is_folder and row.is_folder(folder):
            return row
    raise InputUnreadable(f"{folder} is a folder", "Give a genotype file in it.")


def _given_twice() -> UsageProblem:
    return UsageProblem("The same genotype file is given twice", "Give each file once.")


def _find(path: str) -> Path:
    """The file meant by a path or prefix."""
    ends = [row.prefix_end for row in FORMATS.values() if row.prefix_end]
    try:
        for end in ("", *ends):
            if Path(path + end).exists() and not Path(path + end).is_dir():
                return Path(path + end)
        if Path(path).is_dir():
            return Path(path)
        raise _missing(path)
    except OSError as error:
        raise InputUnreadable(
            f"{path} cannot be opened: {error.strerror}", "Check the path and its permissions."
        ) from error


def _companions() -> dict[str, Format]:
    """The format that each end of a companion belongs to."""
    return {end: row for row in FORMATS.values() for end in row.companions}


def _missing(path: str) -> InputUnreadable:
    folder, companions = Path(path).parent, _companions()
    for end, row in companions.items():
        if Path(path + end).exists():
            return InputUnreadable(
                f"{path}{end} is there, but {path}{row.prefix_end} is not",
                "Keep the files of a fileset in one folder under one name.",
            )
    if path in {model.name for model in available()}:
        return InputUnreadable(
            f"{path}: no such file, but a reference model",
            f"Give genotypes; references --card {path} prints its model card.",
        )
    if not folder.is_dir():
        return InputUnreadable(f"{path}: no such file", f"The folder {folder} does not exist.")
    names = [item.name for item in folder.iterdir() if item.suffix not in companions]
    close = difflib.get_close_matches(Path(path).name, names, n=1, cutoff=0.8)
    remedy = f"Did you mean {folder / close[0]}?" if close else "Check the path."
    return InputUnreadable(f"{path}: no such file", remedy)


def _start(path: Path) -> bytes:
    """The first bytes of the content, decompressed."""
    with open_bytes(str(path)) as handle:
        start = start_of(inflated(handle, str(path)), SHOWN_BYTES)
    if not start:
        raise InputUnreadable(f"{path} is empty", accepted())
    return start[:SHOWN_BYTES]


def _not_genotypes(path: Path, start: bytes) -> InputUnreadable:
    if row := _companions().get(path.suffix):
        return InputUnreadable(
            f"{path} holds no genotypes: it belongs beside a {row.prefix_end} file",
            f"Give that file, or the prefix {path.with_suffix('')}.",
        )
    return not_genotypes(path, start, accepted())
