"""Tab-separated tables: text is kept as it is, numbers have six significant digits."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import InputUnreadable, quoted
from ..storage import whole
from .columns import TYPES, values_of

_NUMBER = re.compile(r"[-+.0-9eE]+|NA|nan|-?inf")
"""What ``write_columns`` writes; Python reads more as numbers."""

if TYPE_CHECKING:
    from pandas import DataFrame


def write_table(path: Path, table: str, record: Any, each: Sequence[str] = ()) -> None:
    """Write a table of ``columns.TABLES`` from its record; ``each`` names axes or groups."""
    write_columns(path, *values_of(table, record, each))


def write_columns(path: Path, names: Sequence[str], arrays: Sequence[np.ndarray]) -> None:
    """Write columns, (rows,) each, beside ``path`` and rename the file when it is complete.

    Raises
    ------
    OutputUnwritable
        If the file cannot be written.
    """
    columns = [cells(array) for array in arrays]
    with whole(path) as beside, beside.open("w", encoding="utf-8", newline="") as out:
        out.write("\t".join(names) + "\n")
        out.writelines("\t".join(row) + "\n" for row in zip(*columns, strict=True))


def cells(array: np.ndarray) -> list[str]:
    """A column as text: six significant digits, NA for what is not a number or None."""
    values = array.tolist()
    if array.dtype.kind != "f":
        return ["NA" if value is None or value != value else str(value) for value in values]
    found = ("%.6g\n" * len(values) % tuple(values)).split("\n")[:-1]
    for row in np.flatnonzero(np.isnan(array)).tolist():
        found[row] = "NA"
    return found


def frame(names: Sequence[str], arrays: Sequence[np.ndarray]) -> DataFrame:
    """Columns, (rows,) each, as a DataFrame; names may occur more than once."""
    import pandas as pd

    return pd.DataFrame(dict(enumerate(arrays))).set_axis(list(names), axis="columns")


def read_table(path: Path, remedy: str) -> DataFrame:
    """Read a table with a header; every cell is text.

    Raises
    ------
    InputUnreadable
        If the file is absent, empty or not UTF-8, or a line is of another width than the header.
    """
    import pandas as pd

    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        raise InputUnreadable(f"{path} cannot be read: {reason}", remedy) from None
    if not text:
        raise InputUnreadable(f"{path} is empty", remedy)
    header, *lines = text.removesuffix("\n").split("\n")
    width = header.count("\t") + 1
    for number, line in enumerate(lines, start=2):
        if line.count("\t") + 1 != width:
            raise InputUnreadable(f"{path}, line {number}: not {width} columns", remedy)
    return pd.read_csv(
        io.StringIO(text), sep="\t", dtype=str, na_filter=False, index_col=False,
        quoting=csv.QUOTE_NONE, skip_blank_lines=False,
    )  # fmt: skip


def parsed(path: Path, name: str, kind: str, cells: Sequence[str], remedy: str) -> np.ndarray:
    """The cells of a column as values of its type, NaN for a number that is ``NA``; (rows,).

    Raises
    ------
    InputUnreadable
        If a cell is not a number, or not an integer, where it should be one.
    """
    if kind == "text":
        return np.array(cells, dtype=object)
    found = np.empty(len(cells), dtype=TYPES[kind])
    for row, cell in enumerate(cells):
        try:
            if not _NUMBER.fullmatch(cell):
                raise ValueError(cell)
            found[row] = int(cell) if kind == "integer" else float("nan" if cell == "NA" else cell)
        except (ValueError, OverflowError):
            problem = f"{path}, line {row + 2}: {name} is {quoted(cell)} and not "
            article = "an integer" if kind == "integer" else "a number"
            raise InputUnreadable(problem + article, remedy) from None
    return found
