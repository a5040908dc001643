"""Simulate the example data: ``python example_data/make.py [FOLDER]``."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from ancestry_ddvi.genotypes.formats.plink import write_plink
from ancestry_ddvi.genotypes.harmonise.alleles import recode
from ancestry_ddvi.genotypes.simulation.populations import SimulatedCohort, simulate
from ancestry_ddvi.genotypes.variants import Block

SEED = 20
SITES = 5400
PEOPLE = 25
POPULATIONS = {
    "North": ("North1", "North2", "North3"),
    "South": ("South1", "South2"),
    "East": ("East1", "East2"),
    "West": ("West1", "West2"),
}
ADMIXED = {"Centre": ("North1", "South1", "East1")}
GROUPS = 10
FATHER = 1
LOW_CALL_RATE = 100


def simulate_everyone() -> SimulatedCohort:
    """250 people of ten groups, a child of the first two, and the third once more."""
    missing = np.full(GROUPS * PEOPLE + 2, 0.003)
    missing[LOW_CALL_RATE] = 0.12
    return simulate(
        SEED, POPULATIONS, PEOPLE, SITES, admixed=ADMIXED, missing=missing, trios=1, duplicates=1
    )


def split(everyone: SimulatedCohort) -> tuple[SimulatedCohort, SimulatedCohort]:
    """The cohort, without the father; and a query of 12 people at 60 % of the sites."""
    last = PEOPLE * np.arange(1, GROUPS + 1) - 1
    query = np.sort([*last, last[0] - 1, last[-1] - 1])
    cohort = np.setdiff1d(np.arange(len(everyone.samples)), [*query, FATHER])
    rng = np.random.default_rng(SEED)
    some = np.sort(rng.choice(SITES, SITES * 6 // 10, replace=False))
    swapped = rng.random(len(some)) < 0.2
    return everyone.select(cohort, np.arange(SITES)), disguise(
        everyone.select(query, some), swapped
    )


def disguise(cohort: SimulatedCohort, swapped: np.ndarray) -> SimulatedCohort:
    """The same genotypes with other names: ``chr`` before, REF and ALT swapped at some sites."""
    sites = cohort.sites
    other = replace(
        sites,
        chromosome=np.array([f"chr{name}" for name in sites.chromosome], dtype=object),
        ref=np.where(swapped, sites.alt, sites.ref),
        alt=np.where(swapped, sites.ref, sites.alt),
    )
    return replace(cohort, sites=other, dosages=recode(cohort.dosages, swapped))


def write_labels(path: Path, cohort: SimulatedCohort) -> None:
    """Write sample, population and superpopulation, tab-separated."""
    rows = zip(cohort.samples, cohort.population, cohort.superpopulation, strict=True)
    lines = ["sample\tpopulation\tsuperpopulation", *map("\t".join, rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")


def main(folder: Path) -> None:
    """Write every file of the example."""
    cohort, query = split(simulate_everyone())
    cohort.write_vcf(folder / "cohort.vcf.gz")
    write_plink(folder / "cohort", cohort.samples, [Block(cohort.sites, cohort.dosages)])
    write_labels(folder / "labels.tsv", cohort)
    query.write_vcf(folder / "query.vcf.gz")
    write_labels(folder / "query_labels.tsv", query)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
