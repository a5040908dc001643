"""The text files beside a .bed or .pgen file: columns separated by any mixture of blanks and tabs.

A .fam file is read as a .psam file without a header line and a .bim file as a .pvar file without
one, as plink2 does.

https://www.cog-genomics.org/plink/2.0/formats
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

import numpy as np

from ...errors import InputUnreadable, quoted
from ..variants import VariantTable
from .variant_filter import objects
from .vcf_header import build_in_header, check_distinct

MAX_POSITION = 2**31 - 1

FAM_COLUMNS = ("FID", "IID", "PAT", "MAT", "SEX")
"""Columns of a .fam file that have to be there; a phenotype may follow."""

_ID_COLUMNS = ("FID", "IID", "SID")
_VARIANT_COLUMNS = ("CHROM", "POS", "ID", "REF", "ALT")
_BIM_COLUMNS = {
    5: ("CHROM", "ID", "POS", "ALT", "REF"),
    6: ("CHROM", "ID", "CM", "POS", "ALT", "REF"),
}
_BOM = b"\xef\xbb\xbf"
_AT_ONCE = 4096
_CONTROLS = bytes({*range(32)} - {*b"\t\r\n"})
_POSITION = re.compile(rb"-?0*[0-9]{1,10}")

Row = tuple[int, list[bytes]]
"""Line number and fields of a line."""


@dataclass(frozen=True)
class TextTable:
    """A companion file: its comments, the names of its columns and its rows.

    Attributes
    ----------
    path : Path
    comments : tuple of str
        Lines that start with "#" before the header line or the first row.
    names : tuple of str
        Columns by the header line, without "#"; empty where there is none.
    width : int
        Columns of the header line, or else of the first row.
    rows : iterator of Row
    """

    path: Path
    comments: tuple[str, ...]
    names: tuple[str, ...]
    width: int
    rows: Iterator[Row]


@dataclass(frozen=True)
class VariantList:
    """Every row of a .bim or .pvar file.

    Attributes
    ----------
    variants : VariantTable
        A negative position, which tells plink to leave the variant out, stays negative.
    filters : list of str, optional
        FILTER of every row, if the file has it.
    build_hint : str, optional
        The build whose contig lengths are in its comments.
    """

    variants: VariantTable
    filters: list[str] | None
    build_hint: str | None


def genotype_file(path: str, end: str) -> Path:
    """The genotype file at a path, or at a prefix without ``end``."""
    return Path(path) if path.endswith(end) or Path(path).is_file() else Path(path + end)


_FILESET = (
    "The parts of a PLINK fileset lie in one folder under one name: "
    ".bed, .bim and .fam, or .pgen, .pvar and .psam."
)


def read_lines(path: Path, remedy: str = _FILESET) -> Iterator[bytes]:
    """Lines of a companion file.

    Parameters
    ----------
    path : Path
    remedy : str
        What to do if it is missing.

    Raises
    ------
    InputUnreadable
        If the file is missing or cannot be read.
    """
    try:
        with path.open("rb") as handle:
            yield from handle
    except FileNotFoundError as error:
        raise InputUnreadable(f"{path} is missing", remedy) from error
    except OSError as error:
        raise InputUnreadable(
            f"{path} cannot be read: {error.strerror}", "Check the path and its permissions."
        ) from error


def read_samples(path: Path) -> tuple[str, ...]:
    """Sample IDs of a .fam or .psam file.

    They are the IIDs. Where IIDs repeat, they are FID_IID, FID_IID_SID or IID_SID as the file has
    them, without a column that is all 0, as plink2 writes them to VCF.

    Raises
    ------
    InputUnreadable
        If the file is missing or malformed, or two samples have the same IDs.
    """
    table = read_table(path, read_lines(path), ("#FID", "#IID"))
    names = table.names or FAM_COLUMNS
    if "IID" not in names:
        raise InputUnreadable(f"{path} has no column IID", "Add it, or make the fileset again.")
    ids = [names.index(column) for column in _ID_COLUMNS if column in names]
    width = max(ids) + 1 if table.names else len(FAM_COLUMNS)
    rows = [
        tuple(decoded(fields[at], path, number) for at in ids)
        for number, fields in of_width(table, width)
    ]
    if not rows:
        raise InputUnreadable(f"{path} is empty: it names no samples", "Make the fileset again.")
    at = ids.index(names.index("IID"))
    samples = tuple(row[at] for row in rows)
    if len(set(samples)) < len(samples):
        columns = [column for column in zip(*rows, strict=True) if set(column) != {"0"}]
        samples = tuple("_".join(row) for row in zip(*columns, strict=True))
    check_distinct(samples, str(path))
    return samples


def read_variants(
    path: Path,
    lines: Iterable[bytes] | None = None,
    columns: Mapping[int, Sequence[str]] = _BIM_COLUMNS,
) -> VariantList:
    r"""Variants of a .bim or .pvar file, or one of other columns without a header line.

    Parameters
    ----------
    path : Path
    lines : iterable of bytes, optional
        Those of the file, where it was opened before.
    columns : mapping of int to sequence of str
        The names of columns where there is no header line, by their number.

    Notes
    -----
    IDs may be any bytes: "\xe5" stands for a byte that is not UTF-8, so that every file can hold
    them.

    Raises
    ------
    InputUnreadable
        If the file is missing or malformed.
    """
    table = read_table(path, read_lines(path) if lines is None else lines, ("#CHROM",))
    fitting = max((n for n in columns if n <= table.width), default=min(columns))
    names = table.names or columns[fitting]
    if not set(names).issuperset(_VARIANT_COLUMNS):
        raise InputUnreadable(
            f"{path} does not name its columns {', '.join(_VARIANT_COLUMNS)}",
            "Add a header line, or make the fileset again.",
        )
    wanted = [names.index(name) for name in _VARIANT_COLUMNS]
    if "FILTER" in names:
        wanted.append(names.index("FILTER"))
    variants, filters = _columns(of_width(table, max(wanted) + 1), wanted, path)
    if not len(variants):
        raise InputUnreadable(f"{path} is empty: it lists no variants", "Make the fileset again.")
    hint = build_in_header(table.comments)
    return VariantList(variants, filters if "FILTER" in names else None, hint)


def read_table(path: Path, lines: Iterable[bytes], headers: tuple[str, ...] = ()) -> TextTable:
    """The table of a file whose header line starts with any of ``headers``."""
    comments: list[str] = []
    rows = _split(lines, path)
    for number, fields in rows:
        if not fields[0].startswith(b"#"):
            return TextTable(
                path, tuple(comments), (), len(fields), chain([(number, fields)], rows)
            )
        line = b" ".join(fields).decode(errors="replace")
        if fields[0].decode(errors="replace") in headers:
            names = tuple(line.removeprefix("#").split(" "))
            if len(set(names)) < len(names):
                raise InputUnreadable(
                    f"{path}, line {number}: two columns have one name", "Make the fileset again."
                )
            return TextTable(path, tuple(comments), names, len(fields), rows)
        comments.append(line)
    return TextTable(path, tuple(comments), (), 0, iter(()))


def _split(lines: Iterable[bytes], path: Path) -> Iterator[Row]:
    """Every line that is not blank; a byte order mark is removed."""
    for number, line in _numbered(lines, path):
        if number == 1:
            line = line.removeprefix(_BOM)
        if fields := line.split():
            yield number, fields


def _numbered(lines: Iterable[bytes], path: Path) -> Iterator[tuple[int, bytes]]:
    """Lines with their numbers, checked many at once, since PLINK does not split at all blanks."""
    rest, before = iter(lines), 0
    while some := list(islice(rest, _AT_ONCE)):
        text = b"".join(some)
        if text.translate(None, _CONTROLS) != text or text.count(b"\r") > text.count(b"\r\n"):
            _check_characters(some, before, path)
        yield from enumerate(some, before + 1)
        before += len(some)


def _check_characters(lines: Sequence[bytes], before: int, path: Path) -> None:
    for number, line in enumerate(lines, before + 1):
        content = line.rstrip(b"\r\n")
        if b"\r" in content or content.translate(None, _CONTROLS) != content:
            raise InputUnreadable(
                f"{path}, line {number} has a control character in it",
                "Columns are separated by blanks or tabs, and lines end in a newline.",
            )


def of_width(table: TextTable, width: int) -> Iterator[Row]:
    """The rows, checked.

    A row needs ``width`` fields, and not fewer than a header line. Without one it has exactly as
    many as the first row. An ID with a blank or an empty column would shift the others.
    """
    width = max(width, table.width) if table.names else width
    exactly = 0 if table.names else max(width, table.width)
    for number, fields in table.rows:
        if len(fields) < width or (exactly and len(fields) != exactly):
            raise InputUnreadable(
                f"{table.path}, line {number}: {len(fields)} columns instead of {exactly or width}",
                "Columns are separated by blanks or tabs; none may be empty or have a blank in it.",
            )
        if fields[0].startswith(b"#"):
            raise InputUnreadable(
                f"{table.path}, line {number} starts with #, below the first row",
                "Remove it: comments are allowed at the top only.",
            )
        yield number, fields


class _Words(dict[bytes, str]):
    """Decoded words, each made once."""

    def __missing__(self, word: bytes) -> str:
        self[word] = text = word.decode()
        return text


class _Alleles(_Words):
    """Decoded words in upper case."""

    def __missing__(self, word: bytes) -> str:
        self[word] = text = word.decode().upper()
        return text


def _columns(
    rows: Iterable[Row], wanted: Sequence[int], path: Path
) -> tuple[VariantTable, list[str]]:
    """The variants, and FILTER where a sixth column is wanted."""
    at_chromosome, at_position, at_name, at_ref, at_alt, *at_filter = wanted
    words, alleles = _Words(), _Alleles()
    filters: list[str] = []
    chromosome, position, name, ref, alt = [], [], [], [], []
    for number, fields in rows:
        digits = fields[at_position]
        plain = len(digits) < 10 and digits.isdigit()
        position.append(int(digits) if plain else _position(digits, path, number))
        name.append(fields[at_name].decode("utf-8", "backslashreplace"))
        try:
            chromosome.append(words[fields[at_chromosome]])
            ref.append(alleles[fields[at_ref]])
            alt.append(alleles[fields[at_alt]])
            if at_filter:
                filters.append(words[fields[at_filter[0]]])
        except UnicodeDecodeError as error:
            raise _not_text(path, number) from error
    texts = [objects(column) for column in (name, ref, alt)]
    return VariantTable(objects(chromosome), np.array(position, np.int64), *texts), filters


def _position(text: bytes, path: Path, number: int) -> int:
    if not _POSITION.fullmatch(text):
        raise InputUnreadable(
            f"{path}, line {number}: the position {quoted(text)} is not a whole number below 2^31",
            "Check the order of the columns.",
        )
    if (position := int(text)) > MAX_POSITION:
        raise InputUnreadable(
            f"{path}, line {number}: the position {position} is above {MAX_POSITION:,}",
            "Correct it, or remove the line with plink2 --exclude.",
        )
    return position


def decoded(word: bytes, path: Path, number: int) -> str:
    """A word as text.

    Raises
    ------
    InputUnreadable
        If it is not UTF-8.
    """
    try:
        return word.decode()
    except UnicodeDecodeError as error:
        raise _not_text(path, number) from error


def _not_text(path: Path, number: int) -> InputUnreadable:
    return InputUnreadable(
        f"{path}, line {number}: not UTF-8 text",
        "Convert it, for example with `iconv -f latin1 -t utf-8`.",
    )
