"""Cohorts of PLINK files: read, merge by variant ID, and write."""

from __future__ import annotations

import csv
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

MISSING = -1
_MAGIC = bytes([0x6C, 0x1B, 0x01])
_DOSAGES = np.array([2, MISSING, 1, 0], dtype=np.int8)
"""Copies of A1 of each code of two bits."""

_CODES = np.array([3, 2, 0, 1], dtype=np.uint8)
"""The code of 0, 1, 2 copies and of a missing genotype, which is last."""

log = logging.getLogger("references")


@dataclass(frozen=True)
class Cohort:
    """Genotypes with their variants, samples and labels.

    Attributes
    ----------
    variants : list of tuple
        Chromosome, ID, position, A1 and A2, as text.
    samples : list of tuple
        Family and sample ID.
    dosages : ndarray of int8, (variants, samples)
        Copies of A1, or ``MISSING``.
    levels : tuple of str
        Names of the levels of labels.
    labels : dict from sample ID to tuple of str
    """

    variants: list[tuple[str, ...]]
    samples: list[tuple[str, str]]
    dosages: np.ndarray
    levels: tuple[str, ...]
    labels: dict[str, tuple[str, ...]]

    def at(self, rows: Sequence[int] | np.ndarray) -> Cohort:
        """The same with some of the variants."""
        chosen = [self.variants[i] for i in rows]
        return replace(self, variants=chosen, dosages=self.dosages[rows])

    def write(self, folder: Path, name: str) -> dict[str, Path]:
        """Write PLINK files and a table of labels; their paths."""
        bed = folder / f"{name}.bed"
        codes = _CODES[self.dosages]
        codes = np.pad(codes, ((0, 0), (0, -codes.shape[1] % 4))).reshape(len(codes), -1, 4)
        packed = (codes << np.array([0, 2, 4, 6], dtype=np.uint8)).sum(axis=2, dtype=np.uint8)
        bed.write_bytes(_MAGIC + packed.tobytes())
        _write_rows(
            bed.with_suffix(".bim"), [(c, i, "0", p, a1, a2) for c, i, p, a1, a2 in self.variants]
        )
        _write_rows(bed.with_suffix(".fam"), [(*ids, "0", "0", "0", "-9") for ids in self.samples])
        labels = folder / "labels.tsv"
        rows = [(sample, *self.labels[sample]) for _, sample in self.samples]
        _write_rows(labels, [("sample", *self.levels), *rows])
        return {"genotypes": bed, "labels": labels}


def read_cohort(entry: Mapping[str, Any], data: Path) -> Cohort:
    """The cohort of a recipe's entry: a prefix of PLINK files, a table of labels, other names.

    Parameters
    ----------
    entry : mapping
        ``genotypes``, ``labels``, and ``rename`` from labels of the table to those of the model.
    data : Path
    """
    prefix = data / entry["genotypes"]
    variants = [(c, i, p, a1, a2) for c, i, _, p, a1, a2 in rows_of(Path(f"{prefix}.bim"))]
    samples = [(family, sample) for family, sample, *_ in rows_of(Path(f"{prefix}.fam"))]
    with (data / entry["labels"]).open(encoding="utf-8", newline="") as file:
        (_, *levels), *rows = csv.reader(file, delimiter="\t")
    rename = entry.get("rename", {})
    labels = {sample: tuple(rename.get(cell, cell) for cell in cells) for sample, *cells in rows}
    dosages = _dosages(Path(f"{prefix}.bed"), len(variants), len(samples))
    return Cohort(variants, samples, dosages, tuple(levels), labels)


def merged(cohorts: Sequence[Cohort]) -> Cohort:
    """One cohort: the variants of the first that all have with the same two alleles, by ID.

    Positions and A1 are those of the first. Of a sample in several the first is kept.
    """
    first, *others = cohorts
    for other in others:
        first = _joined(first, other)
    return first


def _joined(first: Cohort, other: Cohort) -> Cohort:
    place = {variant[1]: i for i, variant in enumerate(other.variants)}
    shared = [
        (row, place[variant[1]])
        for row, variant in enumerate(first.variants)
        if variant[1] in place and set(variant[3:]) == set(other.variants[place[variant[1]]][3:])
    ]
    rows, theirs = (list(side) for side in zip(*shared, strict=True))
    first, other = first.at(rows), other.at(theirs)
    known = {sample for _, sample in first.samples}
    new = [i for i, (_, sample) in enumerate(other.samples) if sample not in known]
    log.info(
        "%d of %d samples are in both cohorts and taken from the first; %d variants are in both.",
        len(other.samples) - len(new),
        len(other.samples),
        len(rows),
    )
    swapped = [a[3] != b[3] for a, b in zip(first.variants, other.variants, strict=True)]
    dosages = other.dosages[:, new]
    turn = np.array(swapped)[:, None] & (dosages != MISSING)
    dosages = np.where(turn, 2 - dosages, dosages).astype(np.int8)
    return replace(
        first,
        samples=[*first.samples, *(other.samples[i] for i in new)],
        dosages=np.hstack([first.dosages, dosages]),
        labels={**other.labels, **first.labels},
    )


def _dosages(bed: Path, variants: int, samples: int) -> np.ndarray:
    content = np.frombuffer(bed.read_bytes(), dtype=np.uint8)
    packed = content[len(_MAGIC) :].reshape(variants, -1)
    codes = packed[:, :, None] >> np.array([0, 2, 4, 6], dtype=np.uint8) & 3
    return np.ascontiguousarray(_DOSAGES[codes.reshape(variants, -1)[:, :samples]])


def rows_of(path: Path) -> list[list[str]]:
    """The cells of each line of a file without a header."""
    return [line.split() for line in path.read_text(encoding="utf-8").splitlines()]


def _write_rows(path: Path, rows: Sequence[Sequence[str]]) -> None:
    path.write_text("".join("\t".join(row) + "\n" for row in rows), encoding="utf-8")
