"""The cells of a table of labels: tabs, commas or blanks between them, with or without a header."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import InputUnreadable

UNLABELLED = "NA"
UNKNOWN = frozenset({"", UNLABELLED})
"""Entries that are no label."""

MAX_CATEGORIES = 8
"""So few different numbers are codes of categories."""

_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?|[-+]?inf")

_ID_NAMES = (
    "iid", "sample_id", "sample", "sampleid", "sample_name", "id", "individual_id", "individual",
)  # fmt: skip
"""Names of a column of sample IDs, the likeliest first."""

_FAMILY = "fid"
_NO_LABELS = frozenset({_FAMILY, "sid", "pat", "mat", "sex"})
"""Columns of PLINK's tables of samples that hold no labels."""

_BLANKS = " "

Line = tuple[int, tuple[str, ...]]
"""Line number and cells."""


@dataclass(frozen=True)
class Layout:
    """Where IDs and labels stand in a table.

    Attributes
    ----------
    names : tuple of str
        Of the columns; empty where the table has no header.
    rows : sequence of Line
    at : int
        The column of sample IDs.
    family : int, optional
        The column of family IDs.
    """

    names: tuple[str, ...]
    rows: Sequence[Line]
    at: int
    family: int | None

    @property
    def is_named(self) -> bool:
        """Whether the header calls the IDs so."""
        return _plain(cell(self.names, self.at)) in _ID_NAMES

    @property
    def ids(self) -> list[str]:
        """The sample ID of each row."""
        return [cell(cells, self.at) for _, cells in self.rows]

    @property
    def family_ids(self) -> list[str]:
        """FID_IID of each row; empty without family IDs."""
        if self.family is None:
            return []
        return [f"{cell(cells, self.family)}_{cell(cells, self.at)}" for _, cells in self.rows]

    @property
    def label_columns(self) -> list[int]:
        """Columns that may hold labels: those right of the IDs, or else those left of them.

        The first needs no name in the header, the others do if there is one.
        """
        width = len(self.names) or max((len(cells) for _, cells in self.rows), default=0)
        plain = [_plain(name) for name in self.names]
        named = {i for i, name in enumerate(plain) if name in _NO_LABELS} | {self.family}
        width = max(width, self.at + 2) if self.at == 0 else width
        right = [i for i in range(self.at + 1, width) if i != self.family]
        left = [i for i in range(self.at) if i != self.family]
        return [i for i in right if i not in named] or right or left


def cell(cells: Sequence[str], column: int) -> str:
    """An entry, empty where the line ends before it."""
    return cells[column] if column < len(cells) else ""


def iid_of(name: str) -> str:
    """The IID in FID_IID: half of "a_a", else what follows the first "_", empty without one."""
    half = len(name) // 2
    if half and name == f"{name[:half]}_{name[:half]}":
        return name[:half]
    return name.partition("_")[2]


def layouts(lines: Sequence[Line], samples: Iterable[str]) -> list[Layout]:
    """How a table may be meant, the likeliest first.

    Its first line is a row where it has the ID of a sample; else a header where it names a column
    of IDs, or where no other line has one of its entries in the same column.
    """
    names: tuple[str, ...] = ()
    if _has_header(lines, {*samples}):
        names, lines = lines[0][1], lines[1:]
    width = max((len(cells) for _, cells in lines), default=0)
    if names and len(names) == width - 1 and _plain(names[0]) not in _ID_NAMES:
        names = ("", *names)  # R leaves out the name of the first column
    plain = [_plain(name) for name in names]
    named = [plain.index(name) for name in _ID_NAMES if name in plain]
    family = plain.index(_FAMILY) if _FAMILY in plain else None
    return [
        Layout(names, lines, at, 0 if family is None and at == 1 and width > 2 else family)
        for at in dict.fromkeys([*named, 1, 0])
    ]


def read_lines(path: Path) -> tuple[Line, ...]:
    """The lines that are not blank, each cut into two cells or more without blanks around them.

    Raises
    ------
    InputUnreadable
        If the file is absent, empty or not UTF-8 text, or a line has one cell only.
    """
    lines = [(number, line) for number, line in enumerate(_text(path), 1) if line.strip()]
    while lines and lines[0][1].startswith("##"):
        del lines[0]
    if not lines:
        raise InputUnreadable(f"labels {path} is empty", "Give sample IDs and labels.")
    separator = _separator([line for _, line in lines[1:] or lines])
    first, *others = [(number, _cut(line, separator, path, number)) for number, line in lines]
    for number, cells in others or [first]:
        if len(cells) < 2:
            raise InputUnreadable(
                f"labels {path}, line {number}: one column where two are needed",
                "Separate sample ID and label by a tab, a comma or blanks, as in all lines.",
            )
    return first, *others


def _text(path: Path) -> list[str]:
    try:
        content = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        problem = f"labels {path} cannot be read: {error.strerror}"
        raise InputUnreadable(problem, "Check --labels or --table.") from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise InputUnreadable(
            f"labels {path}, line {line}: not UTF-8 text",
            "Convert it, for example with `iconv -f latin1 -t utf-8`.",
        ) from None
    return re.split(r"\r\n|\n|\r", content)


def _separator(lines: Sequence[str]) -> str:
    """What all lines have in them: a tab, or else a comma, or else blanks."""
    for separator in ("\t", ","):
        if all(separator in line for line in lines):
            return separator
    widths = {len(line.split()) for line in lines}
    if len(widths) == 1 and widths != {1}:
        return _BLANKS
    return next((mark for mark in "\t," if any(mark in line for line in lines)), _BLANKS)


def _cut(line: str, separator: str, path: Path, number: int) -> tuple[str, ...]:
    if separator == _BLANKS:
        line = line.replace("\t", " ").strip(" ")
    try:
        (cells,) = csv.reader([line], delimiter=separator, skipinitialspace=True)
    except csv.Error as error:
        raise InputUnreadable(
            f"labels {path}, line {number} cannot be read: {error}", "Check its quotes."
        ) from None
    return tuple(entry.strip() for entry in cells)


def _plain(name: str) -> str:
    """The name of a column as it is compared."""
    return re.sub(r"[\s.-]+", "_", name.lstrip("#").casefold())


def _has_header(lines: Sequence[Line], samples: set[str]) -> bool:
    (_, first), *others = lines
    in_front = first[: 2 if len(first) > 2 else 1]
    if samples.intersection(in_front):
        return False
    if {_plain(name) for name in first} & {*_ID_NAMES, _FAMILY}:
        return True
    ids = {*in_front, *map(iid_of, in_front), "_".join(in_front)} - {""}
    return ids.isdisjoint(samples | {iid_of(sample) for sample in samples}) and not any(
        entry not in UNKNOWN and entry == cell(cells, column)
        for _, cells in others
        for column, entry in enumerate(first)
        if column
    )


def quantity(values: Sequence[str]) -> np.ndarray | None:
    """The numbers of a column that is a quantity; None for a column of categories.

    A quantity has numbers and nothing else, more than a few different ones: fewer are codes.

    Returns
    -------
    ndarray of float64, (values,), or None
        NaN where there is no number.
    """
    known = {value for value in values if value not in UNKNOWN and value != "nan"}
    if len(known) <= MAX_CATEGORIES or not all(map(_NUMBER.fullmatch, known)):
        return None
    if len({float(value) for value in known}) <= MAX_CATEGORIES:
        return None
    return np.array([float(value) if value in known else np.nan for value in values])
