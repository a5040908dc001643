"""The thresholds of quality control."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from ...errors import UsageProblem
from .kinship import SECOND_DEGREE


@dataclass(frozen=True)
class Filters:
    """Thresholds, named as in plink2, with defaults for human data.

    Attributes
    ----------
    maf : float or None
        Lowest minor allele frequency. None: 0.01 and 20 copies of the allele in cohorts of
        500 samples and more, 0.05 in smaller ones.
    geno : float
        Highest share of samples missing at a variant; 1 keeps all.
    mind : float
        Highest share of variants missing in a sample that is fitted on; 1 keeps all.
    hwe : float or None
        Lowest exact Hardy-Weinberg p-value; None for no test, because population
        structure by itself breaks the equilibrium.
    ld_r2, ld_window_kb : float
        Lowest squared correlation at which one of two variants within the window is dropped.
    king_cutoff : float
        Lowest kinship at which one of two samples is left out of the fit; raised where the
        variants are too few to tell such relatives from strangers (``kinship.resolvable``).
    allow_extra_chr : bool
        Take any chromosome names: another species, or contigs.
    ld_regions : bool
        Drop regions of long-range LD of the human build the data are found to be of.
    drop_ambiguous : bool
        Drop A/T and C/G variants.
    """

    maf: float | None = None
    geno: float = 0.02
    mind: float = 0.05
    hwe: float | None = None
    ld_r2: float = 0.1
    ld_window_kb: float = 1000
    king_cutoff: float = SECOND_DEGREE
    allow_extra_chr: bool = False
    ld_regions: bool = True
    drop_ambiguous: bool = True

    def __post_init__(self) -> None:
        highest = {"maf": 0.5, "geno": 1, "mind": 1, "hwe": 1, "ld_r2": 1, "king_cutoff": 0.5}
        for name, top in {**highest, "ld_window_kb": float("inf")}.items():
            value = getattr(self, name)
            if value is not None and not 0 <= value <= top:
                option = "--" + name.replace("_", "-")
                raise UsageProblem(f"{option} is {value}", f"Give a number from 0 to {top}.")

    def as_json(self) -> dict[str, Any]:
        """The thresholds by name."""
        return asdict(self)
