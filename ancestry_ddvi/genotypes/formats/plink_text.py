"""The text files beside a .bed or .pgen file: columns separated by tabs or spaces."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from sys import intern

import numpy as np

from ...errors import InputUnreadable
from ..variants import VariantTable
from .variant_filter import objects


def beside(path: str, end: str) -> Path:
    """The genotype file at a path, or at a prefix without ``end``."""
    return Path(path) if path.endswith(end) or Path(path).is_file() else Path(path + end)


def read_lines(path: Path) -> Iterator[bytes]:
    """Lines of a companion file.

    Raises
    ------
    InputUnreadable
        If the file is missing or cannot be read.
    """
    try:
        with path.open("rb") as handle:
            yield from handle
    except FileNotFoundError as error:
        raise InputUnreadable(
            f"{path} is missing",
            "The parts of a PLINK fileset lie in one folder under one name: "
            ".bed, .bim and .fam, or .pgen, .pvar and .psam.",
        ) from error
    except OSError as error:
        raise InputUnreadable(
            f"{path} cannot be read: {error.strerror}", "Check the path and its permissions."
        ) from error


def split_rows(
    lines: Iterable[bytes], path: Path, columns: int, first: int = 1
) -> Iterator[tuple[int, list[str]]]:
    """Line number and fields of every line that is not blank.

    A line with a tab is split at tabs only, so that IDs may contain spaces.

    Raises
    ------
    InputUnreadable
        If a line has fewer than ``columns`` fields or is not UTF-8 text.
    """
    for number, line in enumerate(lines, first):
        try:
            text = line.rstrip(b"\r\n").decode()
        except UnicodeDecodeError as error:
            raise InputUnreadable(
                f"{path}, line {number}: not UTF-8 text",
                "Convert it, for example with `iconv -f latin1 -t utf-8`.",
            ) from error
        fields = text.split("\t") if "\t" in text else [part for part in text.split(" ") if part]
        if len(fields) >= columns:
            yield number, fields
        elif fields and text:
            raise InputUnreadable(
                f"{path}, line {number}: {len(fields)} columns instead of {columns}",
                "Check that the file is whole and its columns are separated by tabs.",
            )


def read_variants(
    rows: Iterable[tuple[int, list[str]]], path: Path, columns: Sequence[int]
) -> VariantTable:
    """Variants from split rows; ``columns`` are the indices of CHROM, POS, ID, REF and ALT.

    Raises
    ------
    InputUnreadable
        If a position is not a whole number.
    """
    at_chromosome, at_position, at_name, at_ref, at_alt = columns
    chromosome, position, name, ref, alt = [], [], [], [], []
    for number, fields in rows:
        chromosome.append(intern(fields[at_chromosome]))
        position.append(_whole_number(fields[at_position], path, number))
        name.append(fields[at_name])
        ref.append(intern(fields[at_ref].upper()))
        alt.append(intern(fields[at_alt].upper()))
    texts = [objects(column) for column in (name, ref, alt)]
    return VariantTable(objects(chromosome), np.array(position, np.int64), *texts)


def _whole_number(text: str, path: Path, number: int) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise InputUnreadable(
            f"{path}, line {number}: the position {text!r} is not a whole number",
            "Check the order of the columns.",
        ) from error
