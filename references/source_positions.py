"""Where the variants of a recipe are in other genome builds, and their rsIDs."""

from __future__ import annotations

import csv
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from source_cohorts import Cohort, rows_of

UNKNOWN = "0"

log = logging.getLogger("references")


@dataclass(frozen=True)
class Positions:
    """Positions of every variant of a cohort, by build, that of the cohort first."""

    chromosome: list[str]
    columns: dict[str, list[str]]

    def write(self, path: Path) -> Path:
        """Write the table that ``fit --chain`` reads."""
        rows = zip(self.chromosome, *self.columns.values(), strict=True)
        lines = ["\t".join(["chromosome", *self.columns]), *map("\t".join, rows)]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path


def positioned(
    cohort: Cohort, build: str, tables: Mapping[str, str], complete: bool, data: Path
) -> tuple[Cohort, Positions]:
    """The cohort, and the positions of its variants in every build.

    Parameters
    ----------
    cohort : Cohort
    build : str
        Of the cohort.
    tables : mapping of build to str
        A table with a header and the variant ID in the first column, or a .bim file, in ``data``.
    complete : bool
        Leave out variants that have no single position, or other alleles, in one of the builds.
    data : Path
    """
    found = {other: _lookup(data / path, build, other) for other, path in tables.items()}
    if complete:
        rows = [
            i
            for i, v in enumerate(cohort.variants)
            if all(v[1] in known for known in found.values())
        ]
        log.info(
            "%d variants without the same alleles at one position in every build are left out.",
            len(cohort.variants) - len(rows),
        )
        cohort = cohort.at(rows)
    columns = {
        other: [known.get(v[1], UNKNOWN) for v in cohort.variants] for other, known in found.items()
    }
    own = {build: [variant[2] for variant in cohort.variants]}
    return cohort, Positions([variant[0] for variant in cohort.variants], own | columns)


def named(cohort: Cohort, bims: Sequence[Path]) -> Cohort:
    """The cohort with the rsIDs of .bim files of the same build, by position and alleles.

    Other variants keep their IDs.
    """
    known = {
        (c, position, frozenset([a1, a2])): name
        for path in bims
        for c, name, _, position, a1, a2 in rows_of(path)
    }
    variants = [
        (c, known.get((c, position, frozenset([a1, a2])), name), position, a1, a2)
        for c, name, position, a1, a2 in cohort.variants
    ]
    log.info("%d variants have an rsID.", sum(v[1].startswith("rs") for v in variants))
    return replace(cohort, variants=variants)


def _lookup(path: Path, own: str, other: str) -> dict[str, str]:
    """Positions in another build by variant ID, of those with the same alleles there."""
    if path.suffix == ".bim":
        return {name: position for _, name, _, position, *_ in rows_of(path)}
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file, delimiter="\t"))
    cells = [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]
    return {
        row[0]: cell[other]
        for row, cell in zip(rows[1:], cells, strict=True)
        if _same_alleles(cell, own, other)
    }


def _same_alleles(cell: Mapping[str, Any], own: str, other: str) -> bool:
    """Whether a row has the same REF and ALT in both builds, as far as it says."""
    pairs = [(cell.get(f"{a}_{own}"), cell.get(f"{a}_{other}")) for a in ("ref", "alt")]
    return cell.get("strand", "+") == "+" and all(mine == theirs for mine, theirs in pairs)
