"""What the variants that a file leaves out mean: unobserved, or homozygous for the reference."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import numpy as np

from ..errors import InputsDisagree, UsageProblem, quoted
from ..genotypes.harmonise.panel import Alignment, DosageStore
from ..genotypes.harmonise.reference_calls import (
    MAX_SHARE,
    ReferenceCalls,
    assume_reference,
    count_reference_calls,
)
from ..genotypes.harmonise.report import HarmonisationReport
from ..genotypes.harmonise.target_regions import TargetRegions
from ..genotypes.variants import VariantTable

log = logging.getLogger(__name__)

MAX_UNREAD = 0.01
"""Of the variants that a file has, how many may lie in reference blocks that cannot be read.

Those that can be read are the others: records of variants, whose calls differ from the genome."""

MEANINGS = ("missing", "reference")

_VARIANTS_ALONE = (
    "Give a gVCF, with INFO END in its blocks, or an all-sites VCF, or --absent reference, with "
    "--targets BED for an exome, to count variants that the file leaves out as homozygous "
    "reference."
)
_UNRELIABLE = (
    "Give a gVCF with PL, or with GT and GQ of 10 or more, in its reference blocks; --var-filter "
    "reads records that a FILTER leaves out."
)
_THINNED = (
    "Merge gVCFs with `bcftools merge --gvcf REFERENCE.fa`, and give gVCFs of low coverage with PL."
)


@dataclass(frozen=True)
class Absent:
    """What absent variants mean, as the user says.

    Attributes
    ----------
    meaning : "missing" or "reference"
    targets : TargetRegions, optional
        The regions in which they mean it.
    """

    meaning: str = "missing"
    targets: TargetRegions | None = None

    @classmethod
    def of(cls, meaning: str, targets: str | None) -> Absent:
        """Check the options and read the regions.

        Raises
        ------
        UsageProblem, InputUnreadable
        """
        if meaning not in MEANINGS:
            raise UsageProblem(f"--absent is {meaning}", f"Give {' or '.join(MEANINGS)}.")
        if targets and meaning == "missing":
            raise UsageProblem(
                "--targets says where absent variants are homozygous reference",
                "Give --absent reference too.",
            )
        return cls(meaning, TargetRegions.read(targets) if targets else None)

    @property
    def as_json(self) -> dict[str, str | None]:
        """The options as the summary has them."""
        return {"absent": self.meaning, "targets": self.targets.path if self.targets else None}

    def said_of(self, report: HarmonisationReport) -> str:
        """How many variants are assumed, in a sentence."""
        within = f", those in the regions of {self.targets.path}" if self.targets else ""
        return (
            f"{report.absent_as_reference:,} absent variants count as homozygous reference{within}."
        )

    def settle(
        self,
        store: DosageStore,
        name: str,
        alignment: Alignment,
        variants: VariantTable,
        frequency: np.ndarray,
    ) -> tuple[Alignment, ReferenceCalls]:
        """The alignment with the genotypes that are assumed.

        Parameters
        ----------
        store : DosageStore
        name : str
            The input as the user gave it, for messages.
        alignment : Alignment
        variants : VariantTable
            Of the model.
        frequency : ndarray of float64, (model variants,)

        Raises
        ------
        InputsDisagree
            If a sample lacks homozygous reference calls, also with those that are assumed, if so
            many are assumed that they cannot all be, or if absent variants are to be reference
            and the file has other REF alleles than the model.
        """
        calls = count_reference_calls(store, alignment, frequency)
        if alignment.unread > MAX_UNREAD * max(alignment.report.matched, 1):
            raise InputsDisagree(
                f"{name} has reference blocks over {alignment.unread:,} variants of the model that "
                "do not say their bases, and its REF is not that of the model at more than 1 % of "
                "the others",
                "Use a model whose REF is that of the genome, or give a VCF with a record, and so "
                "a base, at every site.",
            )
        if self.meaning == "missing":
            _check(store, name, alignment, calls)
            return alignment, calls
        if not alignment.same_alleles:
            raise InputsDisagree(
                f"--absent reference needs the REF and ALT of the model, and {name} has others at "
                "more than 1 % of its variants",
                "Use a model fitted to a VCF, whose REF is that of the reference genome.",
            )
        covered = np.ones(len(variants), dtype=bool)
        if self.targets:
            covered = self.targets.cover(variants.chromosome, alignment.position)
        assumed = assume_reference(alignment, calls.lacking, covered)
        self._check_assumed(store, name, assumed, frequency)
        return assumed, calls

    def _check_assumed(
        self, store: DosageStore, name: str, assumed: Alignment, frequency: np.ndarray
    ) -> None:
        """Refuse genotypes that cannot all be as they are assumed."""
        calls = count_reference_calls(store, assumed, frequency)
        count = assumed.report.absent_as_reference
        absent = assumed.report.absent - assumed.report.uncalled
        if self.targets and count <= MAX_SHARE * absent and calls.lacking.any():
            raise InputsDisagree(
                f"{count:,} of the {absent:,} absent variants of {name} lie in the regions of "
                f"{self.targets.path}, and its samples lack homozygous reference calls",
                "Give the regions of the assay as --targets, in the genome build of the input.",
            )
        invented = np.flatnonzero(calls.invented)
        if count and len(invented):
            worst = int(invented[0])
            raise InputsDisagree(
                f"{name} leaves out {count:,} variants of the model that cannot all be homozygous "
                f"reference: sample {quoted(store.samples[worst])} would have "
                f"{calls.found[0, worst]:,} such calls where about "
                f"{calls.expected[0, worst]:,.0f} are expected",
                "Give --targets BED with the regions that the assay covers, or leave out --absent "
                "reference for an array or a list of variants.",
            )
        _check(store, name, assumed, calls)

    def completed(self, alignment: Alignment, calls: ReferenceCalls) -> Alignment | None:
        """The alignment with all absent variants homozygous for REF.

        None where they need not be: the file has variants at which all samples are, or too few
        are expected, or the user said so already.
        """
        if self.meaning == "reference" or not calls.shared_lacking or not alignment.same_alleles:
            return None
        samples = np.zeros(calls.found.shape[1], dtype=bool)
        return assume_reference(alignment, samples, np.ones(len(alignment.rows), dtype=bool))


def _check(store: DosageStore, name: str, alignment: Alignment, calls: ReferenceCalls) -> None:
    """Refuse samples that lack homozygous reference calls."""
    lacking = np.flatnonzero(calls.lacking | calls.thinned)
    if not len(lacking):
        return
    worst = int(lacking[0])
    of_what = int(np.argmax(calls.expected[:, worst] - calls.found[:, worst]))
    sample = f"sample {quoted(store.samples[worst])}{_and_others(len(lacking) - 1)}"
    counts = (
        f"{calls.found[of_what, worst]:,} where about {calls.expected[of_what, worst]:,.0f} are "
        "expected"
    )
    if calls.unaccounted[worst]:
        raise InputsDisagree(
            f"{name} calls {sample} homozygous reference at too few of its "
            f"{calls.called[worst]:,} variants: {counts}",
            "Check how the genotypes were called: few variants are missing, so reference calls "
            "were not left out.",
        )
    uncalled = alignment.report.uncalled
    if uncalled and 2 * uncalled >= calls.expected_missing[of_what, worst]:
        raise InputsDisagree(
            f"{name} has records over {alignment.report.uncalled:,} variants of the model that "
            "give no call (without GT, of GQ below 10 or DP below 5, or failed by FILTER), and "
            f"lacks homozygous reference calls of {sample}: {counts}",
            _UNRELIABLE,
        )
    if not calls.lacking[worst]:
        raise InputsDisagree(
            f"{name} has lost many homozygous reference calls of {sample}: {counts}, and "
            f"{calls.variants - calls.called[worst]:,} variants of the model are missing, more of "
            "them where such calls are expected",
            _THINNED,
        )
    raise InputsDisagree(
        f"{name} lists the variants of {sample} without homozygous reference calls: {counts}",
        _VARIANTS_ALONE,
    )


def _and_others(number: int) -> str:
    if not number:
        return ""
    return f" and {number:,} other sample{'s' if number > 1 else ''}"


def warn_of_shared_reference(
    name: str, completed: HarmonisationReport, calls: ReferenceCalls, shift: np.ndarray
) -> None:
    """Warn of variants that were left out because all samples are homozygous reference at them.

    Parameters
    ----------
    name : str
        The input as the user gave it, for messages.
    completed : HarmonisationReport
        Of the alignment in which all absent variants are homozygous reference.
    calls : ReferenceCalls
    shift : ndarray of float64, (samples, dims)
        By how many posterior standard deviations coordinates change if they are.
    """
    log.warning(
        "%s has no variant at which all its samples are homozygous reference, and about %.0f are "
        "expected: they seem to have been left out, as in joint calls without all-reference "
        "records. If all %s absent variants are homozygous reference, coordinates change by up to "
        "%.2g posterior standard deviations. Give a file with these records, or --absent "
        "reference.",
        name,
        calls.shared_expected.max(),
        f"{completed.absent_as_reference:,}",
        np.nanmax(shift, initial=0),
    )
