"""The table of quality control filters, in the order applied, and the record of their options.

A new filter is a module of this package with a function ``keep`` and a row in ``FILTERS``.
"""

from __future__ import annotations

from typing import Any

from ..degrees import SECOND_DEGREE
from .row import Filter, Option, imported

__all__ = ["FILTERS", "Filter", "Filters", "Option"]

FILTERS: dict[str, Filter] = {
    "autosomes": Filter(
        keep=imported("autosomes:keep"),
        keeps="variants on chromosomes 1 to 22, with or without `chr`",
        why="sex chromosomes and mitochondria have another ploidy and another history",
        remedy="Give --allow-extra-chr if these are not human chromosomes",
        options=(
            Option(
                "allow_extra_chr", False, "Keep all chromosomes, for other species and contigs."
            ),
        ),
    ),
    "duplicates": Filter(
        keep=imported("duplicates:keep"),
        keeps="the best called record of a variant",
        why="a variant given twice would count twice",
        remedy="Check whether a file was given twice",
    ),
    "reference-calls": Filter(
        keep=imported("reference_calls:keep"),
        keeps="samples with calls that are homozygous for the reference",
        why="in files that list the variants of each sample, and in a merge of them, absent calls "
        "are mostly homozygous reference, and taking them as missing distorts every frequency; "
        "such samples get the flag `no_reference_calls`",
        remedy="Call the samples jointly, or merge their gVCFs with `bcftools merge --gvcf`",
    ),
    "ambiguous": Filter(
        keep=imported("ambiguous:keep"),
        keeps="all variants; not A/T and C/G if some samples are on the other strand there",
        why="the alleles of A/T and C/G SNPs do not show the strand. Within a file of one strand "
        "that does not matter, and `embed` drops them where a file does not show its strand. In a "
        "merge of arrays it does: such variants then lack heterozygotes that others have",
        remedy="Leave out --drop-ambiguous, or merge files of one strand",
        options=(Option("drop_ambiguous", False, "Drop all A/T and C/G variants."),),
    ),
    "geno": Filter(
        keep=imported("geno:keep"),
        keeps="variants with at most this share of samples missing",
        why="calls are rarely missing at random. Samples with more than 20 % of calls missing "
        "are not counted here, so that a few failed samples do not cost all the variants",
        remedy="Raise --geno",
        options=(
            Option("geno", None, "Largest share of samples missing at a variant.", "SHARE",
                   highest=1, usual=0.02, extra_chr=0.2),
        ),
    ),
    "mind": Filter(
        keep=imported("mind:keep"),
        keeps="samples with at most this share of variants missing",
        why="samples with many missing calls distort the components; they get coordinates with "
        "wider intervals and the flag `low_call_rate`",
        remedy="Raise --mind",
        options=(
            Option(
                "mind", None, "Largest share of variants missing in a sample. Samples above it "
                "are left out of the fit; they get coordinates and a flag.", "SHARE", highest=1,
                usual=0.05, extra_chr=0.3,
            ),
        ),
    ),
    "maf": Filter(
        keep=imported("maf:keep"),
        keeps="variants with at least this minor allele frequency, seen at least once",
        why="rare variants reflect single families, and a variant seen in one sample only that "
        "sample",
        remedy="Lower --maf",
        options=(
            Option(
                "maf", None, "Smallest minor allele frequency of a variant.", "FREQ", highest=0.5,
                unset="0.01 and 20 copies with 500 samples or more, else 0.05",
            ),
        ),
        takes_most=True,
    ),
    "hwe": Filter(
        keep=imported("hwe:keep"),
        keeps="variants with at least this p-value of the exact Hardy-Weinberg test",
        why="structure itself breaks Hardy-Weinberg equilibrium, so a test across populations "
        "removes the variants that distinguish them. Against gross genotyping errors give a tiny "
        "threshold, such as 1e-50",
        remedy="Lower --hwe",
        options=(
            Option(
                "hwe", None, "Smallest exact Hardy-Weinberg p-value of a variant.", "P", highest=1,
                unset="no test, because structure breaks the equilibrium",
            ),
        ),
    ),
    "ld-regions": Filter(
        keep=imported("ld_regions:keep"),
        keeps="variants outside 25 regions of long-range LD of the human genome",
        why="inversions, HLA and the like are correlated over megabases, far beyond any window, "
        "and would make components of their own",
        remedy="Give --no-ld-regions",
        options=(
            Option(
                "ld_regions", True, "Keep the regions of long-range LD in the human genome.",
                flag="--no-ld-regions", extra_chr=False,
            ),
        ),
    ),
    "ld-r2": Filter(
        keep=imported("ld_r2:keep"),
        keeps="one of two variants within the window whose squared correlation is at least this",
        why="correlated variants repeat each other; counting them all makes intervals too narrow "
        "and gives regions of strong linkage too much weight",
        remedy="Raise --ld-r2",
        options=(
            Option(
                "ld_r2", 0.2, "Squared correlation at or above which one of two variants within "
                "the LD window is dropped.", "R2", highest=1,
            ),
            Option("ld_window_kb", 1000.0, "LD window in kb.", "KB"),
        ),
        takes_most=True,
    ),
    "king-cutoff": Filter(
        keep=imported("king_cutoff:keep"),
        keeps="one of two samples whose KING-robust kinship is at least this",
        why="families are the strongest structure there is. The default is second degree. The "
        "others get coordinates and the flag `related`, or `duplicate` from 0.354",
        remedy="Raise --king-cutoff",
        options=(
            Option(
                "king_cutoff", SECOND_DEGREE, "KING-robust kinship at or above which one of two "
                "samples is left out of the fit; it gets coordinates and a flag.", "KINSHIP",
                highest=0.5,
            ),
        ),
    ),
    "maf, unrelated": Filter(
        keep=imported("maf:keep_among_unrelated"),
        keeps="as `maf`, repeated without relatives at the same threshold",
        why="some alleles are carried by the relatives alone",
        remedy="Lower --maf",
    ),
}  # fmt: skip
"""By name, in the order applied. Names are those of plink2 where it has one."""


class Filters:
    """The options of quality control, with defaults for human data; immutable.

    Parameters
    ----------
    **chosen : float, bool or None
        Options of the rows of ``FILTERS`` by name, such as ``Filters(maf=0.01, ld_regions=False)``;
        those not given keep their defaults. docs/filters.md describes them. Each is an
        attribute.

    Raises
    ------
    UsageProblem
        If a threshold is out of range.
    TypeError
        If there is no such option.
    """

    def __init__(self, **chosen: float | bool | None) -> None:
        options = {option.name: option for option in self.options()}
        for name, value in chosen.items():
            if name not in options:
                raise TypeError(f"there is no filter option {name!r} among {', '.join(options)}")
            options[name].check(value)
            if value != options[name].default:
                self.__dict__[name] = value

    @staticmethod
    def options() -> tuple[Option, ...]:
        """The options of all rows of ``FILTERS``."""
        return tuple(option for row in FILTERS.values() for option in row.options)

    def as_json(self) -> dict[str, Any]:
        """All options by name."""
        return {option.name: getattr(self, option.name) for option in self.options()}

    def used(self, name: str) -> Any:
        """The value of an option that its filter takes; None if it depends on the cohort."""
        option = next(each for each in self.options() if each.name == name)
        return option.used(getattr(self, name), bool(self.allow_extra_chr))

    def in_words(self) -> str:
        """All options with the values that are used, or with what these depend on."""
        used = {option: self.used(option.name) for option in self.options()}
        return "; ".join(
            f"{option.name}={option.unset if value is None else value}"
            for option, value in used.items()
        )

    def __getattr__(self, name: str) -> Any:
        """The default of an option that was not chosen, or was chosen to be the default."""
        for option in self.options():
            if option.name == name:
                return option.default
        raise AttributeError(f"there is no filter option {name!r}")

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("Filters cannot be changed")

    def __delattr__(self, name: str) -> None:
        raise AttributeError("Filters cannot be changed")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Filters) and self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        return hash(frozenset(self.__dict__.items()))

    def __repr__(self) -> str:
        return (
            f"Filters({', '.join(f'{name}={value!r}' for name, value in self.as_json().items())})"
        )
