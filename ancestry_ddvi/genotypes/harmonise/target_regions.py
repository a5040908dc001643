"""The regions that an assay covers, from a BED file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from ...errors import InputUnreadable
from ..chromosomes import bare_chromosome
from ..formats.streams import Lines, inflated, open_bytes

_HEADERS = (b"#", b"track", b"browser")
_POSITION = re.compile(rb"[0-9]{1,10}")
_REMEDY = "A BED file has chromosome, start and end, separated by tabs, as assay makers give it."


@dataclass(frozen=True)
class TargetRegions:
    """Regions of a genome, without overlaps.

    Attributes
    ----------
    path : str
        As the user gave it, for messages.
    edges : mapping of str to ndarray of int64, (regions, 2)
        For each chromosome, without a "chr" prefix, starts and ends as in BED, ascending: the
        bases start < position <= end are covered.
    """

    path: str
    edges: Mapping[str, np.ndarray]

    @classmethod
    def read(cls, path: str) -> TargetRegions:
        """Read a BED file, plain or compressed by gzip.

        Raises
        ------
        InputUnreadable
            If it is missing or damaged, has no region, or a line is not a region.
        """
        found: dict[str, list[tuple[int, int]]] = {}
        for chromosome, start, end in _regions(path):
            found.setdefault(bare_chromosome(chromosome), []).append((start, end))
        if not found:
            raise InputUnreadable(f"{path} holds no region", _REMEDY)
        return cls(path, {name: _merged(sorted(regions)) for name, regions in found.items()})

    def cover(self, chromosome: np.ndarray, position: np.ndarray) -> np.ndarray:
        """Which positions are covered; bool (variants,).

        Parameters
        ----------
        chromosome : ndarray of object (str), (variants,)
        position : ndarray of int64, (variants,)
            1-based, in the build of the file.
        """
        names = np.array([bare_chromosome(name) for name in chromosome], dtype=object)
        inside = np.zeros(len(position), dtype=bool)
        for name, edges in self.edges.items():
            here = np.flatnonzero(names == name)
            region = np.searchsorted(edges[:, 0], position[here], side="left") - 1
            inside[here] = (region >= 0) & (position[here] <= edges[region, 1])
        return inside


def _regions(path: str) -> Iterator[tuple[str, int, int]]:
    with open_bytes(path) as handle:
        lines = Lines(inflated(handle, path), path)
        for line in lines:
            if not line.strip() or line.startswith(_HEADERS):
                continue
            columns = re.split(rb"[\t ]+", line.strip())
            if len(columns) < 3 or not all(map(_POSITION.fullmatch, columns[1:3])):
                raise InputUnreadable(
                    f"{path}, line {lines.number}: not a region of a BED file", _REMEDY
                )
            yield columns[0].decode(errors="replace"), int(columns[1]), int(columns[2])


def _merged(regions: list[tuple[int, int]]) -> np.ndarray:
    """Sorted regions with those that touch joined; int64 (regions, 2)."""
    joined: list[list[int]] = []
    for start, end in regions:
        if joined and start <= joined[-1][1]:
            joined[-1][1] = max(end, joined[-1][1])
        else:
            joined.append([start, end])
    return np.array(joined, dtype=np.int64)
