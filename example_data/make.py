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
VARIANTS = 5400
SAMPLES = 25
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


def simulate_all() -> SimulatedCohort:
    """250 samples of ten groups, a child of the first two, and a duplicate of the third."""
    missing = np.full(GROUPS * SAMPLES + 2, 0.003)
    missing[LOW_CALL_RATE] = 0.12
    return simulate(
        SEED,
        POPULATIONS,
        SAMPLES,
        VARIANTS,
        admixed=ADMIXED,
        missing=missing,
        trios=1,
        duplicates=1,
    )


def split(full: SimulatedCohort) -> tuple[SimulatedCohort, SimulatedCohort]:
    """The cohort without the father, and a query of 12 samples at 60 % of the variants."""
    last = SAMPLES * np.arange(1, GROUPS + 1) - 1
    query = np.sort([*last, last[0] - 1, last[-1] - 1])
    cohort = np.setdiff1d(np.arange(len(full.samples)), [*query, FATHER])
    rng = np.random.default_rng(SEED)
    some = np.sort(rng.choice(VARIANTS, VARIANTS * 6 // 10, replace=False))
    swapped = rng.random(len(some)) < 0.2
    return full.select(cohort, np.arange(VARIANTS)), disguise(full.select(query, some), swapped)


def disguise(cohort: SimulatedCohort, swapped: np.ndarray) -> SimulatedCohort:
    """The same genotypes in other notation: ``chr`` prefix, REF and ALT swapped at some."""
    variants = cohort.variants
    other = replace(
        variants,
        chromosome=np.array([f"chr{name}" for name in variants.chromosome], dtype=object),
        ref=np.where(swapped, variants.alt, variants.ref),
        alt=np.where(swapped, variants.ref, variants.alt),
    )
    return replace(cohort, variants=other, dosages=recode(cohort.dosages, swapped))


def write_labels(path: Path, cohort: SimulatedCohort) -> None:
    """Write sample, population and superpopulation, tab-separated."""
    rows = zip(cohort.samples, cohort.population, cohort.superpopulation, strict=True)
    lines = ["sample\tpopulation\tsuperpopulation", *map("\t".join, rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")


def main(folder: Path) -> None:
    """Write all files of the example."""
    cohort, query = split(simulate_all())
    cohort.write_vcf(folder / "cohort.vcf.gz")
    write_plink(folder / "cohort", cohort.samples, [Block(cohort.variants, cohort.dosages)])
    write_labels(folder / "labels.tsv", cohort)
    query.write_vcf(folder / "query.vcf.gz")
    write_labels(folder / "query_labels.tsv", query)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
