"""Make the inputs of the tests of the wrappers again: ``python make_inputs.py``.

The genotypes are simulated. A model of an older format has to be made again.
"""

from __future__ import annotations

import os
from pathlib import Path
from shutil import copy
from tempfile import TemporaryDirectory

import ancestry_ddvi
import numpy as np
from ancestry_ddvi.genotypes.simulation.populations import simulate

WRAPPERS = Path(__file__).parent / "bio/ddvi-ancestry"
HUMAN = Path(__file__).parents[2] / "example_data/synthetic_human.vcf.gz"
SEED = 3
VARIANTS = 600
SAMPLES = 16
POPULATIONS = {"North": ("North1", "North2"), "South": ("South1", "South2")}
INPUTS = {
    "fit": ["chr1.vcf.gz", "chr2.vcf.gz", "labels.tsv"],
    "embed": ["cohort.ddvi", "query.vcf.gz", "query_labels.tsv", "human.vcf.gz"],
    "assign": ["cohort.ddvi", "query.coords.tsv", "query.pcs.tsv", "human.vcf.gz"],
    "report": ["cohort.ddvi", "query_labels.tsv", "query.*.tsv", "query.*.json"],
}


def simulated() -> None:
    """A cohort in two files, a query of one sample of each population, and labels."""
    full = simulate(SEED, POPULATIONS, SAMPLES, VARIANTS)
    variants = np.arange(VARIANTS)
    in_query = np.arange(len(full.samples)) % SAMPLES == 0
    first = full.variants.chromosome == "1"
    query = full.select(np.flatnonzero(in_query), variants[::2])
    query.write_vcf(Path("query.vcf.gz"))
    for name, part in (("chr1", first), ("chr2", ~first)):
        cohort = full.select(np.flatnonzero(~in_query), variants[part])
        cohort.write_vcf(Path(f"{name}.vcf.gz"))
    for name, of in (("labels.tsv", cohort), ("query_labels.tsv", query)):
        rows = zip(of.samples, of.population, of.superpopulation, strict=True)
        lines = ["sample\tpopulation\tsuperpopulation", *map("\t".join, rows)]
        Path(name).write_text("\n".join(lines) + "\n", encoding="utf-8")


def main() -> None:
    """Write all files, and copy to each test those it reads."""
    with TemporaryDirectory() as folder:
        os.chdir(folder)
        simulated()
        copy(HUMAN, "human.vcf.gz")
        parts = ["chr1.vcf.gz", "chr2.vcf.gz"]
        ancestry_ddvi.fit(parts, labels="labels.tsv", out="cohort", method="pca")
        ancestry_ddvi.assign("cohort.ddvi", ["query.vcf.gz"], out="query")
        for wrapper, names in INPUTS.items():
            for name in names:
                for path in Path().glob(name):
                    copy(path, WRAPPERS / wrapper / "test")


if __name__ == "__main__":
    main()
