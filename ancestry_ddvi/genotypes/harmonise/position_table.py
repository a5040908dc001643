"""Positions of variants in several genome builds, from a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ...errors import InputsDisagree, InputUnreadable, quoted
from ..chromosomes import LENGTHS, autosome
from ..variants import VariantTable
from .positions import UNKNOWN, check_build, shared_targets

CHROMOSOME, STRAND = "chromosome", "strand"
_NO_POSITION = {"", "0", "NA", "."}
_REMEDY = (
    "Give a tab-separated table with a column chromosome and a column of positions for each "
    "genome build, named NCBI36, GRCh37 or GRCh38, that of the cohort first."
)


@dataclass(frozen=True)
class PositionTable:
    """Positions of the same variants in two or three human genome builds.

    Attributes
    ----------
    path : str
        As the user gave it, for messages.
    number : ndarray of int64, (rows,)
        Of the autosome.
    columns : mapping of build to ndarray of int64, (rows,)
        That of the cohort first; ``UNKNOWN`` where a position is not known.
    """

    path: str
    number: np.ndarray
    columns: Mapping[str, np.ndarray]

    @property
    def source(self) -> str:
        """The build of the cohort."""
        return next(iter(self.columns))

    @classmethod
    def parsed(cls, path: str, content: bytes) -> PositionTable:
        """Read a table from its text.

        Columns of other names are ignored, and so are rows that are not on an autosome. A row with
        "-" in a column ``strand`` has positions in no other build: its alleles are others there.

        Raises
        ------
        InputUnreadable
            If it is not UTF-8 text, a column is missing or twice there, a line is of another width
            than the header, or a position is not one of its chromosome in its build.
        """
        try:
            header, *lines = content.decode().removesuffix("\n").split("\n")
        except UnicodeDecodeError:
            raise InputUnreadable(f"{path} is not UTF-8 text", _REMEDY) from None
        names = header.removesuffix("\r").split("\t")
        builds = [name for name in names if name in LENGTHS]
        if names.count(CHROMOSOME) != 1 or len(builds) < 2 or len(set(builds)) < len(builds):
            raise InputUnreadable(
                f"the header of {path} does not have one column {CHROMOSOME} and columns of two "
                "genome builds or more",
                _REMEDY,
            )
        rows = [_cells(path, n, line, len(names)) for n, line in enumerate(lines, start=2)]
        number = autosome(row[names.index(CHROMOSOME)] for row in rows)
        columns = {
            build: _positions(path, build, number, [row[names.index(build)] for row in rows])
            for build in builds
        }
        if STRAND in names:
            same = np.array([row[names.index(STRAND)] != "-" for row in rows], dtype=bool)
            others = {b: np.where(same, columns[b], UNKNOWN) for b in builds[1:]}
            columns |= others
        return cls(path, number, columns)

    def check(self, variants: VariantTable, name: str) -> None:
        """Check that the variants of a file may be in the build of the first column.

        Raises
        ------
        InputsDisagree
            If the variants are of another build, or the table has none of them.
        """
        check_build(self.path, self.source, variants, name)
        if not any((found > 0).any() for found in self.positions(variants).values()):
            raise InputsDisagree(
                f"{self.path} has none of the variants in {name}",
                f"Give their positions in {self.source} in its first column of positions.",
            )

    def positions(self, variants: VariantTable) -> dict[str, np.ndarray]:
        """Positions in the other builds, ``UNKNOWN`` where the table does not give a single one.

        A position is known if every row at the variant's own gives the same one, and no row at
        another.

        Returns
        -------
        dict from build to ndarray of int64, (variants,)
        """
        wanted = autosome(variants.chromosome) << 40 | variants.position
        return {b: self._to(b, wanted) for b in self.columns if b != self.source}

    def _to(self, build: str, wanted: np.ndarray) -> np.ndarray:
        """Positions in a build of sites in the first one, which are chromosome << 40 | position."""
        origin, target = self.columns[self.source], self.columns[build]
        usable = (self.number > 0) & (origin > 0) & (target > 0)
        usable[usable] = ~shared_targets(self.number[usable], origin[usable], target[usable])
        site = self.number[usable] << 40 | origin[usable]
        pairs = np.unique(np.stack([site, target[usable]]), axis=1)
        sites, first, times = np.unique(pairs[0], return_index=True, return_counts=True)
        found = np.where(times == 1, pairs[1][first], UNKNOWN)
        sites, found = np.append(sites, -1), np.append(found, UNKNOWN)
        order = np.argsort(sites)
        at = order[np.searchsorted(sites, wanted, sorter=order).clip(max=len(sites) - 1)]
        return np.where(sites[at] == wanted, found[at], UNKNOWN)


def is_position_table(content: bytes) -> bool:
    """Whether the first line of a file names columns, one of them ``chromosome``."""
    return CHROMOSOME.encode() in content[: content.find(b"\n") + 1].rstrip().split(b"\t")


def _cells(path: str, number: int, line: str, width: int) -> list[str]:
    cells = line.removesuffix("\r").split("\t")
    if len(cells) != width:
        raise InputUnreadable(f"{path}, line {number}: not {width} columns", _REMEDY)
    return cells


def _positions(path: str, build: str, number: np.ndarray, cells: Sequence[str]) -> np.ndarray:
    """Positions on the autosomes ``number``; ``UNKNOWN`` off them and where none is given."""
    found = np.full(len(cells), UNKNOWN, dtype=np.int64)
    for row, (chromosome, cell) in enumerate(zip(number.tolist(), cells, strict=True)):
        if not chromosome or cell in _NO_POSITION:
            continue
        end = LENGTHS[build][chromosome - 1]
        if not (cell.isascii() and cell.isdecimal() and len(cell) < 10 and 0 < int(cell) <= end):
            raise InputUnreadable(
                f"{path}, line {row + 2}: {quoted(cell)} is not a position on chromosome "
                f"{chromosome} of {build}",
                _REMEDY,
            )
        found[row] = int(cell)
    return found
