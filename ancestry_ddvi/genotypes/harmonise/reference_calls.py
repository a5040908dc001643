"""Whether a file has the homozygous reference calls that the panel's frequencies lead to expect.

A file of variants alone says nothing of the others: they may be homozygous for REF, or not covered.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..blocks import VARIANTS_AT_ONCE
from .panel import Alignment, Assumed, DosageStore

MIN_EXPECTED = 20.0
"""Homozygous reference calls that must be expected before their absence means anything; none by
chance has a probability of e^-20."""

MAX_SHARE = 0.05
"""Share of the expected homozygous reference calls up to which they count as left out."""

MIN_EXPECTED_OF_THINNED = 400.0
"""As ``MIN_EXPECTED``, to say that many of them were lost."""

MAX_SHARE_OF_THINNED = 0.85
"""Share of the expected calls up to which many may have been lost, the population allowed for. In
kgp1092 it is 0.92 to 1.37 with panels of any continental group, on all variants or common ones."""

MIN_SHARE_OF_INVENTED = 1.5
"""Share of the expected calls from which absent variants cannot all be homozygous reference."""

MIN_EXCESS_OF_THINNED = 0.01
"""By how much more often reference is expected at missing variants than at those observed. It is
near 0 where calls are missing whatever the genotype, and was 0.02 to 0.09 where they are not."""

MIN_EXPLAINED = 0.8
"""Share of the lost calls that missing variants must account for."""

CHANCE = 3.0
"""Standard deviations of a count that chance may add to it."""

POPULATION_POWER = 0.8
"""Power of the ratio of homozygous ALT calls that multiplies the share of reference calls."""


@dataclass(frozen=True)
class ReferenceCalls:
    """Homozygous reference calls at the matched variants, and how many are expected.

    A reference is counted in both ways that a file may be written: REF of the file, and REF of
    the model. A file of variants alone has none of one of them.

    Attributes
    ----------
    found : ndarray of int64, (2, samples)
        Calls homozygous for the model's REF, and for the file's.
    expected : ndarray of float64, (2, samples)
        At the observed variants, by Hardy-Weinberg at the frequencies of the panel.
    shared : ndarray of int64, (2,)
        Variants at which all called samples are homozygous for it.
    shared_expected : ndarray of float64, (2,)
        Their expected number if the samples are unrelated; relatives share more.
    alternative : ndarray of int64, (2, samples)
        Calls homozygous for the other allele.
    alternative_expected : ndarray of float64, (2, samples)
        Their expected number among the calls that are not homozygous for the reference.
    called : ndarray of int64, (samples,)
        Observed variants.
    expected_missing : ndarray of float64, (2, samples)
        As ``expected``, at all other variants of the panel.
    variants : int
        Of the panel.
    """

    found: np.ndarray
    expected: np.ndarray
    shared: np.ndarray
    shared_expected: np.ndarray
    alternative: np.ndarray
    alternative_expected: np.ndarray
    called: np.ndarray
    expected_missing: np.ndarray
    variants: int

    @property
    def lacking(self) -> np.ndarray:
        """Samples whose homozygous reference calls were left out; bool (samples,)."""
        return np.asarray(left_out(self.found, self.expected).any(axis=0))

    @property
    def thinned(self) -> np.ndarray:
        """Samples that lost many of their homozygous reference calls, and few others.

        So are gVCFs that were merged as if they were VCFs, and blocks of low quality. A sample
        unlike the panel may have as few, but it has more homozygous ALT calls, and the missing
        variants do not account for it. Bool (samples,).
        """
        missing = self.variants - self.called
        excess = self.expected_missing / np.maximum(missing, 1) - self.expected / np.maximum(
            self.called, 1
        )
        few = self.found * self._population <= MAX_SHARE_OF_THINNED * self.expected
        enough = self.expected >= MIN_EXPECTED_OF_THINNED
        lost = self.expected - self.found
        explained = missing - self.expected_missing >= MIN_EXPLAINED * lost
        thinned = enough & few & (excess > MIN_EXCESS_OF_THINNED) & explained
        return np.asarray(thinned.any(axis=0))

    @property
    def _population(self) -> np.ndarray:
        """What makes reference calls comparable between populations; float64 (2, samples).

        Where a population has fewer of them by nature, calls with ALT are more often homozygous;
        where they are lost, these do not change. Their number is taken as large as chance allows:
        of few variants, some sample of many has few of them.
        """
        most = self.alternative + CHANCE * np.sqrt(self.alternative)
        ratio = most / np.maximum(self.alternative_expected, 1)
        return np.asarray(ratio**POPULATION_POWER)

    @property
    def without_alternative(self) -> np.ndarray:
        """Samples with hardly any call that is not homozygous for the reference; bool (samples,).

        So is a file in which every site was set to reference. The most different human genomes
        have half as many other calls as the panel leads to expect, or more.
        """
        other, expected = self.called - self.found, self.called - self.expected
        return np.asarray(left_out(other, expected).any(axis=0))

    @property
    def unaccounted(self) -> np.ndarray:
        """Samples that lack reference calls and miss too few variants for it; bool (samples,)."""
        left = self.expected > 2 * (self.variants - self.called)
        return np.asarray((left_out(self.found, self.expected) & left).any(axis=0))

    @property
    def invented(self) -> np.ndarray:
        """Samples with far more homozygous reference calls than expected; bool (samples,)."""
        enough = self.expected >= MIN_EXPECTED_OF_THINNED
        return np.asarray((enough & (self.found >= MIN_SHARE_OF_INVENTED * self.expected))[0])

    @property
    def shared_lacking(self) -> bool:
        """Whether the variants at which no sample has the other allele were left out."""
        return bool(left_out(self.shared, self.shared_expected).any())


def left_out(found: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Whether so few are found of so many expected that they were left out; bool, any shape."""
    return (expected >= MIN_EXPECTED) & (found <= MAX_SHARE * expected)


def count_reference_calls(
    store: DosageStore, alignment: Alignment, frequency: np.ndarray
) -> ReferenceCalls:
    """Count the homozygous reference calls of a file.

    Parameters
    ----------
    store : DosageStore
    alignment : Alignment
        Of the store's variants.
    frequency : ndarray of float64, (panel variants,)
        Of ALT.
    """
    samples = len(store.samples)
    found, expected = np.zeros((2, samples), np.int64), np.zeros((2, samples))
    shared, shared_expected = np.zeros(2, np.int64), np.zeros(2)
    alternative, alternative_expected = np.zeros((2, samples), np.int64), np.zeros((2, samples))
    observed, expected_missing = np.zeros(samples, np.int64), np.zeros((2, samples))
    for start in range(0, len(alignment.rows), VARIANTS_AT_ONCE):
        part = slice(start, start + VARIANTS_AT_ONCE)
        dosages = alignment.dosages(store, part.start, part.stop)
        swapped, of_alt = alignment.swapped[part], frequency[part]
        for i, alt_is_ref in enumerate((np.zeros_like(swapped), swapped)):
            homozygous = dosages == np.where(alt_is_ref, 2, 0)[:, None]
            share = np.where(alt_is_ref, of_alt, 1 - of_alt) ** 2
            called = dosages >= 0
            other = 1 - np.sqrt(share)
            alternative[i] += (dosages == np.where(alt_is_ref, 0, 2)[:, None]).sum(axis=0)
            alternative_expected[i] += (other / (2 - other)) @ (called & ~homozygous)
            found[i] += homozygous.sum(axis=0)
            expected[i] += share @ called
            expected_missing[i] += share @ ~called
            calls = called.sum(axis=1)
            shared[i] += ((homozygous.sum(axis=1) == calls) & (calls > 0)).sum()
            shared_expected[i] += (share**calls)[calls > 0].sum()
        observed += called.sum(axis=0)
    return ReferenceCalls(
        found=found,
        expected=expected,
        shared=shared,
        shared_expected=shared_expected,
        alternative=alternative,
        alternative_expected=alternative_expected,
        called=observed,
        expected_missing=expected_missing,
        variants=len(alignment.rows),
    )


def assume_reference(alignment: Alignment, samples: np.ndarray, covered: np.ndarray) -> Alignment:
    """The alignment with absent variants taken to be homozygous for REF.

    Parameters
    ----------
    alignment : Alignment
    samples : ndarray of bool, (samples,)
        Samples without reference calls, whose missing calls are taken so as well.
    covered : ndarray of bool, (panel variants,)
        Variants that the assay covers.
    """
    assumed = int((alignment.absent & covered).sum())
    report = replace(alignment.report, absent_as_reference=assumed)
    return replace(alignment, assumed=Assumed(covered, samples), report=report)
