"""A simulated cohort of any size with its truth, as PLINK 1 files.

usage: simulate.py --samples 16000 --variants 40000 --out cohort [--seed 1] [--relatives 0.003]
                   [--missing 0.004] [--error 0.0005]

Writes cohort.bed, .bim, .fam and the folder cohort.truth: labels, relatives, admixture, expected
F_ST and allele frequencies. The same options give the same bytes.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from ancestry_ddvi.genotypes.simulation.cohort import Design, write_cohort


def main() -> None:
    """Write the cohort."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, required=True)
    parser.add_argument("--variants", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True, help="prefix of the files")
    parser.add_argument("--seed", type=int, default=1)
    for name, text in (
        ("relatives", "pairs of each relation, as a share of the samples"),
        ("missing", "mean rate of missing calls"),
        ("error", "probability that an allele of a call is misread"),
    ):
        default = getattr(Design, name)
        parser.add_argument(f"--{name}", type=float, default=default, help=text)
    given = vars(parser.parse_args())
    out = given.pop("out")
    write_cohort(Design(**given), out)


if __name__ == "__main__":
    main()
