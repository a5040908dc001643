"""The variants of a model, and their alignment with the variants of any file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np

from ..blocks import DosageReader
from ..variants import MISSING, NO_ALLELE, VariantTable, numbered
from .alleles import Match, is_ambiguous, recode
from .match_keys import MatchKeys, Positions
from .matching import (
    ABSENT,
    NOT_FOUND,
    Matching,
    MatchKey,
    ambiguous_to_drop,
    by_id,
    by_position,
    same_alleles,
)
from .monomorphic import with_monomorphic
from .other_build import OtherBuild, other_build
from .report import UNKNOWN_BUILD, HarmonisationReport

REFERENCE = 0
"""The dosage of a genotype that is homozygous for REF."""


class DosageStore(Protocol):
    """A source of dosages of ALT by variant, as an alignment needs it."""

    @property
    def samples(self) -> Sequence[str]:
        """Sample IDs in the order of the columns."""

    def dosages(self, rows: np.ndarray) -> np.ndarray:
        """Dosages of the variants ``rows``: int8 of shape (len(rows), samples)."""


@dataclass(frozen=True)
class Assumed:
    """Genotypes that a file leaves out and that are taken to be homozygous for REF.

    Attributes
    ----------
    variants : ndarray of bool, shape (panel variants,)
        Where genotypes are assumed at all: absent variants and, for ``samples``, missing calls of
        variants that other samples have.
    samples : ndarray of bool, shape (samples,)
        Samples whose missing calls are left out like absent variants, as in a merge of files.
    """

    variants: np.ndarray
    samples: np.ndarray

    def fill(self, dosages: np.ndarray, absent: np.ndarray, present: np.ndarray) -> None:
        """Set what is assumed in dosages of some variants, in place.

        Parameters
        ----------
        dosages : ndarray of int8, shape (variants, samples)
        absent, present : ndarray of bool, shape (variants,)
            Absent variants and those with a row in the file, if genotypes are assumed there.
        """
        dosages[absent] = REFERENCE
        left_out = (dosages == MISSING) & present[:, None] & self.samples
        dosages[left_out] = REFERENCE

    def fill_likelihoods(
        self, likelihoods: np.ndarray, absent: np.ndarray, present: np.ndarray, sample: int
    ) -> None:
        """Set what is assumed in the likelihoods of one sample at all variants, in place.

        Parameters
        ----------
        likelihoods : ndarray of float64, shape (panel variants, 3)
            All equal where the sample is missing.
        absent, present : ndarray of bool, shape (panel variants,)
            Absent variants, and those with a row in the file.
        sample : int
        """
        missing = likelihoods.min(axis=1) == likelihoods.max(axis=1)
        left_out = absent | (missing & present & bool(self.samples[sample]))
        likelihoods[self.variants & left_out] = (1.0, 0.0, 0.0)


@dataclass(frozen=True)
class Alignment:
    """The rows of a file that hold the model's variants, and which of them are swapped.

    Attributes
    ----------
    rows : ndarray of int64, shape (panel variants,)
        Index into the file's variants, or -1 where absent. No row is used twice.
    swapped : ndarray of bool, shape (panel variants,)
        Whether the file's ALT is the model's REF, on either strand.
    absent : ndarray of bool, shape (panel variants,)
        Variants without any record in the file; others without a row have no call, or other
        alleles.
    position : ndarray of int64, shape (panel variants,)
        In the build of the file; 0 where it is not known.
    same_alleles : bool
        Whether the file has the model's REF and ALT, so that REF is that of the genome.
    unread : int
        Variants inside reference blocks that do not say their bases, where REF is in doubt.
    key : "position" or "id"
    settled : bool
        Whether records at the positions of the model alone decide all this.
    report : HarmonisationReport
    other : OtherBuild, optional
        What positions in another build find; None if the model knows one, or IDs are the key.
    assumed : Assumed, optional
        None where absent means unobserved.
    """

    rows: np.ndarray
    swapped: np.ndarray
    absent: np.ndarray
    position: np.ndarray
    same_alleles: bool
    unread: int
    key: MatchKey
    settled: bool
    report: HarmonisationReport
    other: OtherBuild | None = None
    assumed: Assumed | None = None

    def dosages(self, store: DosageStore, start: int, stop: int) -> np.ndarray:
        """Model variants [start, stop) from the store; see ``at``."""
        return self.at(store, slice(start, stop))

    def at(self, store: DosageStore, variants: slice | np.ndarray) -> np.ndarray:
        """Dosages at some model variants from the store, ALT counted as the model does.

        Returns
        -------
        ndarray of int8, shape (variants, samples)
            ``MISSING`` at every variant that the file does not have, unless it is ``assumed``.
        """
        rows, swapped = self.rows[variants], self.swapped[variants]
        present = rows != ABSENT
        out = np.full((len(rows), len(store.samples)), MISSING, dtype=np.int8)
        if present.any():
            out[present] = recode(store.dosages(rows[present]), swapped[present])
        if self.assumed:
            assumed = self.assumed.variants[variants]
            self.assumed.fill(out, assumed & self.absent[variants], assumed & present)
        return out


@dataclass(frozen=True)
class AlignedGenotypes:
    """The genotypes of a store at the variants of a panel, with those that are assumed.

    Attributes
    ----------
    store : DosageReader
    alignment : Alignment
        Of the store's variants.
    """

    store: DosageReader
    alignment: Alignment

    @property
    def samples(self) -> tuple[str, ...]:
        """Sample IDs of the store."""
        return tuple(self.store.samples)

    @property
    def observed(self) -> np.ndarray:
        """Panel variants that the file has, or that are assumed; int64."""
        assumed = self.alignment.assumed
        there = self.alignment.rows != ABSENT
        if assumed:
            there = there | (assumed.variants & self.alignment.absent)
        return np.flatnonzero(there)

    def dosages(
        self, rows: np.ndarray | slice, samples: np.ndarray | slice | None = None
    ) -> np.ndarray:
        """Dosages at panel variants, of all or some samples; int8 (variants, samples)."""
        if samples is None:
            return self.alignment.at(self.store, rows)
        assumed = self.alignment.assumed
        if assumed:
            assumed = replace(assumed, samples=assumed.samples[samples])
        alignment = replace(self.alignment, assumed=assumed)
        return alignment.at(_SomeSamples(self.store, samples), rows)


@dataclass(frozen=True)
class _SomeSamples:
    """Some of the samples of a store."""

    store: DosageReader
    chosen: np.ndarray | slice

    @property
    def samples(self) -> Sequence[str]:
        return list(np.array(self.store.samples, dtype=object)[self.chosen])

    def dosages(self, rows: np.ndarray) -> np.ndarray:
        return self.store.dosages(rows, self.chosen)


@dataclass(frozen=True)
class Panel:
    """The variants of a model, with the frequency of the counted allele at fit time.

    Attributes
    ----------
    variants : VariantTable
        Dosages count ``alt``.
    frequency : ndarray of float64, shape (variants,)
        Of ``alt`` among the samples of the fit.
    build : str or None
        Genome build of the positions, such as "GRCh38".
    lifted : mapping of build to ndarray of int64, shape (variants,)
        Positions in other builds, 0 where not known.
    """

    variants: VariantTable
    frequency: np.ndarray
    build: str | None
    lifted: Mapping[str, np.ndarray] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.variants)

    @property
    def positions(self) -> Positions:
        """Positions by build, that of the model first."""
        own: list[tuple[str | None, np.ndarray]] = [(self.build, self.variants.position)]
        return dict([*own, *self.lifted.items()])

    @property
    def known(self) -> dict[str, int]:
        """Number of variants whose position is known, by build."""
        return {b: int((found > 0).sum()) for b, found in self.positions.items() if b}

    def align(
        self,
        file_variants: VariantTable,
        counts: np.ndarray | None,
        file_build: str | None,
        stated: str | None = None,
    ) -> Alignment:
        """Find the model's variants in a file, by position or by ID.

        Every key is tried on all variants, and one is used for all: positions in the build in
        which they find most variants with compatible alleles, if they find a quarter of the model
        or at least as many as IDs do, otherwise IDs. Declared builds are not used. A key is
        rejected where the alleles of shared variants disagree too often, and positions where the
        rsIDs differ: in a dense file, positions of another build match some variants by chance.
        Differing rsIDs are disregarded where the alleles of a hundred variants or more leave no
        doubt, and IDs find nothing of the kind. If every key is rejected no variant matches.

        A ``chr`` prefix is ignored. IDs are used if they start with "rs" or are unique, unless
        they contain the position (1:12345:A:G). Ambiguous (A/T, C/G) variants are dropped
        unless the whole file has the model's strand (see ``ambiguous_to_drop``).

        Parameters
        ----------
        file_variants : VariantTable
        counts : ndarray of int64, shape (file variants, 4), or None for one call each
            Samples with dosage 0, 1, 2 and missing. A record without any call counts as absent,
            and of two records of a variant the better called is used.
        file_build : str or None
            As the file declares it; reported only.
        stated : str, optional
            The build of the file's positions according to the user. Positions in other builds
            are not used, so none are where the model does not know its variants in this one.
        """
        called = np.ones(len(file_variants)) if counts is None else counts[:, :3].sum(axis=1)
        snps = np.flatnonzero(file_variants.alt != NO_ALLELE)
        every = MatchKeys.search(self.variants, self.positions, file_variants[snps], called[snps])
        keys = every.within(stated)
        chosen = self._with_reference_calls(keys, file_variants, snps, called)
        code = chosen.code if chosen.plausible else np.full(len(self), NOT_FOUND)
        recorded = self._recorded(keys, file_variants, called, code)
        uncalled = (code == NOT_FOUND) & (recorded < Match.MISMATCH)
        dropped = ambiguous_to_drop(self.variants, code, recorded, keys.key == "position")
        matched = (code < Match.MISMATCH) & ~dropped
        rows = np.where(matched, chosen.rows, ABSENT)
        swapped = matched & np.isin(code, [Match.SWAPPED, Match.FLIPPED_SWAPPED])
        outcomes = _outcomes(self.variants, code, dropped, _monomorphic(file_variants, rows))
        report = HarmonisationReport(
            model_variants=len(self),
            file_variants=len(file_variants),
            **_counted(outcomes),
            uncalled=int(uncalled.sum()),
            duplicate=chosen.duplicates if chosen.plausible else 0,
            rsid_conflicts=chosen.conflicts if chosen.plausible else 0.0,
            **_of_keys(keys),
            model_build=self.build,
            known_builds=list(self.known),
            file_build=file_build,
            stated_build=stated,
            detected_build=keys.detected_build(file_variants[snps]),
            chromosomes=_by_chromosome(self.variants.chromosome, outcomes),
        )
        return Alignment(
            rows=rows,
            swapped=swapped,
            absent=(code == NOT_FOUND) & ~uncalled,
            position=self._position(keys),
            same_alleles=same_alleles(self.variants, code),
            unread=chosen.unread,
            key=keys.key,
            settled=keys.settled,
            report=report,
            other=self._other_build(every, keys, stated is not None),
        )

    def _other_build(self, every: MatchKeys, keys: MatchKeys, stated: bool) -> OtherBuild | None:
        """What another build finds; None if variants are matched by ID, in whatever build."""
        if keys.key == "id":
            return None
        return other_build(every, keys.build, self.variants.chromosome, stated)

    def _recorded(
        self, keys: MatchKeys, file: VariantTable, called: np.ndarray, code: np.ndarray
    ) -> np.ndarray:
        """Codes of ``Match`` of all records, those without any call too; int8 (panel variants,)."""
        empty = np.flatnonzero(called == 0)
        model = replace(self.variants, position=self._position(keys))
        search = by_position if keys.key == "position" else by_id
        of_uncalled = search(model, file[empty], called[empty] + 1).code
        return np.where((code == NOT_FOUND) & (of_uncalled < Match.MISMATCH), of_uncalled, code)

    def _position(self, keys: MatchKeys) -> np.ndarray:
        """Positions in the build of the file, as far as it is known."""
        if keys.build in self.positions:
            return self.positions[keys.build]
        return np.zeros(len(self), dtype=np.int64)

    def _with_reference_calls(
        self, keys: MatchKeys, file: VariantTable, snps: np.ndarray, called: np.ndarray
    ) -> Matching:
        """The matching by the chosen key, in rows of the whole file."""
        chosen = keys.chosen
        rows = np.append(snps, ABSENT)[chosen.rows]
        model = replace(self.variants, position=self._position(keys))
        return with_monomorphic(model, file, called, replace(chosen, rows=rows), keys.key)


def _counted(outcomes: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """Number of variants behind each outcome."""
    return {name: int(variants.sum()) for name, variants in outcomes.items()}


def _of_keys(keys: MatchKeys) -> dict[str, Any]:
    """What a report says of the keys that were tried."""
    return {
        "key": keys.key,
        "position_matches": keys.best.compatible,
        "id_matches": keys.ids.compatible,
        "build_matches": {b or UNKNOWN_BUILD: m.compatible for b, m in keys.positions.items()},
        "rejected": [key or UNKNOWN_BUILD for key in keys.rejected],
        "positions_agree": keys.positions_agree,
    }


def _monomorphic(file: VariantTable, rows: np.ndarray) -> np.ndarray:
    """Which rows are there and name no ALT; bool (panel variants,)."""
    single = rows != ABSENT
    single[single] = file.alt[rows[single]] == NO_ALLELE
    return np.asarray(single)


def _outcomes(
    variants: VariantTable, code: np.ndarray, dropped: np.ndarray, single: np.ndarray
) -> dict[str, np.ndarray]:
    """The variants behind each count of a report: bool (variants,) by name."""
    matched = (code < Match.MISMATCH) & ~dropped
    return {
        "matched": matched,
        "same": matched & (code == Match.SAME),
        "swapped": matched & (code == Match.SWAPPED),
        "strand_flipped": matched & (code == Match.FLIPPED),
        "strand_flipped_and_swapped": matched & (code == Match.FLIPPED_SWAPPED),
        "reference_only": single,
        "ambiguous_resolved": matched & is_ambiguous(variants.ref, variants.alt),
        "ambiguous_dropped": dropped,
        "allele_mismatch": code == Match.MISMATCH,
        "absent": code == NOT_FOUND,
    }


def _by_chromosome(
    chromosome: np.ndarray, outcomes: Mapping[str, np.ndarray]
) -> dict[str, dict[str, int]]:
    """Counts per chromosome, in the model's order and by the model's names."""
    codes, names = numbered(chromosome)
    everywhere = {"model_variants": np.ones(len(codes), dtype=bool), **outcomes}
    columns = {
        name: np.bincount(codes[variants], minlength=len(names))
        for name, variants in everywhere.items()
    }
    return {
        str(name): {column: int(n[i]) for column, n in columns.items()}
        for i, name in enumerate(names)
    }
