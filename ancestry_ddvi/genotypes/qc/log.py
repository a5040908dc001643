"""The course of quality control: who and what is left after each step, written down."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ...errors import NothingLeft
from ..blocks import Reads
from ..variants import SiteTable
from .counts import by_site

FEWEST_SITES = 100
FEWEST_PEOPLE = 20

_REMEDIES = {
    "autosomes": "Give --allow-extra-chr if these are not human chromosomes",
    "duplicates": "Check whether a file was given twice",
    "ambiguous": "Give --keep-ambiguous",
    "geno": "Raise --geno",
    "mind": "Raise --mind",
    "maf": "Lower --maf",
    "hwe": "Lower --hwe",
    "ld-regions": "Give --no-ld-regions",
    "ld-r2": "Raise --ld-r2",
    "king-cutoff": "Raise --king-cutoff",
    "maf, unrelated": "Lower --maf",
}


class Step(NamedTuple):
    """One row of the table of quality control."""

    name: str
    sites_before: int
    sites_after: int
    samples_before: int
    samples_after: int
    remark: str


class Course:
    """The sites and people still there, and the table of those who went."""

    def __init__(self, store: Reads) -> None:
        self.store = store
        self.rows = np.arange(len(store.sites))
        self.people = np.ones(len(store.samples), dtype=bool)
        self.counts = store.counts()
        self.table: list[Step] = []
        _check_input(len(self.rows), len(self.people))

    @property
    def sites(self) -> SiteTable:
        return self.store.sites[self.rows]

    def keep_sites(self, name: str, keep: np.ndarray, remark: str = "") -> None:
        """Go on with some of the sites."""
        before = len(self.rows)
        self.rows, self.counts = self.rows[keep], self.counts[keep]
        self._note(name, before, int(self.people.sum()), remark)

    def keep_people(self, name: str, keep: np.ndarray, remark: str = "") -> None:
        """Go on with some of the people, and count genotypes among them."""
        before = int(self.people.sum())
        self.people = self.people & keep
        self._note(name, len(self.rows), before, remark)
        if self.people.sum() < before:
            self.counts = by_site(self.store, self.rows, self.people)

    def _note(self, name: str, sites: int, people: int, remark: str) -> None:
        step = Step(name, sites, len(self.rows), people, int(self.people.sum()), remark)
        self.table.append(step)
        for what, before, left, fewest in (
            ("sites", step.sites_before, step.sites_after, FEWEST_SITES),
            ("people", step.samples_before, step.samples_after, FEWEST_PEOPLE),
        ):
            if left < fewest:
                raise NothingLeft(
                    f"The filter {name!r} left {left:,} of {before:,} {what}, "
                    f"fewer than the {fewest} a fit needs",
                    f"{_REMEDIES[name]}, or give more {what}.",
                )


def _check_input(sites: int, people: int) -> None:
    """Refuse a cohort that is too small before any filter."""
    if people == 1:
        raise NothingLeft(
            "The input holds one sample, and fit needs a cohort",
            "Place single samples with embed.",
        )
    if people < FEWEST_PEOPLE:
        raise NothingLeft(
            f"The input holds {people} samples, and a fit needs {FEWEST_PEOPLE}",
            "Give more samples, or place these with embed in a model that exists.",
        )
    if sites < FEWEST_SITES:
        raise NothingLeft(
            f"The input holds {sites} biallelic SNPs, and a fit needs {FEWEST_SITES}",
            "Give more sites.",
        )


def format_table(table: Sequence[Step]) -> str:
    """The table as plain text, one line per step, for a log."""
    lines = [["filter", "sites before", "after", "people before", "after", ""]]
    lines += [[s.name, *(f"{n:,}" for n in s[1:5]), s.remark] for s in table]
    widths = [max(len(line[column]) for line in lines) for column in range(5)]
    return "\n".join(
        "  ".join([line[0].ljust(widths[0]), *map(str.rjust, line[1:5], widths[1:]), line[5]])
        .rstrip()
        for line in lines
    )  # fmt: skip
